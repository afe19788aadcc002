package resource

import (
	"context"
	"math"

	"github.com/runnel/runnel/service/cloudformation/template"
)

func stackTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::CloudFormation::Stack": {
			Properties: properties("TemplateURL Parameters Tags TimeoutInMinutes"),
			Required:   []string{"TemplateURL"},
			Attributes: []string{"Outputs."}, Anonymous: true, MaxName: 128,
			Create: deployNested, Update: deployNested,
			Delete: func(ctx context.Context, c *Call) error {
				if c.ID == "" {
					return c.Stacks.Remove(ctx, c.Name)
				}
				return c.Stacks.Remove(ctx, c.ID)
			},
		},
		// A handle without a condition that waits for it: templates use it to have
		// something to create.
		"AWS::CloudFormation::WaitConditionHandle": {
			Properties: properties(""), Anonymous: true,
			Create: func(_ context.Context, c *Call) error {
				c.ID = "https://cloudformation-waitcondition-" + c.Region + ".s3.amazonaws.com/" + c.Name
				return nil
			},
		},
		// What the CDK adds to its templates; it does nothing in AWS either.
		"AWS::CDK::Metadata": {
			Properties: properties("Analytics"), Anonymous: true,
			Create: func(_ context.Context, c *Call) error { c.ID = c.Name; return nil },
		},
	}
}

// deployNested creates the nested stack or continues what a crash cut short.
func deployNested(ctx context.Context, c *Call) error {
	parameters := map[string]string{}
	given := object(c.Props["Parameters"])
	for name, v := range given {
		text, ok := template.Text(v)
		if list, isList := v.([]any); isList {
			text, ok = join(list)
		}
		if !ok {
			return &PropertyError{"Value of property Parameters must be an object with String (or simple type) properties"}
		}
		parameters[name] = text
	}
	minutes := int64(0)
	if text := c.text("TimeoutInMinutes"); text != "" {
		var err error
		if minutes, err = integer(text); err != nil || minutes < 1 || minutes > math.MaxInt32 {
			return wrongType(c.Logical+"/TimeoutInMinutes", "a positive integer")
		}
	}
	id, outputs, err := c.Stacks.Deploy(ctx, Nested{Name: c.Name, Parent: c.StackID, TemplateURL: c.text("TemplateURL"),
		Parameters: parameters, Tags: c.tags(), TimeoutMinutes: int32(minutes)})
	if id != "" {
		c.ID = id
	}
	for name, value := range outputs {
		c.set("Outputs."+name, value)
	}
	return err
}

func join(list []any) (string, bool) {
	out := ""
	for i, item := range list {
		text, ok := template.Text(item)
		if !ok {
			return "", false
		}
		if i > 0 {
			out += ","
		}
		out += text
	}
	return out, true
}
