package resource

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// methodTypes are what answers a request to a path of an API.
func methodTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::ApiGateway::Method": {
			Properties: properties(`HttpMethod! ResourceId! RestApiId! ApiKeyRequired AuthorizationScopes AuthorizationType
				AuthorizerId Integration MethodResponses OperationName RequestModels RequestParameters RequestValidatorId`),
			Required: []string{"HttpMethod", "ResourceId", "RestApiId"}, Anonymous: true,
			Exists: methodExists, Create: putMethod, Configure: integrate, Delete: deleteMethod,
			Update: func(ctx context.Context, c *Call) error {
				if err := deleteMethod(ctx, c); err != nil {
					return err
				}
				return putMethod(ctx, c)
			},
		},
		"AWS::ApiGateway::GatewayResponse": {
			Properties: properties("ResponseType! RestApiId! StatusCode ResponseParameters ResponseTemplates"),
			Required:   []string{"ResponseType", "RestApiId"}, Attributes: []string{"Id"}, Anonymous: true,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; c.set("Id", c.Name); return nil },
			Configure: putGatewayResponse, Delete: deleteGatewayResponse,
		},
		"AWS::ApiGateway::RequestValidator": {
			Properties: properties("RestApiId! Name! ValidateRequestBody ValidateRequestParameters"),
			Required:   []string{"RestApiId"}, Attributes: []string{"RequestValidatorId"},
			Exists: validatorExists, Create: createValidator, Delete: deleteValidator,
			Update: updateValidator,
		},
	}
}

func (c *Call) methodKey() (api, path, method *string) {
	return aws.String(c.text("RestApiId")), aws.String(c.text("ResourceId")), aws.String(strings.ToUpper(c.text("HttpMethod")))
}

func methodExists(ctx context.Context, c *Call) (bool, error) {
	api, path, method := c.methodKey()
	_, err := c.APIGateway.GetMethod(ctx, &apigateway.GetMethodInput{RestApiId: api, ResourceId: path, HttpMethod: method})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
	}
	return ok, err
}

func putMethod(ctx context.Context, c *Call) error {
	in := &apigateway.PutMethodInput{AuthorizationType: aws.String("NONE")}
	err := assign(in, pick(c.Props, "HttpMethod", "ResourceId", "RestApiId", "ApiKeyRequired", "AuthorizationScopes",
		"AuthorizationType", "AuthorizerId", "OperationName", "RequestModels", "RequestParameters", "RequestValidatorId"), c.Logical)
	if err != nil {
		return err
	}
	if _, err = c.APIGateway.PutMethod(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	return nil
}

// integrate puts the responses and the integration of a method.
func integrate(ctx context.Context, c *Call) error {
	key := pick(c.Props, "HttpMethod", "ResourceId", "RestApiId")
	responses, _ := c.Props["MethodResponses"].([]any)
	for _, r := range responses {
		in := &apigateway.PutMethodResponseInput{}
		if err := assignAll(in, c.Logical, key, object(r)); err != nil {
			return err
		}
		if _, err := c.APIGateway.PutMethodResponse(ctx, in); err != nil && !isCode(err, "ConflictException") {
			return err
		}
	}
	integration := object(c.Props["Integration"])
	if integration == nil {
		return nil
	}
	in := &apigateway.PutIntegrationInput{}
	own := map[string]any{}
	for name, v := range integration {
		if name != "IntegrationResponses" {
			own[name] = v
		}
	}
	if err := assignAll(in, c.Logical+"/Integration", key, own); err != nil {
		return err
	}
	if _, err := c.APIGateway.PutIntegration(ctx, in); err != nil {
		return err
	}
	answers, _ := integration["IntegrationResponses"].([]any)
	for _, r := range answers {
		in := &apigateway.PutIntegrationResponseInput{}
		if err := assignAll(in, c.Logical+"/Integration/IntegrationResponses", key, object(r)); err != nil {
			return err
		}
		if _, err := c.APIGateway.PutIntegrationResponse(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// assignAll fills an input from several maps of properties.
func assignAll(in any, at string, parts ...map[string]any) error {
	for _, props := range parts {
		if err := assign(in, props, at); err != nil {
			return err
		}
	}
	return nil
}

func deleteMethod(ctx context.Context, c *Call) error {
	api, path, method := c.methodKey()
	_, err := c.APIGateway.DeleteMethod(ctx, &apigateway.DeleteMethodInput{RestApiId: api, ResourceId: path, HttpMethod: method})
	return gone(err)
}

func validatorExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.APIGateway.GetRequestValidators(ctx, &apigateway.GetRequestValidatorsInput{
		RestApiId: aws.String(c.text("RestApiId")), Limit: aws.Int32(500)})
	if ok, err := found(err); !ok {
		return false, err
	}
	for _, v := range out.Items {
		if aws.ToString(v.Name) == c.validatorName() {
			c.validator(v.Id)
			return true, nil
		}
	}
	return false, nil
}

func (c *Call) validatorName() string {
	if name := c.text("Name"); name != "" {
		return name
	}
	return c.Logical
}

func (c *Call) validator(id *string) {
	c.ID = aws.ToString(id)
	c.set("RequestValidatorId", c.ID)
}

func createValidator(ctx context.Context, c *Call) error {
	in := &apigateway.CreateRequestValidatorInput{Name: aws.String(c.validatorName())}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	out, err := c.APIGateway.CreateRequestValidator(ctx, in)
	if err != nil {
		return err
	}
	c.validator(out.Id)
	return nil
}

func updateValidator(ctx context.Context, c *Call) error {
	on := func(name string) string {
		if text := c.text(name); text != "" {
			return text
		}
		return "false"
	}
	in := &apigateway.UpdateRequestValidatorInput{RestApiId: aws.String(c.text("RestApiId")), RequestValidatorId: &c.ID}
	in.PatchOperations = append(in.PatchOperations, replaceOp("/validateRequestBody", on("ValidateRequestBody")),
		replaceOp("/validateRequestParameters", on("ValidateRequestParameters")))
	_, err := c.APIGateway.UpdateRequestValidator(ctx, in)
	return err
}

func deleteValidator(ctx context.Context, c *Call) error {
	if c.ID == "" {
		if ok, err := validatorExists(ctx, c); err != nil || !ok {
			return err
		}
	}
	_, err := c.APIGateway.DeleteRequestValidator(ctx, &apigateway.DeleteRequestValidatorInput{
		RestApiId: aws.String(c.text("RestApiId")), RequestValidatorId: &c.ID})
	return gone(err)
}

func putGatewayResponse(ctx context.Context, c *Call) error {
	in := &apigateway.PutGatewayResponseInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	_, err := c.APIGateway.PutGatewayResponse(ctx, in)
	return err
}

func deleteGatewayResponse(ctx context.Context, c *Call) error {
	_, err := c.APIGateway.DeleteGatewayResponse(ctx, &apigateway.DeleteGatewayResponseInput{
		RestApiId: aws.String(c.text("RestApiId")), ResponseType: types.GatewayResponseType(c.text("ResponseType"))})
	return gone(err)
}
