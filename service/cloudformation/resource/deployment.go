package resource

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// deploymentTypes make an API answer.
func deploymentTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::ApiGateway::Deployment": {
			Properties: properties("RestApiId! StageName! Description"), Required: []string{"RestApiId"},
			Attributes: []string{"DeploymentId"},
			Create:     createDeployment, Update: describeDeployment, Delete: deleteDeployment,
		},
		"AWS::ApiGateway::Stage": {
			Properties: properties(`RestApiId! StageName! DeploymentId Description Variables MethodSettings TracingEnabled
				AccessLogSetting Tags`),
			Required: []string{"RestApiId", "DeploymentId"}, NameProperty: "StageName", MaxName: 128,
			Exists: stageExists, Create: createStage, Update: updateStage, Configure: configureStage,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.APIGateway.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: aws.String(c.text("RestApiId")), StageName: &c.Name})
				return gone(err)
			},
		},
	}
}

func compare(a, b string) int { return cmp.Compare(a, b) }

// pointer escapes a reference token of a JSON pointer (RFC 6901).
func pointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

// createDeployment makes a snapshot of the API. After a crash it may have made
// one that nobody knows; a further one does no harm and goes with the API.
func createDeployment(ctx context.Context, c *Call) error {
	in := &apigateway.CreateDeploymentInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	out, err := c.APIGateway.CreateDeployment(ctx, in)
	if err != nil {
		return err
	}
	c.ID = aws.ToString(out.Id)
	c.set("DeploymentId", c.ID)
	return nil
}

func describeDeployment(ctx context.Context, c *Call) error {
	_, err := c.APIGateway.UpdateDeployment(ctx, &apigateway.UpdateDeploymentInput{RestApiId: aws.String(c.text("RestApiId")),
		DeploymentId: &c.ID, PatchOperations: []types.PatchOperation{replaceOp("/description", c.text("Description"))}})
	return err
}

// deleteDeployment deletes the stage that the deployment's own StageName made
// first, if that still points at it: API Gateway refuses to delete a deployment
// that a stage uses.
func deleteDeployment(ctx context.Context, c *Call) error {
	if c.ID == "" {
		return nil
	}
	api := aws.String(c.text("RestApiId"))
	if name := c.text("StageName"); name != "" {
		out, err := c.APIGateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: api, StageName: &name})
		ok, err := found(err)
		if err != nil {
			return err
		}
		if ok && aws.ToString(out.DeploymentId) == c.ID {
			_, err := c.APIGateway.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: api, StageName: &name})
			if err := gone(err); err != nil {
				return err
			}
		}
	}
	_, err := c.APIGateway.DeleteDeployment(ctx, &apigateway.DeleteDeploymentInput{RestApiId: api, DeploymentId: &c.ID})
	return gone(err)
}

func stageExists(ctx context.Context, c *Call) (bool, error) {
	_, err := c.APIGateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: aws.String(c.text("RestApiId")), StageName: &c.Name})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
	}
	return ok, err
}

func createStage(ctx context.Context, c *Call) error {
	in := &apigateway.CreateStageInput{}
	err := assign(in, pick(c.Props, "RestApiId", "DeploymentId", "Description", "Variables", "TracingEnabled"), c.Logical)
	if err != nil {
		return err
	}
	in.StageName, in.Tags = &c.Name, c.tags()
	if _, err = c.APIGateway.CreateStage(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	return nil
}

func updateStage(ctx context.Context, c *Call) error {
	var ops []types.PatchOperation
	for property, path := range map[string]string{"DeploymentId": "/deploymentId", "Description": "/description", "TracingEnabled": "/tracingEnabled"} {
		if !c.changed(property) {
			continue
		}
		value := c.text(property)
		if value == "" && property == "TracingEnabled" {
			value = "false"
		}
		ops = append(ops, replaceOp(path, value))
	}
	was, now := object(c.Old["Variables"]), object(c.Props["Variables"])
	for _, name := range template.Keys(now) {
		if text, _ := template.Text(now[name]); !Same(was[name], now[name]) {
			ops = append(ops, replaceOp("/variables/"+pointer(name), text))
		}
	}
	for _, name := range template.Keys(was) {
		if now[name] == nil {
			ops = append(ops, types.PatchOperation{Op: types.OpRemove, Path: aws.String("/variables/" + pointer(name))})
		}
	}
	slices.SortFunc(ops, func(a, b types.PatchOperation) int { return compare(*a.Path, *b.Path) })
	if err := patchStage(ctx, c, ops); err != nil {
		return err
	}
	return c.tagAPI(ctx, "arn:aws:apigateway:"+c.Region+"::/restapis/"+c.text("RestApiId")+"/stages/"+c.Name)
}

func patchStage(ctx context.Context, c *Call, ops []types.PatchOperation) error {
	if len(ops) == 0 {
		return nil
	}
	_, err := c.APIGateway.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: aws.String(c.text("RestApiId")),
		StageName: &c.Name, PatchOperations: ops})
	return err
}

// methodSettings are the paths of a stage's settings in a patch. Source: API
// Gateway API reference, "Patch operations", Stage.
var methodSettings = map[string]string{"LoggingLevel": "logging/loglevel", "DataTraceEnabled": "logging/dataTrace",
	"MetricsEnabled": "metrics/enabled", "ThrottlingBurstLimit": "throttling/burstLimit",
	"ThrottlingRateLimit": "throttling/rateLimit", "CachingEnabled": "caching/enabled",
	"CacheTtlInSeconds": "caching/ttlInSeconds", "CacheDataEncrypted": "caching/dataEncrypted"}

// configureStage makes the settings that CreateStage does not take.
func configureStage(ctx context.Context, c *Call) error {
	var ops []types.PatchOperation
	if c.changed("AccessLogSetting") {
		setting := object(c.Props["AccessLogSetting"])
		for property, path := range map[string]string{"DestinationArn": "/accessLogSettings/destinationArn", "Format": "/accessLogSettings/format"} {
			if text, ok := template.Text(setting[property]); ok {
				ops = append(ops, replaceOp(path, text))
			}
		}
	}
	settings, _ := c.Props["MethodSettings"].([]any)
	if !c.changed("MethodSettings") {
		settings = nil
	}
	for _, item := range settings {
		s := object(item)
		path, method := texts(s["ResourcePath"]), texts(s["HttpMethod"])
		if len(path) == 0 || len(method) == 0 {
			path, method = []string{"/*"}, []string{"*"}
		}
		prefix := "/" + pointer(path[0]) + "/" + method[0] + "/"
		if path[0] == "/*" {
			prefix = "/*/" + method[0] + "/"
		}
		for _, name := range template.Keys(s) {
			to, ok := methodSettings[name]
			if !ok && name != "ResourcePath" && name != "HttpMethod" {
				return &PropertyError{"Encountered unsupported property " + name + " in " + c.Logical + "/MethodSettings"}
			}
			if text, scalar := template.Text(s[name]); ok && scalar {
				ops = append(ops, replaceOp(prefix+to, text))
			}
		}
	}
	return patchStage(ctx, c, ops)
}
