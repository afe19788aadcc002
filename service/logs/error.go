package logs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The texts are those of CloudWatch Logs where they are known; those that name
// Runnel are its own.

func errNoGroup() error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified log group does not exist.")}
}

func errNoStream() error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified log stream does not exist.")}
}

func errGroupExists() error {
	return &types.ResourceAlreadyExistsException{Message: aws.String("The specified log group already exists")}
}

func errStreamExists() error {
	return &types.ResourceAlreadyExistsException{Message: aws.String("The specified log stream already exists")}
}

func errParameter(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func errToken() error { return errParameter("The specified nextToken is invalid.") }

// errConstraint is the text with which AWS refuses a value by its model.
func errConstraint(value any, at, constraint string) error {
	return errParameter("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, at, constraint)
}
