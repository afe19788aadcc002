package lambda

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/fault"
)

const latest = "$LATEST"

// Limits of names, in characters: alone, and in an ARN with a qualifier.
const (
	maxName = 64
	maxARN  = 256
)

// Patterns of the API's model; error texts quote them.
const (
	namePattern      = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	qualifierPattern = `(|[a-zA-Z0-9$_-]+)`
	aliasPattern     = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`
)

var (
	nameRegexp      = regexp.MustCompile(`^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$`)
	qualifierRegexp = regexp.MustCompile(`^[a-zA-Z0-9$_-]*$`)
	aliasRegexp     = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	numberRegexp    = regexp.MustCompile(`^[0-9]+$`)
)

// ref is a function as a request names it, perhaps with a version or an alias.
type ref struct{ Name, Qualifier string }

// ref reads the FunctionName and the Qualifier of a request. The name may be a
// name, a partial ARN (ACCOUNT:function:NAME) or an ARN, each with a qualifier.
func (s *Service) ref(functionName, qualifier *string) (ref, error) {
	name, q := aws.ToString(functionName), aws.ToString(qualifier)
	m := nameRegexp.FindStringSubmatch(name)
	var c fault.Constraints
	switch {
	case functionName == nil:
		c.Missing("functionName")
	case m == nil:
		c.Fail("functionName", name, fault.MustMatch, namePattern)
	case len(m[3]) > maxName && len(name) <= maxARN:
		c.Fail("functionName", name, fault.MustBeShort, maxName)
	case len(name) > maxARN:
		c.Fail("functionName", name, fault.MustBeShort, maxARN)
	}
	if len(q) > 128 {
		c.Fail("qualifier", q, fault.MustBeShort, 128)
	} else if !qualifierRegexp.MatchString(q) {
		c.Fail("qualifier", q, fault.MustMatch, qualifierPattern)
	}
	if err := c.Err(); err != nil {
		return ref{}, err
	}
	region, account, own := m[1], m[2], m[4]
	if region != "" && region != s.cfg.Region {
		return ref{}, fault.New("ResourceNotFoundException", "Functions from '%s' are not reachable in this region ('%s')", region, s.cfg.Region)
	}
	if account != "" && account != s.cfg.Account {
		return ref{}, fault.FunctionNotFound(name)
	}
	if q != "" && own != "" && q != own {
		return ref{}, fault.Invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if q == "" {
		q = own
	}
	return ref{m[3], q}, nil
}

// unqualified is ref for operations that take no version.
func (s *Service) unqualified(functionName *string) (string, error) {
	r, err := s.ref(functionName, nil)
	if err == nil && r.Qualifier != "" && r.Qualifier != latest {
		err = fault.Invalid("The function name cannot contain a qualifier: %s", r.Qualifier)
	}
	return r.Name, err
}

// refOf reads a function's ARN.
func refOf(a event.ARN) (ref, bool) {
	rest, ok := strings.CutPrefix(a.Resource, "function:")
	if !ok || a.Service != "lambda" {
		return ref{}, false
	}
	name, q, _ := strings.Cut(rest, ":")
	return ref{name, q}, name != "" && !strings.Contains(q, ":")
}

// arn is the ARN of what r names, with the qualifier if there is one.
func (s *Service) arn(r ref) string {
	resource := "function:" + r.Name
	if r.Qualifier != "" {
		resource += ":" + r.Qualifier
	}
	return arn.ARN{Partition: "aws", Service: "lambda", Region: s.cfg.Region, AccountID: s.cfg.Account, Resource: resource}.String()
}
