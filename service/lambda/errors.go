package lambda

import (
	"fmt"
	"strings"

	"github.com/runnel/runnel/wire"
)

// The texts in this file are AWS's own, since clients match on them. Where the
// API reference does not give one, it is what the service was seen to answer.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html

// statuses are the HTTP statuses of errors, from the API's model.
func statuses() map[string]int {
	return map[string]int{
		"ResourceNotFoundException":      404,
		"ResourceConflictException":      409,
		"PreconditionFailedException":    412,
		"RequestEntityTooLargeException": 413,
		"TooManyRequestsException":       429,
	}
}

// fault is an error that the caller caused.
func fault(code, format string, args ...any) *wire.Error {
	e := wire.Errorf(code, format, args...)
	e.Fields = map[string]string{"Type": "User"}
	e.Status = statuses()[code]
	return e
}

func invalid(format string, args ...any) error {
	return fault("InvalidParameterValueException", format, args...)
}

func conflict(format string, args ...any) error {
	return fault("ResourceConflictException", format, args...)
}

func errFunctionNotFound(arn string) error {
	return fault("ResourceNotFoundException", "Function not found: %s", arn)
}

func errAliasNotFound(arn string) error {
	return fault("ResourceNotFoundException", "Cannot find alias arn: %s", arn)
}

func errNoResource() error {
	return fault("ResourceNotFoundException", "The resource you requested does not exist.")
}

// errRevision says that somebody else changed the resource first.
func errRevision(get string) error {
	return fault("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. "+
		"Call the %s API to retrieve the latest Revision Id", get)
}

// errNotSupported names a feature of AWS that Runnel does not have.
func errNotSupported(what string) error {
	return invalid("%s is not supported by Runnel.", what)
}

// errThrottled has one of the reasons in package pace.
func errThrottled(reason string) error {
	e := fault("TooManyRequestsException", "Rate Exceeded.")
	e.Fields["Reason"] = reason
	return e
}

// constraints collects what is wrong with members of a request, which AWS
// reports all at once.
type constraints []string

// Texts of constraints; the arguments are AWS's.
const (
	mustMatch   = "Member must satisfy regular expression pattern: %s"
	mustBeMin   = "Member must have value greater than or equal to %d"
	mustBeMax   = "Member must have value less than or equal to %d"
	mustBeShort = "Member must have length less than or equal to %d"
	mustBeEnum  = "Member must satisfy enum value set: [%s]"
)

func (c *constraints) fail(member string, value any, format string, args ...any) {
	*c = append(*c, fmt.Sprintf("Value '%v' at '%s' failed to satisfy constraint: %s", value, member, fmt.Sprintf(format, args...)))
}

// missing is for a required member that is not there.
func (c *constraints) missing(member string) {
	*c = append(*c, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
}

// within checks a number that may be absent.
func (c *constraints) within(member string, value *int32, low, high int32) {
	switch {
	case value == nil:
	case *value < low:
		c.fail(member, *value, mustBeMin, low)
	case *value > high:
		c.fail(member, *value, mustBeMax, high)
	}
}

// longest checks the length of a string that may be absent.
func (c *constraints) longest(member string, value *string, most int) {
	if value != nil && len([]rune(*value)) > most {
		c.fail(member, *value, mustBeShort, most)
	}
}

func (c constraints) err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return fault("ValidationException", "1 validation error detected: %s", c[0])
	}
	return fault("ValidationException", "%d validation errors detected: %s", len(c), strings.Join(c, "; "))
}
