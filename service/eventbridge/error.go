package eventbridge

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/wire"
)

// The texts are those of EventBridge where they are known; those that name
// Runnel are its own.

// errValidation is the error that the SDK has no type for.
func errValidation(format string, args ...any) error {
	return wire.Errorf("ValidationException", "%s", fmt.Sprintf(format, args...))
}

// errConstraint is the text with which AWS refuses a value by its model.
func errConstraint(value any, at, constraint string) error {
	return errValidation("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, at, constraint)
}

func errParameter(name, reason string) error {
	return errValidation("Parameter %s is not valid. Reason: %s", name, reason)
}

func errUnsupported(what string) error { return errValidation("%s is not supported by Runnel.", what) }

func errNoBus(name string) error {
	return &types.ResourceNotFoundException{Message: aws.String("Event bus " + name + " does not exist.")}
}

func errNoRule(name, bus string) error {
	return &types.ResourceNotFoundException{Message: aws.String("Rule " + name + " does not exist on EventBus " + bus + ".")}
}

func errBusExists(name string) error {
	return &types.ResourceAlreadyExistsException{Message: aws.String("Event bus " + name + " already exists.")}
}

func errLimit() error {
	return &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
}

func errPattern(err error) error {
	return &types.InvalidEventPatternException{Message: aws.String("Event pattern is not valid. Reason: " + err.Error())}
}

func errPolicyLength() error {
	return &types.PolicyLengthExceededException{Message: aws.String("The policy length exceeded the limit of 10240.")}
}
