package lambda

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestReservedConcurrency(t *testing.T) {
	r := newRig(t)
	r.create("f", "report")
	f := aws.String("f")
	put := func(n int32) error {
		_, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: f, ReservedConcurrentExecutions: &n})
		return err
	}
	fails(t, put(-1), "ValidationException", "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0")
	fails(t, put(55), "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].")
	if err := put(1); err != nil {
		t.Fatal(err)
	}
	settings, err := r.lambda.GetAccountSettings(t.Context(), &lambda.GetAccountSettingsInput{})
	if err != nil || settings.AccountLimit.ConcurrentExecutions != 64 || *settings.AccountLimit.UnreservedConcurrentExecutions != 63 || settings.AccountUsage.FunctionCount != 1 {
		t.Errorf("settings %+v, %v", settings, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f})
		done <- err
	}()
	q := <-r.asked.c
	_, err = r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f})
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
		t.Errorf("got %v", err)
	}
	r.invokeAsync("f", `"waits"`) // not throttled: it waits
	q.Answer <- `{}`
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := r.next(`{}`); got != `"waits"` {
		t.Errorf("got %s", got)
	}
	r.drained("f")
	if _, err := r.lambda.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: f}); err != nil {
		t.Fatal(err)
	}
	out, err := r.lambda.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: f})
	if err != nil || out.ReservedConcurrentExecutions != nil {
		t.Errorf("got %+v, %v", out, err)
	}
}

// TestSlotIsFreeWithAnswer: a caller that calls again as soon as it has its
// answer is not throttled by itself.
func TestSlotIsFreeWithAnswer(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo")
	f := aws.String("f")
	if _, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: f, ReservedConcurrentExecutions: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: f}); err != nil {
			t.Fatalf("call %d: %v", i+1, err)
		}
	}
}
