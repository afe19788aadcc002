package cloudformation

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/wire"
)

// invalid is a ValidationError, which most refusals of CloudFormation are.
func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", "%s", fmt.Sprintf(format, args...))
}

// noStack is the text of operations that read; those that write say noSuchStack.
func noStack(name string) error { return invalid("Stack with id %s does not exist", name) }

func noSuchStack(name string) error { return invalid("Stack [%s] does not exist", name) }

func stackExists(name string) error {
	text := fmt.Sprintf("Stack [%s] already exists", name)
	return &types.AlreadyExistsException{Message: &text}
}

func noChangeSet(name string) error {
	text := fmt.Sprintf("ChangeSet [%s] does not exist", name)
	return &types.ChangeSetNotFoundException{Message: &text}
}

func needs(capability string) error {
	text := "Requires capabilities : [" + capability + "]"
	return &types.InsufficientCapabilitiesException{Message: &text}
}

// refusal turns an error of the template into a ValidationError.
func refusal(err error) error {
	var t *template.Error
	if errors.As(err, &t) {
		return invalid("%s", t.Message)
	}
	return err
}

// reason words a failed step as CloudFormation does in an event.
func reason(err error, token string) string {
	var property *resource.PropertyError
	if errors.As(err, &property) {
		return property.Message
	}
	var t *template.Error
	if errors.As(err, &t) {
		return t.Message
	}
	if token == "" {
		token = event.NewID()
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: InternalFailure)", err.Error(), token)
	}
	status, service, id := 0, "", ""
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status, id = response.HTTPStatusCode(), response.ServiceRequestID()
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		service = operation.Service()
	}
	return fmt.Sprintf("Resource handler returned message: \"%s (Service: %s, Status Code: %d, Request ID: %s)\" (RequestToken: %s, HandlerErrorCode: %s)",
		api.ErrorMessage(), service, status, id, token, handlerCode(status, api.ErrorCode()))
}

// handlerCode is how CloudFormation classes the errors of services.
func handlerCode(status int, code string) string {
	switch {
	case code == "ResourceConflictException" || code == "EntityAlreadyExists" || code == "ResourceAlreadyExistsException" ||
		code == "BucketAlreadyOwnedByYou" || code == "BucketAlreadyExists" || code == "QueueAlreadyExists":
		return "AlreadyExists"
	case status == http.StatusNotFound:
		return "NotFound"
	case status == http.StatusForbidden:
		return "AccessDenied"
	case status == http.StatusTooManyRequests:
		return "Throttling"
	case status >= http.StatusInternalServerError:
		return "ServiceInternalError"
	}
	return "InvalidRequest"
}
