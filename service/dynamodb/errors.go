package dynamodb

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/wire"
)

// invalid is a ValidationException.
func invalid(format string, args ...any) error {
	return &wire.Error{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// invalidParameter is a ValidationException about the value of a parameter.
func invalidParameter(format string, args ...any) error {
	return invalid("One or more parameter values were invalid: "+format, args...)
}

// asInvalid makes a ValidationException of an error of package attr or expr,
// whose texts are for the client.
func asInvalid(err error) error {
	var own *wire.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return invalid("%s", err)
}

// enveloped is [asInvalid] as PutItem, UpdateItem and DeleteItem report what is
// wrong with a request whatever its table.
func enveloped(err error) error {
	var own *wire.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return invalid("1 validation error detected: %s", own.Message)
	}
	return invalid("1 validation error detected: %s", err)
}

// unsupported is the answer to a parameter that asks for what is not here.
func unsupported(parameter, what string) error {
	return invalidParameter("%s is not supported: Runnel has no %s", parameter, what)
}

// errTable is what operations on items answer for a table that is not there.
func errTable() error {
	return &types.ResourceNotFoundException{Message: aws.String("Requested resource not found")}
}

// errNoTable is what operations on tables answer.
func errNoTable(name string) error {
	return &types.ResourceNotFoundException{Message: aws.String("Requested resource not found: Table: " + name + " not found")}
}

var (
	errKeySchema = invalid("The provided key element does not match the schema")
	errDuplicate = invalid("Provided list of item keys contains duplicates")
	errItemSize  = invalid("Item size has exceeded the maximum allowed size")
	errNewSize   = invalid("Item size to update has exceeded the maximum allowed size")
)
