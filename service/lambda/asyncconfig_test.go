package lambda

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestEventInvokeConfig(t *testing.T) {
	r := newRig(t)
	fn := r.create("f", "echo", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	_, queue := r.createQueue("q", nil)
	f := aws.String("f")
	_, err := r.lambda.GetFunctionEventInvokeConfig(t.Context(), &lambda.GetFunctionEventInvokeConfigInput{FunctionName: f})
	fails(t, err, "ResourceNotFoundException", "The function arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST doesn't have an EventInvokeConfig")
	type input = lambda.PutFunctionEventInvokeConfigInput
	for _, test := range []struct {
		in            input
		code, message string
	}{
		{input{}, "InvalidParameterValueException", "You must specify at least one of error handling or destination setting."},
		{input{MaximumRetryAttempts: aws.Int32(3)}, "ValidationException",
			"1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2"},
		{input{MaximumEventAgeInSeconds: aws.Int32(59)}, "ValidationException",
			"1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60"},
		{input{DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(queue + "x")}}}, "InvalidParameterValueException",
			"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=null), onFailure=OnFailure(destination=" + queue + "x)) is invalid. queue " + queue + "x: no such resource"},
		{input{DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:lambda:us-east-1:000000000000:function:f")}}}, "InvalidParameterValueException",
			"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=null), onFailure=OnFailure(destination=arn:aws:lambda:us-east-1:000000000000:function:f)) is invalid. The destination is the function itself."},
	} {
		test.in.FunctionName = f
		_, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &test.in)
		fails(t, err, test.code, test.message)
	}
	_, err = r.lambda.PutFunctionEventInvokeConfig(t.Context(), &input{FunctionName: f, MaximumRetryAttempts: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.PutFunctionEventInvokeConfig(t.Context(), &input{FunctionName: f, Qualifier: fn.Version, MaximumRetryAttempts: aws.Int32(0)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.lambda.UpdateFunctionEventInvokeConfig(t.Context(), &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: f,
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &queue}}})
	if err != nil || *out.MaximumRetryAttempts != 1 || *out.DestinationConfig.OnSuccess.Destination != queue || out.MaximumEventAgeInSeconds != nil {
		t.Errorf("got %+v, %v", out, err)
	}
	list, err := r.lambda.ListFunctionEventInvokeConfigs(t.Context(), &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: f})
	if err != nil || len(list.FunctionEventInvokeConfigs) != 2 || list.NextMarker != nil {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := r.lambda.DeleteFunctionEventInvokeConfig(t.Context(), &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: f}); err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.UpdateFunctionEventInvokeConfig(t.Context(), &lambda.UpdateFunctionEventInvokeConfigInput{FunctionName: f, MaximumRetryAttempts: aws.Int32(1)})
	fails(t, err, "ResourceNotFoundException", "The function arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST doesn't have an EventInvokeConfig")
}

func TestTags(t *testing.T) {
	r := newRig(t)
	fn := r.create("f", "sqs")
	_, queue := r.createQueue("q", nil)
	m := r.mapQueue("f", queue)
	for _, resource := range []*string{fn.FunctionArn, m.EventSourceMappingArn} {
		_, err := r.lambda.TagResource(t.Context(), &lambda.TagResourceInput{Resource: resource, Tags: map[string]string{"a": "1", "b": "2"}})
		if err == nil {
			_, err = r.lambda.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: resource, TagKeys: []string{"a", "c"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.lambda.ListTags(t.Context(), &lambda.ListTagsInput{Resource: resource})
		if err != nil || len(out.Tags) != 1 || out.Tags["b"] != "2" {
			t.Errorf("%s: %v, %v", *resource, out, err)
		}
	}
	_, err := r.lambda.TagResource(t.Context(), &lambda.TagResourceInput{Resource: aws.String(*fn.FunctionArn + ":1"), Tags: map[string]string{"a": "1"}})
	fails(t, err, "InvalidParameterValueException", "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	_, err = r.lambda.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String(*fn.FunctionArn + "x")})
	fails(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:fx")
}
