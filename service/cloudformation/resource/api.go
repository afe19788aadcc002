package resource

import (
	"context"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// Tags by which CloudFormation marks, and after a crash finds, an API: its id is
// API Gateway's to choose and its name need not be unique.
const (
	stackTag   = "aws:cloudformation:stack-id"
	logicalTag = "aws:cloudformation:logical-id"
)

func apiTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::ApiGateway::RestApi": {
			Properties: properties(`Name Description Body BodyS3Location BinaryMediaTypes MinimumCompressionSize
				EndpointConfiguration ApiKeySourceType DisableExecuteApiEndpoint FailOnWarnings Mode Parameters Policy Tags`),
			Attributes: []string{"RestApiId", "RootResourceId"},
			Exists:     apiExists, Create: createAPI, Update: updateAPI, Configure: importAPI, Delete: deleteAPI,
		},
		"AWS::ApiGateway::Resource": {
			Properties: properties("ParentId! PathPart! RestApiId!"), Required: []string{"ParentId", "PathPart", "RestApiId"},
			Attributes: []string{"ResourceId"},
			Exists:     pathExists, Create: createPath,
			Delete: func(ctx context.Context, c *Call) error {
				if c.ID == "" {
					if ok, err := pathExists(ctx, c); err != nil || !ok {
						return err
					}
				}
				_, err := c.APIGateway.DeleteResource(ctx, &apigateway.DeleteResourceInput{
					RestApiId: aws.String(c.text("RestApiId")), ResourceId: &c.ID})
				return gone(err)
			},
		},
		"AWS::ApiGateway::Account": {
			Properties: properties("CloudWatchRoleArn"), Attributes: []string{"Id"}, Anonymous: true,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; c.set("Id", c.Name); return nil },
			Configure: configureAccount,
		},
		"AWS::ApiGateway::Model": {
			Properties: properties("RestApiId! Name! ContentType! Description Schema"), Required: []string{"RestApiId"},
			NameProperty: "Name", Create: createModel, Exists: modelExists, Update: updateModel,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.APIGateway.DeleteModel(ctx, &apigateway.DeleteModelInput{RestApiId: aws.String(c.text("RestApiId")), ModelName: &c.Name})
				return gone(err)
			},
		},
	}
}

func (c *Call) restAPI(id, root *string) {
	c.ID = aws.ToString(id)
	c.set("RestApiId", c.ID)
	c.set("RootResourceId", aws.ToString(root))
}

func apiExists(ctx context.Context, c *Call) (bool, error) {
	in := &apigateway.GetRestApisInput{Limit: aws.Int32(500)}
	for {
		out, err := c.APIGateway.GetRestApis(ctx, in)
		if err != nil {
			return false, err
		}
		for _, api := range out.Items {
			if api.Tags[stackTag] == c.StackID && api.Tags[logicalTag] == c.Logical {
				c.restAPI(api.Id, api.RootResourceId)
				return true, nil
			}
		}
		if aws.ToString(out.Position) == "" {
			return false, nil
		}
		in.Position = out.Position
	}
}

// createAPI makes the API without paths. Its name is the template's, or the title
// in its body; importAPI brings the body.
func createAPI(ctx context.Context, c *Call) error {
	in := &apigateway.CreateRestApiInput{}
	err := assign(in, pick(c.Props, "Name", "Description", "BinaryMediaTypes", "MinimumCompressionSize",
		"EndpointConfiguration", "DisableExecuteApiEndpoint"), c.Logical)
	if err != nil {
		return err
	}
	if in.Name == nil {
		title, ok := template.Text(object(object(c.Props["Body"])["info"])["title"])
		if !ok && c.Props["Body"] == nil && c.Props["BodyS3Location"] == nil {
			return &PropertyError{"Name is required for an AWS::ApiGateway::RestApi without a Body"}
		}
		if !ok {
			title = c.Logical
		}
		in.Name = &title
	}
	in.ApiKeySource = types.ApiKeySourceType(c.text("ApiKeySourceType"))
	if c.Props["Policy"] != nil {
		policy, err := document(c.Props["Policy"])
		if err != nil {
			return err
		}
		in.Policy = &policy
	}
	in.Tags = c.tags()
	in.Tags[stackTag], in.Tags[logicalTag] = c.StackID, c.Logical
	in.Tags["aws:cloudformation:stack-name"] = c.Stack
	out, err := c.APIGateway.CreateRestApi(ctx, in)
	if err != nil {
		return err
	}
	c.restAPI(out.Id, out.RootResourceId)
	return nil
}

// importAPI puts the body, whole or merged as Mode says.
func importAPI(ctx context.Context, c *Call) error {
	if c.Old != nil && !c.changed("Body", "BodyS3Location", "Mode", "Parameters", "FailOnWarnings") {
		return nil
	}
	body, err := apiBody(ctx, c)
	if body == nil || err != nil {
		return err
	}
	in := &apigateway.PutRestApiInput{RestApiId: &c.ID, Mode: types.PutModeOverwrite, Body: body}
	if err := assign(in, pick(c.Props, "Mode", "Parameters", "FailOnWarnings"), c.Logical); err != nil {
		return err
	}
	out, err := c.APIGateway.PutRestApi(ctx, in)
	if err != nil {
		return err
	}
	if root := aws.ToString(out.RootResourceId); root != "" {
		c.set("RootResourceId", root)
	}
	if name := c.text("Name"); name != "" && aws.ToString(out.Name) != name { // the body's title is not the name
		return patchAPI(ctx, c, []types.PatchOperation{replaceOp("/name", name)})
	}
	return nil
}

func apiBody(ctx context.Context, c *Call) ([]byte, error) {
	if body := c.Props["Body"]; body != nil {
		text, err := document(body)
		return []byte(text), err
	}
	at := object(c.Props["BodyS3Location"])
	if at == nil {
		return nil, nil
	}
	in := &s3.GetObjectInput{}
	if err := assign(in, pick(at, "Bucket", "Key"), c.Logical+"/BodyS3Location"); err != nil {
		return nil, err
	}
	if version := at["Version"]; version != nil {
		text, _ := template.Text(version)
		in.VersionId = &text
	}
	out, err := c.S3.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(io.LimitReader(out.Body, 16<<20))
}

func replaceOp(path, value string) types.PatchOperation {
	return types.PatchOperation{Op: types.OpReplace, Path: &path, Value: &value}
}

func patchAPI(ctx context.Context, c *Call, ops []types.PatchOperation) error {
	if len(ops) == 0 {
		return nil
	}
	_, err := c.APIGateway.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: &c.ID, PatchOperations: ops})
	return err
}

// apiPatches are the paths of an API's properties in a patch, and what a property
// returns to when a template no longer sets it.
var apiPatches = map[string]struct{ path, standard string }{
	"Name":                      {"/name", ""},
	"Description":               {"/description", ""},
	"MinimumCompressionSize":    {"/minimumCompressionSize", ""},
	"ApiKeySourceType":          {"/apiKeySource", string(types.ApiKeySourceTypeHeader)},
	"DisableExecuteApiEndpoint": {"/disableExecuteApiEndpoint", "false"},
}

func updateAPI(ctx context.Context, c *Call) error {
	var ops []types.PatchOperation
	for property, to := range apiPatches {
		if !c.changed(property) {
			continue
		}
		value := to.standard
		if c.Props[property] != nil {
			value = c.text(property)
		} else if property == "Name" {
			continue // the body's title names the API
		}
		ops = append(ops, replaceOp(to.path, value))
	}
	if c.changed("Policy") {
		policy := "" // takes it away
		if c.Props["Policy"] != nil {
			var err error
			if policy, err = document(c.Props["Policy"]); err != nil {
				return err
			}
		}
		ops = append(ops, replaceOp("/policy", policy))
	}
	if c.changed("EndpointConfiguration") {
		was := texts(object(c.Old["EndpointConfiguration"])["Types"])
		now := texts(object(c.Props["EndpointConfiguration"])["Types"])
		if len(was) == 0 {
			was = []string{"EDGE"}
		}
		if len(now) == 0 {
			now = []string{"EDGE"}
		}
		if was[0] != now[0] {
			ops = append(ops, replaceOp("/endpointConfiguration/types/"+was[0], now[0]))
		}
	}
	ops = append(ops, mediaTypes(texts(c.Old["BinaryMediaTypes"]), texts(c.Props["BinaryMediaTypes"]))...)
	slices.SortFunc(ops, func(a, b types.PatchOperation) int { return compare(*a.Path, *b.Path) })
	if err := patchAPI(ctx, c, ops); err != nil {
		return err
	}
	return c.tagAPI(ctx, "arn:aws:apigateway:"+c.Region+"::/restapis/"+c.ID)
}

// mediaTypes adds and removes binary media types; slashes are escaped as in a
// JSON pointer.
func mediaTypes(was, now []string) []types.PatchOperation {
	var ops []types.PatchOperation
	for _, kind := range now {
		if !slices.Contains(was, kind) {
			ops = append(ops, types.PatchOperation{Op: types.OpAdd, Path: aws.String("/binaryMediaTypes/" + pointer(kind))})
		}
	}
	for _, kind := range was {
		if !slices.Contains(now, kind) {
			ops = append(ops, types.PatchOperation{Op: types.OpRemove, Path: aws.String("/binaryMediaTypes/" + pointer(kind))})
		}
	}
	return ops
}

func (c *Call) tagAPI(ctx context.Context, arn string) error {
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.APIGateway.UntagResource(ctx, &apigateway.UntagResourceInput{ResourceArn: &arn, TagKeys: keys}); err != nil {
			return err
		}
	}
	tags := c.tags()
	if len(tags) == 0 || !c.changed("Tags") && len(c.Tags) == 0 {
		return nil
	}
	_, err := c.APIGateway.TagResource(ctx, &apigateway.TagResourceInput{ResourceArn: &arn, Tags: tags})
	return err
}

func deleteAPI(ctx context.Context, c *Call) error {
	if c.ID == "" {
		if ok, err := apiExists(ctx, c); err != nil || !ok {
			return err
		}
	}
	_, err := c.APIGateway.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: &c.ID})
	return gone(err)
}

func pathExists(ctx context.Context, c *Call) (bool, error) {
	in := &apigateway.GetResourcesInput{RestApiId: aws.String(c.text("RestApiId")), Limit: aws.Int32(500)}
	for {
		out, err := c.APIGateway.GetResources(ctx, in)
		if ok, err := found(err); !ok {
			return false, err
		}
		for _, r := range out.Items {
			if aws.ToString(r.ParentId) == c.text("ParentId") && aws.ToString(r.PathPart) == c.text("PathPart") {
				c.ID = aws.ToString(r.Id)
				c.set("ResourceId", c.ID)
				return true, nil
			}
		}
		if aws.ToString(out.Position) == "" {
			return false, nil
		}
		in.Position = out.Position
	}
}

func createPath(ctx context.Context, c *Call) error {
	in := &apigateway.CreateResourceInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	out, err := c.APIGateway.CreateResource(ctx, in)
	if err != nil {
		return err
	}
	c.ID = aws.ToString(out.Id)
	c.set("ResourceId", c.ID)
	return nil
}

func configureAccount(ctx context.Context, c *Call) error {
	if !c.changed("CloudWatchRoleArn") {
		return nil
	}
	_, err := c.APIGateway.UpdateAccount(ctx, &apigateway.UpdateAccountInput{
		PatchOperations: []types.PatchOperation{replaceOp("/cloudwatchRoleArn", c.text("CloudWatchRoleArn"))}})
	return err
}

func modelExists(ctx context.Context, c *Call) (bool, error) {
	_, err := c.APIGateway.GetModel(ctx, &apigateway.GetModelInput{RestApiId: aws.String(c.text("RestApiId")), ModelName: &c.Name})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
	}
	return ok, err
}

func createModel(ctx context.Context, c *Call) error {
	in := &apigateway.CreateModelInput{ContentType: aws.String("application/json")}
	if err := assign(in, pick(c.Props, "RestApiId", "ContentType", "Description"), c.Logical); err != nil {
		return err
	}
	schema, err := document(c.Props["Schema"])
	if err != nil {
		return err
	}
	in.Name, in.Schema = &c.Name, &schema
	if _, err = c.APIGateway.CreateModel(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	return nil
}

func updateModel(ctx context.Context, c *Call) error {
	schema, err := document(c.Props["Schema"])
	if err != nil {
		return err
	}
	_, err = c.APIGateway.UpdateModel(ctx, &apigateway.UpdateModelInput{RestApiId: aws.String(c.text("RestApiId")), ModelName: &c.Name,
		PatchOperations: []types.PatchOperation{replaceOp("/description", c.text("Description")), replaceOp("/schema", schema)}})
	return err
}
