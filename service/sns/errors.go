package sns

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/wire"
)

// AWS's texts. Most begin with "Invalid parameter: ", whose code is
// InvalidParameter; those about message attributes and batches do not.

func errInvalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String("Invalid parameter: " + fmt.Sprintf(format, args...))}
}

// errMissing says that a parameter that must be there is not.
func errMissing(parameter string) error {
	return errInvalid("%s Reason: no value for required parameter", parameter)
}

// errAttribute is about a message attribute.
func errAttribute(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func errNoTopic() error {
	return &types.NotFoundException{Message: aws.String("Topic does not exist")}
}

func errNoSubscription() error {
	return &types.NotFoundException{Message: aws.String("Subscription does not exist")}
}

func errNoResource() error {
	return &types.ResourceNotFoundException{Message: aws.String("Resource does not exist")}
}

// errNull is how AWS refuses a member of a request that is not there at all.
func errNull(member string) error {
	return wire.Errorf("ValidationError",
		"1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// errDamaged says that rows contradict each other.
var errDamaged = errors.New("sns: malformed row")

// undeliverable reports whether err is a client-side error: the target is not
// there, does not let the topic in, or refuses the message for what it is. SNS
// does not try again
// (https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html).
func undeliverable(err error) bool {
	if errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied) {
		return true
	}
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorFault() != smithy.FaultServer
}
