package iam

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/runnel/runnel/event/policy"
)

// checkTrust refuses a trust policy that is malformed.
func checkTrust(doc string) error {
	d, err := policy.Parse(doc)
	if err != nil {
		return errMalformed("This policy contains invalid Json or the policy is not valid: %v", err)
	}
	for _, s := range d.Statements {
		if !s.Resource.Any {
			return errMalformed("Has prohibited field Resource")
		}
		for _, a := range s.Action.List {
			if !strings.HasPrefix(strings.ToLower(a), "sts:") && a != "*" {
				return errMalformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
	}
	return nil
}

// identityStatement is a statement of a policy that is attached to a role.
type identityStatement struct {
	Effect            string
	Action, NotAction json.RawMessage
	Resource          json.RawMessage
	NotResource       json.RawMessage
	Principal         json.RawMessage
	NotPrincipal      json.RawMessage
	Condition         map[string]map[string]any
}

// checkIdentity refuses a policy for roles that is malformed, with the texts
// that IAM has for each fault.
func checkIdentity(doc string) error {
	var d struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		return errMalformed("Syntax errors in policy.")
	}
	if d.Version != "" && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
		return errMalformed("The policy must contain a valid version string")
	}
	statements, err := statementsOf(d.Statement)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

// statementsOf reads one statement or a list of them.
func statementsOf(raw json.RawMessage) ([]identityStatement, error) {
	var list []identityStatement
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		raw = []byte("[" + string(raw) + "]")
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, errMalformed("Syntax errors in policy.")
	}
	return list, nil
}

func (s identityStatement) check() error {
	actions := slices.Concat(stringsOf(s.Action), stringsOf(s.NotAction))
	resources := slices.Concat(stringsOf(s.Resource), stringsOf(s.NotResource))
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return errMalformed("Syntax errors in policy.")
	case s.Principal != nil || s.NotPrincipal != nil:
		return errMalformed("Policy document should not specify a principal.")
	case (s.Action == nil) == (s.NotAction == nil) || len(actions) == 0:
		return errMalformed("Policy statement must contain actions.")
	case (s.Resource == nil) == (s.NotResource == nil) || len(resources) == 0:
		return errMalformed("Policy statement must contain resources.")
	}
	for _, a := range actions {
		if a != "*" && !strings.Contains(a, ":") {
			return errMalformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	for _, r := range resources {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return errMalformed("Resource %s must be in ARN format or \"*\".", r)
		}
	}
	return nil
}

// stringsOf reads a string or a list of strings; anything else has none.
func stringsOf(raw json.RawMessage) (list []string) {
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	return nil
}
