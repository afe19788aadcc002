package resource

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// invocationTypes are who may invoke a function and what does.
func invocationTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::Lambda::Permission": {
			Properties: properties(`Action! FunctionName! Principal! SourceArn! SourceAccount! EventSourceToken!
				FunctionUrlAuthType! PrincipalOrgID!`),
			Required:   []string{"Action", "FunctionName", "Principal"},
			Attributes: []string{"Id"}, Anonymous: true, MaxName: 100,
			Exists: permissionExists, Create: addPermission, Delete: removePermission,
		},
		"AWS::Lambda::EventSourceMapping": {
			Properties: properties(`EventSourceArn! StartingPosition! StartingPositionTimestamp! SelfManagedEventSource!
				FunctionName BatchSize BisectBatchOnFunctionError DestinationConfig Enabled FilterCriteria
				FunctionResponseTypes KmsKeyArn MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds
				MaximumRetryAttempts MetricsConfig ParallelizationFactor ProvisionedPollerConfig ScalingConfig
				Tags TumblingWindowInSeconds`),
			Required:   []string{"FunctionName"},
			Attributes: []string{"Id", "EventSourceMappingArn"},
			Exists:     mappingExists, Create: createMapping, Update: updateMapping, Delete: deleteMapping,
		},
		"AWS::Lambda::EventInvokeConfig": {
			Properties: properties("FunctionName! Qualifier! DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts"),
			Required:   []string{"FunctionName", "Qualifier"}, Anonymous: true,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; return nil },
			Configure: putInvokeConfig,
			Delete: func(ctx context.Context, c *Call) error {
				in := &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: aws.String(c.text("FunctionName")), Qualifier: c.qualifier()}
				_, err := c.Lambda.DeleteFunctionEventInvokeConfig(ctx, in)
				return gone(err)
			},
		},
	}
}

func permissionExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(c.text("FunctionName"))})
	if ok, err := found(err); !ok {
		return false, err
	}
	var policy struct{ Statement []struct{ Sid string } }
	if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy); err != nil {
		return false, err
	}
	for _, s := range policy.Statement {
		if s.Sid == c.Name {
			c.ID = c.Name
			c.set("Id", c.Name)
			return true, nil
		}
	}
	return false, nil
}

func addPermission(ctx context.Context, c *Call) error {
	in := &lambda.AddPermissionInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	in.StatementId = &c.Name
	if _, err := c.Lambda.AddPermission(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	c.set("Id", c.Name)
	return nil
}

func removePermission(ctx context.Context, c *Call) error {
	_, err := c.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{
		FunctionName: aws.String(c.text("FunctionName")), StatementId: &c.Name})
	return gone(err)
}

func (c *Call) mapping(id, arn *string) {
	c.ID = aws.ToString(id)
	c.set("Id", c.ID)
	c.set("EventSourceMappingArn", aws.ToString(arn))
}

// mappingExists finds a mapping by its source and its function, of which Lambda
// allows one.
func mappingExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{
		EventSourceArn: aws.String(c.text("EventSourceArn")), FunctionName: aws.String(c.text("FunctionName"))})
	if ok, err := found(err); !ok {
		return false, err
	}
	if len(out.EventSourceMappings) == 0 {
		return false, nil
	}
	m := out.EventSourceMappings[0]
	c.mapping(m.UUID, m.EventSourceMappingArn)
	return true, nil
}

func createMapping(ctx context.Context, c *Call) error {
	in := &lambda.CreateEventSourceMappingInput{}
	if err := assign(in, c.without("Tags"), c.Logical); err != nil {
		return err
	}
	in.Tags = c.tags()
	out, err := c.Lambda.CreateEventSourceMapping(ctx, in)
	if err != nil {
		return err
	}
	c.mapping(out.UUID, out.EventSourceMappingArn)
	return mappingSettled(ctx, c)
}

// mappingSettled waits until the mapping is neither being made nor changed.
func mappingSettled(ctx context.Context, c *Call) error {
	return await(ctx, func() (bool, error) {
		out, err := c.Lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &c.ID})
		if err != nil {
			return false, err
		}
		state := aws.ToString(out.State)
		return state == "Enabled" || state == "Disabled" || state == "", nil
	})
}

// updateMapping returns what a template no longer sets to its default.
func updateMapping(ctx context.Context, c *Call) error {
	in := &lambda.UpdateEventSourceMappingInput{UUID: &c.ID, FunctionResponseTypes: []types.FunctionResponseType{}}
	if c.Old["FilterCriteria"] != nil {
		in.FilterCriteria = &types.FilterCriteria{}
	}
	if c.Old["ScalingConfig"] != nil {
		in.ScalingConfig = &types.ScalingConfig{}
	}
	if c.Old["Enabled"] != nil {
		in.Enabled = aws.Bool(true)
	}
	if c.Old["BatchSize"] != nil {
		in.BatchSize = aws.Int32(10)
	}
	if c.Old["MaximumBatchingWindowInSeconds"] != nil {
		in.MaximumBatchingWindowInSeconds = aws.Int32(0)
	}
	props := c.without("Tags", "EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "SelfManagedEventSource")
	if err := assign(in, props, c.Logical); err != nil {
		return err
	}
	if _, err := c.Lambda.UpdateEventSourceMapping(ctx, in); err != nil {
		return err
	}
	if err := mappingSettled(ctx, c); err != nil {
		return err
	}
	return tagLambda(ctx, c, "EventSourceMappingArn")
}

func deleteMapping(ctx context.Context, c *Call) error {
	if c.ID == "" {
		if ok, err := mappingExists(ctx, c); err != nil || !ok {
			return err
		}
	}
	if _, err := c.Lambda.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: &c.ID}); err != nil {
		return gone(err)
	}
	return await(ctx, func() (bool, error) {
		_, err := c.Lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &c.ID})
		exists, err := found(err)
		return !exists, err
	})
}

// qualifier is the version or alias, nil for the function itself.
func (c *Call) qualifier() *string {
	if q := c.text("Qualifier"); q != "$LATEST" {
		return &q
	}
	return nil
}

func putInvokeConfig(ctx context.Context, c *Call) error {
	in := &lambda.PutFunctionEventInvokeConfigInput{}
	if err := assign(in, c.Props, c.Logical); err != nil {
		return err
	}
	in.Qualifier = c.qualifier()
	_, err := c.Lambda.PutFunctionEventInvokeConfig(ctx, in)
	return err
}
