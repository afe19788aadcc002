package sqs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/wire"
)

// Codes of errors that the SDK has no types for. In the query protocol they
// have no "Exception" behind them; see queryErrors.
const (
	codeInvalidParameter = "InvalidParameterValueException"
	codeMissingParameter = "MissingRequiredParameterException"
)

// queryErrors are the codes of the query protocol where they are not those of
// the JSON protocol (the awsQueryError traits of the service's model). The
// status is 400 throughout.
func queryErrors() map[string]string {
	m := map[string]string{
		codeInvalidParameter: "InvalidParameterValue",
		codeMissingParameter: "MissingParameter",
		"QueueDoesNotExist":  "AWS.SimpleQueueService.NonExistentQueue",
		"QueueNameExists":    "QueueAlreadyExists",
	}
	for _, code := range []string{
		"BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId",
		"MessageNotInflight", "PurgeQueueInProgress", "QueueDeletedRecently",
		"TooManyEntriesInBatchRequest", "UnsupportedOperation",
	} {
		m[code] = "AWS.SimpleQueueService." + code
	}
	return m
}

func errNoQueue() error {
	return &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
}

func errMissing(parameter string) error {
	return wire.Errorf(codeMissingParameter, "The request must contain the parameter %s.", parameter)
}

// errValue says that a value is not what its parameter takes.
func errValue(value any, parameter, reason string, args ...any) error {
	return wire.Errorf(codeInvalidParameter, "Value %v for parameter %s is invalid. Reason: %s",
		value, parameter, fmt.Sprintf(reason, args...))
}

func errInvalid(format string, args ...any) error {
	return wire.Errorf(codeInvalidParameter, format, args...)
}

func errAttributeName(name string) error {
	return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + name + ".")}
}

func errAttributeValue(name string) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ".")}
}

func errAttributeReason(name, reason string) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ". Reason: " + reason)}
}

func errUnsupported(format string, args ...any) error {
	return &types.UnsupportedOperation{Message: aws.String(fmt.Sprintf(format, args...))}
}

func errReceipt(handle string) error {
	return &types.ReceiptHandleIsInvalid{Message: aws.String(fmt.Sprintf(
		"The input receipt handle %q is not a valid receipt handle.", handle))}
}

func errReceiptQueue(handle string) error {
	return &types.ReceiptHandleIsInvalid{Message: aws.String(fmt.Sprintf(
		"The receipt handle %q is not valid for this queue.", handle))}
}

func errNotInFlight() error {
	return &types.MessageNotInflight{Message: aws.String("The specified message isn't in flight.")}
}

// entryError is err as the answer to one entry of a batch, or false if it is
// not the entry's fault.
func entryError(id *string, err error) (types.BatchResultErrorEntry, bool) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return types.BatchResultErrorEntry{}, false
	}
	code := api.ErrorCode()
	if former, ok := queryErrors()[code]; ok {
		code = former
	}
	return types.BatchResultErrorEntry{
		Id:          id,
		Code:        aws.String(code),
		Message:     aws.String(api.ErrorMessage()),
		SenderFault: api.ErrorFault() != smithy.FaultServer,
	}, true
}

// joined is a list in AWS's way of writing one in a text.
func joined(list []string) string { return "[" + strings.Join(list, ", ") + "]" }
