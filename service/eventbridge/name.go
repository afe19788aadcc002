package eventbridge

import (
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// defaultBus is the bus that every account has.
const defaultBus = "default"

// Forms of names, as the service's model has them.
const (
	ruleName = `[\.\-_A-Za-z0-9]+`
	busName  = `[/\.\-_A-Za-z0-9]+`

	maxRuleName = 64
	maxBusName  = 256
)

// checkText reports that a required text is missing or has no form of AWS's;
// at is its place in the request, such as "name".
func checkText(value *string, at, form, extra string, most int) error {
	switch {
	case value == nil:
		return errConstraint("null", at, "Member must not be null")
	case *value == "":
		return errConstraint("", at, "Member must have length greater than or equal to 1")
	case utf8.RuneCountInString(*value) > most:
		return errConstraint(*value, at, "Member must have length less than or equal to "+itoa(most))
	}
	for _, c := range *value {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._-"+extra, c)) {
			return errConstraint(*value, at, "Member must satisfy regular expression pattern: "+form)
		}
	}
	return nil
}

func checkRuleName(name *string, at string) error {
	return checkText(name, at, ruleName, "", maxRuleName)
}

// checkLength reports that an optional text is too long.
func checkLength(value *string, at string, most int) error {
	if value != nil && utf8.RuneCountInString(*value) > most {
		return errConstraint(*value, at, "Member must have length less than or equal to "+itoa(most))
	}
	return nil
}

// busOf is the name of a bus that a request gives by name, by ARN or not at all.
func (s *Service) busOf(nameOrARN *string, at string) (string, error) {
	if nameOrARN == nil {
		return defaultBus, nil
	}
	name := *nameOrARN
	if strings.HasPrefix(name, "arn:") {
		a, err := arn.Parse(name)
		bus, ok := strings.CutPrefix(a.Resource, "event-bus/")
		if err != nil || !ok || a.Service != "events" {
			return "", errParameter(name, "Provided Arn is not in correct format.")
		}
		if a.AccountID != s.cfg.Account || a.Region != s.cfg.Region {
			return "", errNoBus(bus)
		}
		name = bus
	}
	return name, checkText(&name, at, busName, "/", maxBusName)
}

func (s *Service) arn(resource string) string {
	return arn.ARN{Partition: "aws", Service: "events", Region: s.cfg.Region, AccountID: s.cfg.Account, Resource: resource}.String()
}

func (s *Service) busARN(name string) string { return s.arn("event-bus/" + name) }

// ruleARN names the bus only if it is not the default one.
func (s *Service) ruleARN(bus, rule string) string {
	if bus == defaultBus {
		return s.arn("rule/" + rule)
	}
	return s.arn("rule/" + bus + "/" + rule)
}

// optional is nil for what an answer leaves out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return aws.String(text)
}
