package apigateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// The texts are those that API Gateway answers with, except those of
// errNotSupported, which API Gateway has no cause for.

func errBadRequest(format string, args ...any) error {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return &types.BadRequestException{Message: &format}
}

func errNotFound(text string) error { return &types.NotFoundException{Message: &text} }

func errConflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// errNotSupported refuses what API Gateway has and Runnel does not.
func errNotSupported(what string) error { return errBadRequest("%s is not supported by Runnel", what) }

func (s *Service) errNoAPI(id string) error {
	return errNotFound("Invalid API identifier specified " + s.cfg.Account + ":" + id)
}

func errNoResource() error    { return errNotFound("Invalid Resource identifier specified") }
func errNoMethod() error      { return errNotFound("Invalid Method identifier specified") }
func errNoIntegration() error { return errNotFound("Invalid Integration identifier specified") }
func errNoStatus() error      { return errNotFound("Invalid Response status code specified") }
func errNoDeployment() error  { return errNotFound("Invalid Deployment identifier specified") }
func errNoStage() error       { return errNotFound("Invalid stage identifier specified") }
func errNoModel(name string) error {
	return errNotFound("Invalid model name specified: " + name)
}
func errNoValidator() error { return errNotFound("Invalid Request Validator identifier specified") }
func errMapping(expression string) error {
	return errBadRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: %s]", expression)
}

// checkEnum refuses a value that is not one of the model's.
func checkEnum[E ~string](value E, member string, values []E) error {
	if slices.Contains(values, value) {
		return nil
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return errBadRequest("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		value, member, strings.Join(texts, ", "))
}
