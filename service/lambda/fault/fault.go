// Package fault is the errors of Lambda. The texts are AWS's own, since clients
// match on them. Where the API reference does not give one, it is what the
// service was seen to answer.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
package fault

import (
	"fmt"
	"strings"

	"github.com/runnel/runnel/wire"
)

// Statuses are the HTTP statuses of errors, from the API's model.
func Statuses() map[string]int {
	return map[string]int{
		"ResourceNotFoundException":      404,
		"ResourceConflictException":      409,
		"PreconditionFailedException":    412,
		"RequestEntityTooLargeException": 413,
		"TooManyRequestsException":       429,
	}
}

// New is an error that the caller caused.
func New(code, format string, args ...any) *wire.Error {
	e := wire.Errorf(code, format, args...)
	e.Fields = map[string]string{"Type": "User"}
	e.Status = Statuses()[code]
	return e
}

// Invalid is a parameter that is well-formed and cannot be.
func Invalid(format string, args ...any) error {
	return New("InvalidParameterValueException", format, args...)
}

// Conflict is a resource that is already there, or in use.
func Conflict(format string, args ...any) error {
	return New("ResourceConflictException", format, args...)
}

// FunctionNotFound has the ARN of a function, a version or an alias.
func FunctionNotFound(arn string) error {
	return New("ResourceNotFoundException", "Function not found: %s", arn)
}

// AliasNotFound is for operations on aliases themselves.
func AliasNotFound(arn string) error {
	return New("ResourceNotFoundException", "Cannot find alias arn: %s", arn)
}

// NoResource is for what has no name of its own in the error.
func NoResource() error {
	return New("ResourceNotFoundException", "The resource you requested does not exist.")
}

// Revision says that somebody else changed the resource first.
func Revision(get string) error {
	return New("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. "+
		"Call the %s API to retrieve the latest Revision Id", get)
}

// NotSupported names a feature of AWS that Runnel does not have.
func NotSupported(what string) error {
	return Invalid("%s is not supported by Runnel.", what)
}

// Throttled has one of the reasons in package pace.
func Throttled(reason string) error {
	e := New("TooManyRequestsException", "Rate Exceeded.")
	e.Fields["Reason"] = reason
	return e
}

// Constraints collects what is wrong with members of a request, which AWS
// reports all at once.
type Constraints []string

// Texts of constraints, for [Constraints.Fail]; the arguments are AWS's.
const (
	MustMatch   = "Member must satisfy regular expression pattern: %s"
	MustBeMin   = "Member must have value greater than or equal to %d"
	MustBeMax   = "Member must have value less than or equal to %d"
	MustBeShort = "Member must have length less than or equal to %d"
	MustBeEnum  = "Member must satisfy enum value set: [%s]"
)

// Fail notes that a member's value breaks a constraint.
func (c *Constraints) Fail(member string, value any, format string, args ...any) {
	*c = append(*c, fmt.Sprintf("Value '%v' at '%s' failed to satisfy constraint: %s", value, member, fmt.Sprintf(format, args...)))
}

// Missing notes a required member that is not there.
func (c *Constraints) Missing(member string) {
	*c = append(*c, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
}

// Within checks a number that may be absent.
func (c *Constraints) Within(member string, value *int32, low, high int32) {
	switch {
	case value == nil:
	case *value < low:
		c.Fail(member, *value, MustBeMin, low)
	case *value > high:
		c.Fail(member, *value, MustBeMax, high)
	}
}

// Longest checks the length of a string that may be absent.
func (c *Constraints) Longest(member string, value *string, most int) {
	if value != nil && len([]rune(*value)) > most {
		c.Fail(member, *value, MustBeShort, most)
	}
}

// Err is all that was noted as one error, nil if nothing was.
func (c Constraints) Err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return New("ValidationException", "1 validation error detected: %s", c[0])
	}
	return New("ValidationException", "%d validation errors detected: %s", len(c), strings.Join(c, "; "))
}
