package lambda

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

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

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(3)
		s.reserve("own", aws.Int32(1))
		take := func(name, reason string) {
			t.Helper()
			if got, ok := s.try(name); got != reason || ok != (reason == "") {
				t.Errorf("%s: %q %v", name, got, ok)
			}
		}
		take("own", "")
		take("own", reasonReserved)
		take("a", "")
		take("b", "")
		take("c", reasonAccount)

		got := make(chan string, 3)
		wait := func(ctx context.Context, name string) {
			go func() {
				if s.wait(ctx, name) == nil {
					got <- name
				}
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait(ctx, "gone")
		wait(t.Context(), "own")
		wait(t.Context(), "c")
		cancel()
		synctest.Wait()
		s.release("a")
		if name := <-got; name != "c" {
			t.Errorf("%s was served, not who had waited longest", name)
		}
		s.reserve("own", nil) // its one runs on what is shared now
		synctest.Wait()
		if s.shared != 3 || len(got) != 0 {
			t.Errorf("%d shared", s.shared)
		}
		s.release("own")
		if name := <-got; name != "own" {
			t.Errorf("%s was served", name)
		}
		for _, name := range []string{"own", "b", "c"} {
			s.release(name)
		}
		if s.shared != 0 || len(s.running) != 0 || len(s.waiting) != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}
