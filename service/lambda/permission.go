package lambda

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

// invokeAction is what other services do with functions.
const invokeAction = "lambda:InvokeFunction"

// maxPolicy is the size of the largest resource policy, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPolicy = 20 << 10

// policyRow is a function's resource policy, or that of a version or an alias.
type policyRow struct {
	Revision   string
	Statements []statement
}

// statement is a permission, with its members in AWS's order.
type statement struct {
	Sid       string
	Effect    string
	Principal any // "*", or a map of kind to name
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// document is the policy as AWS shows it.
func (p policyRow) document() string {
	b, err := json.Marshal(struct {
		Version   string
		Id        string
		Statement []statement
	}{"2012-10-17", "default", p.Statements})
	if err != nil {
		panic(err) // strings alone always encode
	}
	return string(b)
}

var (
	sidRegexp     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	actionRegexp  = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountRegexp = regexp.MustCompile(`^\d{12}$`)
	serviceRegexp = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$|^[a-z0-9-]+\.[a-z0-9.-]+$`)
)

// AddPermission adds a statement to a resource policy.
func (s *Service) AddPermission(ctx context.Context, in *lambda.AddPermissionInput) (*lambda.AddPermissionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	st, err := s.statement(r, in)
	if err != nil {
		return nil, err
	}
	err = s.changePolicy(ctx, r, in.RevisionId, func(p *policyRow) error {
		if slices.ContainsFunc(p.Statements, func(o statement) bool { return o.Sid == st.Sid }) {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
		p.Statements = append(p.Statements, st)
		if len(p.document()) > maxPolicy {
			return fault("PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(p.document()), maxPolicy)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(st)
	return &lambda.AddPermissionOutput{Statement: aws.String(string(b))}, err
}

// statement is the permission that a request asks for.
func (s *Service) statement(r ref, in *lambda.AddPermissionInput) (statement, error) {
	var v constraints
	sid, action, principal := aws.ToString(in.StatementId), aws.ToString(in.Action), aws.ToString(in.Principal)
	if len(sid) > 100 {
		v.fail("statementId", sid, mustBeShort, 100)
	} else if !sidRegexp.MatchString(sid) {
		v.fail("statementId", sid, mustMatch, `([a-zA-Z0-9-_]+)`)
	}
	if !actionRegexp.MatchString(action) {
		v.fail("action", action, mustMatch, `(lambda:[*]|lambda:[a-zA-Z]+|[*])`)
	}
	if in.SourceAccount != nil && !accountRegexp.MatchString(*in.SourceAccount) {
		v.fail("sourceAccount", *in.SourceAccount, mustMatch, `\d{12}`)
	}
	if in.SourceArn != nil && !strings.HasPrefix(*in.SourceArn, "arn:") {
		v.fail("sourceArn", *in.SourceArn, mustMatch, `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
	}
	if err := v.err(); err != nil {
		return statement{}, err
	}
	who, err := principalOf(principal)
	if err != nil {
		return statement{}, err
	}
	if in.FunctionUrlAuthType != "" || in.InvokedViaFunctionUrl != nil {
		return statement{}, errNotSupported("A permission for function URLs")
	}
	return statement{
		Sid: sid, Effect: "Allow", Principal: who, Action: action, Resource: s.arn(r), Condition: conditionsOf(in),
	}, nil
}

func principalOf(p string) (any, error) {
	switch {
	case p == "*":
		return p, nil
	case accountRegexp.MatchString(p):
		return map[string]string{"AWS": "arn:aws:iam::" + p + ":root"}, nil
	case strings.HasPrefix(p, "arn:"):
		return map[string]string{"AWS": p}, nil
	case serviceRegexp.MatchString(p):
		return map[string]string{"Service": p}, nil
	}
	return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
}

func conditionsOf(in *lambda.AddPermissionInput) map[string]map[string]string {
	c := make(map[string]map[string]string)
	add := func(operator, key string, value *string) {
		if value == nil {
			return
		}
		if c[operator] == nil {
			c[operator] = make(map[string]string)
		}
		c[operator][key] = *value
	}
	add("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	add("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	add("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	add("ArnLike", "AWS:SourceArn", in.SourceArn)
	return c
}

// changePolicy changes the policy of what r names, if revision is still its
// own. A policy without statements goes.
func (s *Service) changePolicy(ctx context.Context, r ref, revision *string, change func(*policyRow) error) error {
	if r.Qualifier == latest {
		return invalid("$LATEST cannot have a resource policy of its own; leave the qualifier out.")
	}
	return s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getVersion(tx, r); err != nil {
			return err
		}
		var p policyRow
		tx.GetJSON(policyKey(r), &p)
		if revision != nil && *revision != p.Revision {
			return errRevision("GetPolicy")
		}
		if err := change(&p); err != nil {
			return err
		}
		p.Revision = event.NewID()
		tx.PutJSON(policyKey(r), p)
		if len(p.Statements) == 0 {
			tx.Delete(policyKey(r))
		}
		s.touch(tx, r.Name)
		return nil
	})
}

// RemovePermission removes a statement.
func (s *Service) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput) (*lambda.RemovePermissionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, s.changePolicy(ctx, r, in.RevisionId, func(p *policyRow) error {
		n := len(p.Statements)
		p.Statements = slices.DeleteFunc(p.Statements, func(st statement) bool { return st.Sid == aws.ToString(in.StatementId) })
		if len(p.Statements) == n {
			return fault("ResourceNotFoundException", "Statement %s is not found in resource policy.", aws.ToString(in.StatementId))
		}
		return nil
	})
}

// GetPolicy returns a resource policy.
func (s *Service) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	var p policyRow
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := s.getVersion(tx, r); err != nil {
			return err
		}
		if !tx.GetJSON(policyKey(r), &p) {
			return errNoResource()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(p.document()), RevisionId: aws.String(p.Revision)}, nil
}

// readPolicy reads the policy of what r names as it is judged, nil if it has
// none.
func readPolicy(tx *store.Tx, r ref) (*policy.Document, error) {
	var p policyRow
	if !tx.GetJSON(policyKey(r), &p) {
		return nil, nil
	}
	return policy.Parse(p.document())
}

// permits reports whether the policy lets another service invoke what r names.
// What has no service is the account itself, whose roles need no policy of the
// function.
func (s *Service) permits(p *policy.Document, r ref, from event.Sender) bool {
	return from.Service == "" || policy.Allows(p, from.Service, invokeAction, s.arn(r), map[string]string{
		"aws:SourceArn": from.ARN, "aws:SourceAccount": from.Account,
	})
}
