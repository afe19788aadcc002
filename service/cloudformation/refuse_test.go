package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestRefusedBeforeAnything: what is wrong with a request is said at once, and
// no stack is made.
func TestRefusedBeforeAnything(t *testing.T) {
	const ok = "Resources: {Q: {Type: AWS::SQS::Queue}}"
	const role = "Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}%}}}"
	for name, c := range map[string]struct {
		body, code, words string
		change            func(*cfn.CreateStackInput)
	}{
		"unknown_type": {"Resources: {A: {Type: AWS::EC2::VPC}, B: {Type: AWS::Nope::It}}", "ValidationError",
			"Template format error: Unrecognized resource types: [AWS::EC2::VPC, AWS::Nope::It]", nil},
		"unknown_attribute": {"Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: !GetAtt Q.Nope}}", "ValidationError",
			"Template error: resource Q does not support attribute type Nope in Fn::GetAtt", nil},
		"circle": {"Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}, B: {Type: AWS::SQS::Queue, DependsOn: A}}", "ValidationError",
			"Circular dependency between resources: [A, B]", nil},
		"parameter": {ok, "ValidationError", "Parameters: [X] do not exist in the template", func(in *cfn.CreateStackInput) { in.Parameters = pairs([]string{"X", "1"}) }},
		"iam":       {strings.Replace(role, "%", "", 1), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]", none},
		"named_iam": {strings.Replace(role, "%", ", RoleName: r", 1), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]", onlyIAM},
		"macro":     {"Transform: Mine\n" + ok, "ValidationError", "No transform named Mine found.", nil},
		"sam":       {"Transform: AWS::Serverless-2016-10-31\n" + ok, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]", onlyIAM},
		"name":      {ok, "ValidationError", "failed to satisfy constraint", func(in *cfn.CreateStackInput) { in.StackName = aws.String("1-bad") }},
		"aws_tag": {ok, "ValidationError", "aws: prefixed tag key names are not allowed for external use.", func(in *cfn.CreateStackInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("y")}}
		}},
		"dynamic": {"Parameters: {P: {Type: String}}\n" + ok, "ValidationError", "dynamic references ({{resolve:...}}) are not supported", func(in *cfn.CreateStackInput) {
			in.Parameters = pairs([]string{"P", "{{resolve:ssm:name}}"})
		}},
		"timeout":       {ok, "ValidationError", "Member must have value greater than or equal to 1", func(in *cfn.CreateStackInput) { in.TimeoutInMinutes = aws.Int32(0) }},
		"retain_except": {ok, "ValidationError", "RetainExceptOnCreate is not supported", func(in *cfn.CreateStackInput) { in.RetainExceptOnCreate = aws.Bool(true) }},
		"policy":        {ok, "ValidationError", "StackPolicy is not supported", func(in *cfn.CreateStackInput) { in.StackPolicyBody = aws.String("{}") }},
		"both":          {ok, "ValidationError", "Either Template URL or Template Body must be specified.", func(in *cfn.CreateStackInput) { in.TemplateURL = aws.String("https://s3.amazonaws.com/a/b") }},
		"too_large":     {ok + strings.Repeat("#", 51200), "ValidationError", "Member must have length less than or equal to 51200", nil},
		"sam_broken": {"Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Layers: [], Nope: 1}}}", "ValidationError",
			"Resource with id [F] is invalid. property Nope not defined for resource of type AWS::Serverless::Function", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				in := &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: &c.body, Capabilities: everything}
				if c.change != nil {
					c.change(in)
				}
				_, err := r.CreateStack(ctx, in)
				refused(t, err, c.code, c.words)
				_, err = r.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: aws.String("s")})
				refused(t, err, "ValidationError", "Stack with id s does not exist")
			})
		})
	}
}

func none(in *cfn.CreateStackInput) { in.Capabilities = nil }
func onlyIAM(in *cfn.CreateStackInput) {
	in.Capabilities = []types.Capability{types.CapabilityCapabilityIam}
}

// TestRefusedProperties: a property that a type does not have, at any depth,
// fails the stack with a message that names it and its resource.
func TestRefusedProperties(t *testing.T) {
	for body, words := range map[string]string{
		"Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Colour: red}}}":                              "Encountered unsupported property Colour in resource Q of type AWS::SQS::Queue",
		"Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {KeySchema: [{AttributeNam: a}]}}}":      "Encountered unsupported property AttributeNam in T/KeySchema/0",
		"Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {TableName: table}}}":                    "[The property {/KeySchema} is required] in resource T of type AWS::DynamoDB::Table",
		"Resources: {L: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: soon}}}":                "Value of property L/RetentionInDays must be an integer",
		"Resources: {Q: {Type: AWS::SQS::Queue, CreationPolicy: {ResourceSignal: {Count: 1}}}}":           "CreationPolicy of resource Q of type AWS::SQS::Queue is not supported",
		"Resources: {Q: {Type: AWS::SQS::Queue, DeletionPolicy: Snapshot}}":                               "Snapshot policy of resource Q of type AWS::SQS::Queue is not supported",
		"Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: a, Value: !ImportValue no}]}}}": "No export named no found.",
	} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.status(r.create("s", body), types.StackStatusRollbackComplete)
			if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, words) {
				t.Errorf("no %q in\n%s", words, h)
			}
		})
	}
}

func TestValidateTemplate(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := `
Transform: AWS::Serverless-2016-10-31
Description: things
Parameters: {Must: {Type: String, Description: d, NoEcho: true}, May: {Type: String, Default: x}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: a.b, InlineCode: "x", Environment: {Variables: {M: !Ref Must}}}}
`
		out, err := r.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateBody: &body})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Parameters) != 2 || *out.Parameters[0].DefaultValue != "x" || !*out.Parameters[1].NoEcho || *out.Description != "things" ||
			out.Capabilities[0] != types.CapabilityCapabilityIam || out.DeclaredTransforms[0] != "AWS::Serverless-2016-10-31" {
			t.Errorf("%+v", out)
		}
		summary, err := r.GetTemplateSummary(ctx, &cfn.GetTemplateSummaryInput{TemplateBody: &body})
		if err != nil || len(summary.ResourceTypes) != 1 || summary.ResourceTypes[0] != "AWS::Serverless::Function" {
			t.Errorf("%+v %v", summary, err)
		}
		_, err = r.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateBody: aws.String("Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}}")})
		refused(t, err, "ValidationError", "Unresolved resource dependencies [B] in the Resources block of the template")
	})
}

func TestGetTemplate(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := "Transform: AWS::Serverless-2016-10-31\nResources: {T: {Type: AWS::Serverless::SimpleTable}} # as written\n"
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		out, err := r.GetTemplate(ctx, &cfn.GetTemplateInput{StackName: aws.String("s")})
		if err != nil || *out.TemplateBody != body {
			t.Errorf("%v %v", out, err)
		}
		out, err = r.GetTemplate(ctx, &cfn.GetTemplateInput{StackName: aws.String("s"), TemplateStage: types.TemplateStageProcessed})
		if err != nil || !strings.Contains(*out.TemplateBody, `"AWS::DynamoDB::Table"`) {
			t.Errorf("%v %v", out, err)
		}
	})
}

// TestMisfitsFirst: a stack that must fail because of a property makes nothing.
func TestMisfitsFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := "Resources: {A: {Type: AWS::SQS::Queue}, B: {Type: AWS::SQS::Queue, DependsOn: A, Properties: {Colour: red, Size: !Ref AWS::NoValue}}}"
		r.status(r.create("s", body), types.StackStatusRollbackComplete)
		h := strings.Join(r.history("s"), "\n")
		if !strings.Contains(h, "B CREATE_FAILED: Encountered unsupported property Colour in resource B") || strings.Contains(h, "A CREATE") {
			t.Error(h)
		}
	})
}
