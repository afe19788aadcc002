package cloudformation_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	apigw "github.com/aws/aws-sdk-go-v2/service/apigateway"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
)

// served is the pipeline of the package sam's tests, with its code in the
// template.
func served(t *testing.T) string {
	body, err := os.ReadFile("sam/testdata/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	inline := "InlineCode: 'def handler(event, context): return {}'"
	return strings.NewReplacer("CodeUri: s3://code/split.zip", inline, "CodeUri: {Bucket: code, Key: store.zip, Version: '7'}", inline,
		"CodeUri: s3://code/api.zip?versionId=3", inline, "Runtime: provided.al2023", "Runtime: python3.12",
		"Handler: bootstrap", "Handler: index.handler").Replace(string(body))
}

// needPython skips a test whose stack has inline Python.
func needPython(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3: the stack's functions are inline Python")
	}
}

func TestServerlessPipeline(t *testing.T) {
	needPython(t)
	inBubble(t, func(t *testing.T, r *rig) {
		body := served(t)
		st := r.create("iot", body)
		r.status(st, types.StackStatusCreateComplete)
		functions := lambdaapi.NewFromConfig(r.aws)
		list, err := functions.ListFunctions(ctx, &lambdaapi.ListFunctionsInput{})
		if err != nil || len(list.Functions) != 3 {
			t.Fatal(list, err)
		}
		mappings, err := functions.ListEventSourceMappings(ctx, &lambdaapi.ListEventSourceMappingsInput{})
		if err != nil || len(mappings.EventSourceMappings) != 1 || *mappings.EventSourceMappings[0].ScalingConfig.MaximumConcurrency != 5 {
			t.Error(mappings, err)
		}
		bucket := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
		n, err := bucket.GetBucketNotificationConfiguration(ctx, &s3api.GetBucketNotificationConfigurationInput{Bucket: aws.String("data-" + account)})
		if err != nil || len(n.LambdaFunctionConfigurations) != 2 {
			t.Error(n, err)
		}
		ids := r.resources("iot")
		api := apigw.NewFromConfig(r.aws)
		stages, err := api.GetStages(ctx, &apigw.GetStagesInput{RestApiId: aws.String(ids["ServerlessRestApi"])})
		if err != nil || len(stages.Item) != 2 {
			t.Errorf("%+v %v", stages, err)
		}
		paths, err := api.GetResources(ctx, &apigw.GetResourcesInput{RestApiId: aws.String(ids["ServerlessRestApi"])})
		if err != nil || len(paths.Items) != 5 {
			t.Errorf("%+v %v", paths, err)
		}
		if url := outputs(st)["Url"]; url != "https://"+ids["ServerlessRestApi"]+".execute-api.us-east-1.amazonaws.com/Prod/message" {
			t.Error(url)
		}
		r.reroute(body, api)
		r.status(r.delete("iot"), types.StackStatusDeleteComplete)
		r.nothingLeft(nil)
		if list, err := functions.ListFunctions(ctx, &lambdaapi.ListFunctionsInput{}); err != nil || len(list.Functions) > 0 {
			t.Error(list, err)
		}
	})
}

// reroute adds a path to the API: there is a new deployment, both stages point
// at it, and the old one goes.
func (r *rig) reroute(body string, api *apigw.Client) {
	r.t.Helper()
	before := r.resources("iot")
	r.status(r.update("iot", strings.Replace(body, "Path: /message, Method: get", "Path: /messages, Method: get", 1)), types.StackStatusUpdateComplete)
	id := aws.String(before["ServerlessRestApi"])
	deployments, err := api.GetDeployments(ctx, &apigw.GetDeploymentsInput{RestApiId: id})
	if err != nil || len(deployments.Items) != 1 {
		r.t.Fatalf("%+v %v", deployments, err)
	}
	stages, err := api.GetStages(ctx, &apigw.GetStagesInput{RestApiId: id})
	if err != nil || len(stages.Item) != 2 {
		r.t.Fatalf("%+v %v", stages, err)
	}
	for _, stage := range stages.Item {
		if *stage.DeploymentId != *deployments.Items[0].Id {
			r.t.Errorf("stage %s points at %s, not %s", *stage.StageName, *stage.DeploymentId, *deployments.Items[0].Id)
		}
	}
}

// TestResourceByResource builds an API from its parts, and all else that the
// serverless transform has no use for.
func TestResourceByResource(t *testing.T) {
	needPython(t)
	const body = `
Parameters: {Size: {Type: Number, Default: 128}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: logs
      Roles: [!Ref Role]
      PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "logs:*", Resource: "*"}]}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Role]
      PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "sqs:*", Resource: "*"}]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      MemorySize: !Ref Size
      ReservedConcurrentExecutions: 2
      LoggingConfig: {LogGroup: elsewhere}
      Code: {ZipFile: "def handler(e, c): return {}"}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Function}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Function, FunctionVersion: !GetAtt Version.Version}}
  Retry: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref Function, Qualifier: live, MaximumRetryAttempts: 1}, DependsOn: Alias}
  Invoke: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Alias, Principal: apigateway.amazonaws.com}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: parts}}
  Path: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: things}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Path
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        Uri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Alias}/invocations"
  Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: Method, Properties: {RestApiId: !Ref Api}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: v1, Variables: {a: b}}}
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
Outputs: {Alias: {Value: !Ref Alias}, Stage: {Value: !Ref Stage}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		st := r.create("parts", body)
		r.status(st, types.StackStatusCreateComplete)
		if out := outputs(st); !strings.HasSuffix(out["Alias"], ":live") || out["Stage"] != "v1" {
			t.Error(out)
		}
		before := r.resources("parts")
		second := strings.NewReplacer("{a: b}", "{c: d}", "      LoggingConfig: {LogGroup: elsewhere}\n", "").Replace(body)
		r.status(r.update("parts", second, "Size", "256"), types.StackStatusUpdateComplete)
		after := r.resources("parts")
		if after["Function"] != before["Function"] || after["Stage"] != before["Stage"] {
			t.Errorf("replaced: %v, was %v", after, before)
		}
		config, err := lambdaapi.NewFromConfig(r.aws).GetFunctionConfiguration(ctx, &lambdaapi.GetFunctionConfigurationInput{FunctionName: aws.String(after["Function"])})
		if err != nil || *config.MemorySize != 256 || *config.LoggingConfig.LogGroup != "/aws/lambda/"+*config.FunctionName {
			t.Error(config, err)
		}
		r.status(r.delete("parts"), types.StackStatusDeleteComplete)
	})
}

// TestCircularNotification: a bucket and a function that refer to each other
// are a circle, as in AWS.
func TestCircularNotification(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := `
Transform: AWS::Serverless-2016-10-31
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: a.b
      InlineCode: x
      Environment: {Variables: {BUCKET: !Ref Bucket}}
      Events: {E: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: 's3:ObjectCreated:*'}}}
`
		_, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body, Capabilities: everything})
		refused(t, err, "ValidationError", "Circular dependency between resources: [Bucket, F, FEPermission]")
	})
}
