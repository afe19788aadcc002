package cloudwatch

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/wire"
)

var errRow = errors.New("cloudwatch: malformed row")

// Codes of errors. Those that end in "Exception" or "Fault" are called
// otherwise in the query protocol; see queryErrors.
const (
	codeValue       = "InvalidParameterValueException"
	codeMissing     = "MissingRequiredParameterException"
	codeCombination = "InvalidParameterCombinationException"
	codeValidation  = "ValidationError"
)

// queryErrors are the codes of the query protocol where they are not those of
// the other ones (the awsQueryError traits of the service's model).
func queryErrors() map[string]string {
	return map[string]string{
		codeValue:                    "InvalidParameterValue",
		codeMissing:                  "MissingParameter",
		codeCombination:              "InvalidParameterCombination",
		"DashboardInvalidInputError": "InvalidParameterInput",
		"DashboardNotFoundError":     "ResourceNotFound",
		"InternalServiceFault":       "InternalServiceError",
		"InvalidFormatFault":         "InvalidFormat",
		"LimitExceededFault":         "LimitExceeded",
	}
}

// statuses are the errors' HTTP statuses where they are not 400.
func statuses() map[string]int {
	return map[string]int{
		"ConcurrentModificationException": 429,
		"ConflictException":               409,
		"DashboardNotFoundError":          404,
		"ResourceNotFound":                404,
		"ResourceNotFoundException":       404,
	}
}

// faults are what is wrong with a request. AWS tells all of it at once, a line
// for each; the first one decides about the code.
type faults struct {
	code  string // of all of them, if set
	first string
	found int // how many there are
	texts []string
}

// maxFaults is how many faults are told; a request may hold thousands.
const maxFaults = 50

func (f *faults) add(code, format string, args ...any) {
	if f.found++; f.found == 1 {
		f.first = code
	}
	if len(f.texts) < maxFaults {
		f.texts = append(f.texts, fmt.Sprintf(format, args...))
	}
}

// value says that a parameter's value is none that it takes.
func (f *faults) value(value any, parameter string) {
	f.add(codeValue, "The value %v for parameter %s is invalid.", value, parameter)
}

func (f *faults) required(parameter string) {
	f.add(codeMissing, "The parameter %s is required.", parameter)
}

func (f *faults) exclusive(one, other string) {
	f.add(codeCombination, "The parameters %s and %s are mutually exclusive and you have specified both.", one, other)
}

// size says that a list has more than limit items, if it has.
func (f *faults) size(parameter string, n, limit int) {
	if n > limit {
		f.add(codeValue, "The collection %s must not have a size greater than %d.", parameter, limit)
	}
}

// err is all that was found, or nil.
func (f *faults) err() error {
	if f.found == 0 {
		return nil
	}
	return &wire.Error{Code: cmp.Or(f.code, f.first), Message: strings.Join(f.texts, "\n")}
}

func errNextToken(token string) error {
	return &types.InvalidNextToken{Message: aws.String("The value " + token + " for parameter NextToken is invalid.")}
}
