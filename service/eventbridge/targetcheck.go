package eventbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/service/eventbridge/input"
)

// Limits of targets
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html).
const (
	maxInput     = 8192
	maxInputPath = 256
	maxVariables = 100
)

// targetServices are those whose resources may be targets.
var targetServices = []string{"events", "lambda", "sns", "sqs"}

// checkTarget checks the nth target of a request.
func (s *Service) checkTarget(t *types.Target, nth int) error {
	at := fmt.Sprintf("targets.%d.member.", nth)
	if err := checkText(t.Id, at+"id", ruleName, "", maxRuleName); err != nil {
		return err
	}
	if t.Arn == nil {
		return errConstraint("null", at+"arn", "Member must not be null")
	}
	a, err := arn.Parse(*t.Arn)
	if err != nil {
		return errParameter(*t.Arn, "Provided Arn is not in correct format.")
	}
	if !slices.Contains(targetServices, a.Service) {
		return errUnsupported("A target of the service " + a.Service)
	}
	if bus, ok := strings.CutPrefix(a.Resource, "event-bus/"); a.Service == "events" && (!ok || s.busARN(bus) != *t.Arn) {
		return errUnsupported("A target of EventBridge's other than an event bus of this account and region")
	}
	if err := checkOthers(t); err != nil {
		return err
	}
	fifo := a.Service == "sqs" && strings.HasSuffix(a.Resource, ".fifo")
	if fifo && (t.SqsParameters == nil || aws.ToString(t.SqsParameters.MessageGroupId) == "") {
		return errValidation("Parameter(s) SqsParameters must be specified for target: %s.", *t.Id)
	}
	if err := checkRetry(t.RetryPolicy, at+"retryPolicy."); err != nil {
		return err
	}
	if err := checkDeadLetter(t.DeadLetterConfig); err != nil {
		return err
	}
	_, err = makerOf(t)
	return err
}

// checkOthers refuses what is for targets of other services.
func checkOthers(t *types.Target) error {
	for _, p := range []struct {
		name string
		is   bool
	}{
		{"AppSyncParameters", t.AppSyncParameters != nil},
		{"BatchParameters", t.BatchParameters != nil},
		{"EcsParameters", t.EcsParameters != nil},
		{"HttpParameters", t.HttpParameters != nil},
		{"KinesisParameters", t.KinesisParameters != nil},
		{"RedshiftDataParameters", t.RedshiftDataParameters != nil},
		{"RunCommandParameters", t.RunCommandParameters != nil},
		{"SageMakerPipelineParameters", t.SageMakerPipelineParameters != nil},
	} {
		if p.is {
			return errUnsupported(p.name + " of target " + *t.Id)
		}
	}
	return nil
}

func checkRetry(p *types.RetryPolicy, at string) error {
	if p == nil {
		return nil
	}
	for _, v := range []struct {
		value       *int32
		name        string
		least, most int32
	}{
		{p.MaximumRetryAttempts, "maximumRetryAttempts", 0, 185},
		{p.MaximumEventAgeInSeconds, "maximumEventAgeInSeconds", 60, 86400},
	} {
		switch {
		case v.value == nil:
		case *v.value < v.least:
			return errConstraint(*v.value, at+v.name, fmt.Sprintf("Member must have value greater than or equal to %d", v.least))
		case *v.value > v.most:
			return errConstraint(*v.value, at+v.name, fmt.Sprintf("Member must have value less than or equal to %d", v.most))
		}
	}
	return nil
}

// checkDeadLetter checks that dead letters go to a standard queue.
func checkDeadLetter(c *types.DeadLetterConfig) error {
	if c == nil || c.Arn == nil {
		return nil
	}
	a, err := arn.Parse(*c.Arn)
	if err != nil || a.Service != "sqs" || strings.HasSuffix(a.Resource, ".fifo") {
		return errParameter(*c.Arn, "The dead-letter queue must be the ARN of a standard Amazon SQS queue.")
	}
	return nil
}

// makerOf is what makes the target's input; nil if it takes the event as it is.
func makerOf(t *types.Target) (*input.Maker, error) {
	given := 0
	for _, is := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errValidation("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", *t.Id)
	case t.Input != nil:
		if err := checkLength(t.Input, "input", maxInput); err != nil {
			return nil, err
		}
		if !json.Valid([]byte(*t.Input)) {
			return nil, errValidation("Parameter Input for target %s is not valid. Reason: Input is not valid JSON.", *t.Id)
		}
		return input.Constant(*t.Input), nil
	case t.InputPath != nil:
		if err := checkLength(t.InputPath, "inputPath", maxInputPath); err != nil {
			return nil, err
		}
		p, err := input.ParsePath(*t.InputPath)
		if err != nil {
			return nil, errValidation("Parameter InputPath for target %s is not valid. Reason: %v.", *t.Id, err)
		}
		return input.Part(p), nil
	case t.InputTransformer != nil:
		return transformer(t)
	}
	return nil, nil
}

func transformer(t *types.Target) (*input.Maker, error) {
	if t.InputTransformer.InputTemplate == nil {
		return nil, errConstraint("null", "inputTransformer.inputTemplate", "Member must not be null")
	}
	if err := checkLength(t.InputTransformer.InputTemplate, "inputTransformer.inputTemplate", maxInput); err != nil {
		return nil, err
	}
	paths := t.InputTransformer.InputPathsMap
	if len(paths) > maxVariables {
		return nil, errConstraint(len(paths), "inputTransformer.inputPathsMap", "Member must have length less than or equal to "+itoa(maxVariables))
	}
	for name := range paths {
		if strings.HasPrefix(strings.ToUpper(name), "AWS") {
			return nil, errValidation("InputPathsMap for target %s contains a key that begins with AWS: %s.", *t.Id, name)
		}
	}
	m, err := input.Template(*t.InputTransformer.InputTemplate, paths)
	if placeholder := input.PlaceholderError(""); errors.As(err, &placeholder) {
		return nil, errValidation("InputTemplate for target %s contains %v.", *t.Id, err)
	}
	if err != nil {
		return nil, errValidation("InputPathsMap for target %s is not valid. Reason: %v.", *t.Id, err)
	}
	return m, nil
}
