package lambda

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// What holds for asynchronous invocations where nothing is configured.
const (
	defaultRetries = 2
	defaultAge     = 21600 // seconds
	minAge         = 60
)

// PutFunctionEventInvokeConfig replaces how asynchronous invocations of a
// version or an alias are retried and where their outcomes go.
func (s *Service) PutFunctionEventInvokeConfig(ctx context.Context, in *lambda.PutFunctionEventInvokeConfigInput) (*types.FunctionEventInvokeConfig, error) {
	c := types.FunctionEventInvokeConfig{DestinationConfig: in.DestinationConfig,
		MaximumEventAgeInSeconds: in.MaximumEventAgeInSeconds, MaximumRetryAttempts: in.MaximumRetryAttempts}
	return s.putAsyncConfig(ctx, in.FunctionName, in.Qualifier, c, func(types.FunctionEventInvokeConfig, bool) (types.FunctionEventInvokeConfig, error) {
		return c, nil
	})
}

// UpdateFunctionEventInvokeConfig changes what the request says.
func (s *Service) UpdateFunctionEventInvokeConfig(ctx context.Context, in *lambda.UpdateFunctionEventInvokeConfigInput) (*types.FunctionEventInvokeConfig, error) {
	change := types.FunctionEventInvokeConfig{DestinationConfig: in.DestinationConfig,
		MaximumEventAgeInSeconds: in.MaximumEventAgeInSeconds, MaximumRetryAttempts: in.MaximumRetryAttempts}
	return s.putAsyncConfig(ctx, in.FunctionName, in.Qualifier, change, func(c types.FunctionEventInvokeConfig, found bool) (types.FunctionEventInvokeConfig, error) {
		if !found {
			return c, s.errNoAsyncConfig(in.FunctionName, in.Qualifier)
		}
		set(&c.MaximumEventAgeInSeconds, in.MaximumEventAgeInSeconds)
		set(&c.MaximumRetryAttempts, in.MaximumRetryAttempts)
		if d := in.DestinationConfig; d != nil {
			if c.DestinationConfig == nil {
				c.DestinationConfig = new(types.DestinationConfig)
			}
			set(&c.DestinationConfig.OnSuccess, d.OnSuccess)
			set(&c.DestinationConfig.OnFailure, d.OnFailure)
		}
		return c, nil
	})
}

// putAsyncConfig writes what make returns of the configuration that is there,
// after it has checked what the request says.
func (s *Service) putAsyncConfig(ctx context.Context, functionName, qualifier *string, asked types.FunctionEventInvokeConfig,
	make func(types.FunctionEventInvokeConfig, bool) (types.FunctionEventInvokeConfig, error)) (*types.FunctionEventInvokeConfig, error) {
	r, err := s.ref(functionName, qualifier)
	if err != nil {
		return nil, err
	}
	var v fault.Constraints
	v.Within("maximumEventAgeInSeconds", asked.MaximumEventAgeInSeconds, minAge, defaultAge)
	v.Within("maximumRetryAttempts", asked.MaximumRetryAttempts, 0, defaultRetries)
	if err := v.Err(); err != nil {
		return nil, err
	}
	if asked.DestinationConfig == nil && asked.MaximumEventAgeInSeconds == nil && asked.MaximumRetryAttempts == nil {
		return nil, fault.Invalid("You must specify at least one of error handling or destination setting.")
	}
	var out types.FunctionEventInvokeConfig
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getVersion(tx, r); err != nil {
			return err
		}
		if err := s.checkDestinations(ctx, tx, r, asked.DestinationConfig); err != nil {
			return err
		}
		var old types.FunctionEventInvokeConfig
		found := tx.GetJSON(asyncConfigKey(r), &old)
		if out, err = make(old, found); err != nil {
			return err
		}
		now := tx.Now()
		out.FunctionArn, out.LastModified = aws.String(s.arn(ref{r.Name, orLatest(r.Qualifier)})), &now
		if out.DestinationConfig == nil {
			out.DestinationConfig = new(types.DestinationConfig)
		}
		out.DestinationConfig.OnSuccess = cmp.Or(out.DestinationConfig.OnSuccess, new(types.OnSuccess))
		out.DestinationConfig.OnFailure = cmp.Or(out.DestinationConfig.OnFailure, new(types.OnFailure))
		tx.PutJSON(asyncConfigKey(r), out)
		s.touch(tx, r.Name)
		return nil
	})
	return &out, err
}

// checkDestinations verifies that destinations are there and are not the
// function itself.
func (s *Service) checkDestinations(ctx context.Context, tx *store.Tx, r ref, d *types.DestinationConfig) error {
	success, failure := destinations(d)
	for _, to := range []string{success, failure} {
		if to == "" {
			continue
		}
		shown := fmt.Sprintf("DestinationConfig(onSuccess=OnSuccess(destination=%s), onFailure=OnFailure(destination=%s))", orNull(success), orNull(failure))
		if to == s.arn(ref{Name: r.Name}) || to == s.arn(r) {
			return fault.Invalid("The provided destination config %s is invalid. The destination is the function itself.", shown)
		}
		err := s.cfg.Router.Check(ctx, tx, to, s.sender())
		if isMissing(err) {
			return fault.Invalid("The provided destination config %s is invalid. %v", shown, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// destinations are the ARNs of where successes and failures go, or "".
func destinations(d *types.DestinationConfig) (success, failure string) {
	if d == nil {
		return "", ""
	}
	if d.OnSuccess != nil {
		success = aws.ToString(d.OnSuccess.Destination)
	}
	if d.OnFailure != nil {
		failure = aws.ToString(d.OnFailure.Destination)
	}
	return success, failure
}

func (s *Service) errNoAsyncConfig(functionName, qualifier *string) error {
	r, err := s.ref(functionName, qualifier)
	if err != nil {
		return err
	}
	return fault.New("ResourceNotFoundException", "The function %s doesn't have an EventInvokeConfig", s.arn(ref{r.Name, orLatest(r.Qualifier)}))
}

// GetFunctionEventInvokeConfig returns the configuration of a version or an
// alias.
func (s *Service) GetFunctionEventInvokeConfig(ctx context.Context, in *lambda.GetFunctionEventInvokeConfigInput) (*types.FunctionEventInvokeConfig, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	var c types.FunctionEventInvokeConfig
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if !tx.GetJSON(asyncConfigKey(r), &c) {
			return s.errNoAsyncConfig(in.FunctionName, in.Qualifier)
		}
		return nil
	})
	return &c, err
}

// DeleteFunctionEventInvokeConfig goes back to what holds without one.
func (s *Service) DeleteFunctionEventInvokeConfig(ctx context.Context, in *lambda.DeleteFunctionEventInvokeConfigInput) (*lambda.DeleteFunctionEventInvokeConfigOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if !tx.Has(asyncConfigKey(r)) {
			return s.errNoAsyncConfig(in.FunctionName, in.Qualifier)
		}
		tx.Delete(asyncConfigKey(r))
		s.touch(tx, r.Name)
		return nil
	})
}

// ListFunctionEventInvokeConfigs lists those of all versions and aliases.
func (s *Service) ListFunctionEventInvokeConfigs(ctx context.Context, in *lambda.ListFunctionEventInvokeConfigsInput) (*lambda.ListFunctionEventInvokeConfigsOutput, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	p, err := newPage(new(fault.Constraints), in.Marker, in.MaxItems, 50)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionEventInvokeConfigsOutput{FunctionEventInvokeConfigs: []types.FunctionEventInvokeConfig{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := s.getFunction(tx, name); err != nil {
			return err
		}
		out.NextMarker, err = listRows(tx, p, key("async-config", name), func(_ store.Key, c *types.FunctionEventInvokeConfig) bool {
			out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, *c)
			return true
		})
		return err
	})
	return out, err
}

// sender is Lambda acting for a function by the function's own role, which
// needs no permission of the target's policy.
func (s *Service) sender() event.Sender { return event.Sender{Account: s.cfg.Account} }
