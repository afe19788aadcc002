package apigateway

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/refuse"
)

// The texts are those that API Gateway answers with.

func errNotFound(text string) error { return &types.NotFoundException{Message: &text} }

func errConflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

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
	return refuse.BadRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: %s]", expression)
}
