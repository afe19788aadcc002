package lambda

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/lambda/fault"
)

// Limits of SQS event sources.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
const (
	defaultBatch = 10
	maxBatch     = 10000
	maxWindow    = 300 // seconds
	maxFilters   = 5
)

// asUpdate is what a new mapping shares with a changed one.
func asUpdate(in *lambda.CreateEventSourceMappingInput) *lambda.UpdateEventSourceMappingInput {
	u := &lambda.UpdateEventSourceMappingInput{
		BatchSize: in.BatchSize, MaximumBatchingWindowInSeconds: in.MaximumBatchingWindowInSeconds,
		FilterCriteria: in.FilterCriteria, FunctionResponseTypes: in.FunctionResponseTypes, ScalingConfig: in.ScalingConfig,
		AmazonManagedKafkaEventSourceConfig: in.AmazonManagedKafkaEventSourceConfig,
		BisectBatchOnFunctionError:          in.BisectBatchOnFunctionError, DestinationConfig: in.DestinationConfig,
		DocumentDBEventSourceConfig: in.DocumentDBEventSourceConfig, KMSKeyArn: in.KMSKeyArn, LoggingConfig: in.LoggingConfig,
		MaximumRecordAgeInSeconds: in.MaximumRecordAgeInSeconds, MaximumRetryAttempts: in.MaximumRetryAttempts,
		MetricsConfig: in.MetricsConfig, ParallelizationFactor: in.ParallelizationFactor,
		ProvisionedPollerConfig: in.ProvisionedPollerConfig, SelfManagedKafkaEventSourceConfig: in.SelfManagedKafkaEventSourceConfig,
		SourceAccessConfigurations: in.SourceAccessConfigurations, TumblingWindowInSeconds: in.TumblingWindowInSeconds,
	}
	return u
}

// change applies a request to the mapping.
func (m *mappingRow) change(in *lambda.UpdateEventSourceMappingInput) error {
	if err := checkMappingMembers(in); err != nil {
		return err
	}
	c := &m.Config
	set(&c.BatchSize, in.BatchSize)
	set(&c.MaximumBatchingWindowInSeconds, in.MaximumBatchingWindowInSeconds)
	if strings.HasSuffix(aws.ToString(c.EventSourceArn), ".fifo") && (*c.BatchSize > defaultBatch || *c.MaximumBatchingWindowInSeconds > 0) {
		return fault.Invalid("A FIFO queue has batches of at most 10 messages, and no batching window.")
	}
	if *c.BatchSize > defaultBatch && *c.MaximumBatchingWindowInSeconds == 0 {
		return fault.Invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	if in.FunctionResponseTypes != nil {
		c.FunctionResponseTypes = in.FunctionResponseTypes
	}
	if in.ScalingConfig != nil {
		c.ScalingConfig = nil
		if in.ScalingConfig.MaximumConcurrency != nil {
			c.ScalingConfig = in.ScalingConfig
		}
	}
	if in.FilterCriteria == nil {
		return nil
	}
	c.FilterCriteria = nil
	if len(in.FilterCriteria.Filters) > 0 {
		c.FilterCriteria = in.FilterCriteria
	}
	_, err := compileFilters(c.FilterCriteria)
	return err
}

func checkMappingMembers(in *lambda.UpdateEventSourceMappingInput) error {
	var v fault.Constraints
	v.Within("batchSize", in.BatchSize, 1, maxBatch)
	v.Within("maximumBatchingWindowInSeconds", in.MaximumBatchingWindowInSeconds, 0, maxWindow)
	if in.ScalingConfig != nil {
		v.Within("scalingConfig.maximumConcurrency", in.ScalingConfig.MaximumConcurrency, 2, 1000)
	}
	for _, t := range in.FunctionResponseTypes {
		if t != types.FunctionResponseTypeReportBatchItemFailures {
			v.Fail("functionResponseTypes", "["+string(t)+"]", "Member must satisfy constraint: ["+fault.MustBeEnum+"]", "ReportBatchItemFailures")
		}
	}
	if err := v.Err(); err != nil {
		return err
	}
	return checkForeign(in)
}

// checkForeign refuses what is for other event sources, or not in Runnel.
func checkForeign(in *lambda.UpdateEventSourceMappingInput) error {
	foreign := []struct {
		name string
		is   bool
	}{
		{"BisectBatchOnFunctionError", aws.ToBool(in.BisectBatchOnFunctionError)},
		{"MaximumRecordAgeInSeconds", in.MaximumRecordAgeInSeconds != nil},
		{"MaximumRetryAttempts", in.MaximumRetryAttempts != nil},
		{"ParallelizationFactor", in.ParallelizationFactor != nil},
		{"TumblingWindowInSeconds", in.TumblingWindowInSeconds != nil},
		{"DestinationConfig", in.DestinationConfig != nil},
		{"SourceAccessConfigurations", in.SourceAccessConfigurations != nil},
		{"AmazonManagedKafkaEventSourceConfig", in.AmazonManagedKafkaEventSourceConfig != nil},
		{"SelfManagedKafkaEventSourceConfig", in.SelfManagedKafkaEventSourceConfig != nil},
		{"DocumentDBEventSourceConfig", in.DocumentDBEventSourceConfig != nil},
	}
	for _, f := range foreign {
		if f.is {
			return fault.Invalid("%s is not valid for SQS event sources.", f.name)
		}
	}
	switch {
	case aws.ToString(in.KMSKeyArn) != "":
		return fault.NotSupported("KMSKeyArn")
	case in.MetricsConfig != nil && len(in.MetricsConfig.Metrics) > 0:
		return fault.NotSupported("MetricsConfig")
	case in.LoggingConfig != nil:
		return fault.NotSupported("LoggingConfig of an event source mapping")
	case in.ProvisionedPollerConfig != nil:
		return fault.NotSupported("ProvisionedPollerConfig")
	}
	return nil
}

func compileFilters(c *types.FilterCriteria) ([]*pattern.Pattern, error) {
	if c == nil {
		return nil, nil
	}
	if len(c.Filters) > maxFilters {
		return nil, fault.Invalid("Number of filters in FilterCriteria exceeds the limit of %d.", maxFilters)
	}
	var patterns []*pattern.Pattern
	for _, f := range c.Filters {
		p, err := pattern.Compile(aws.ToString(f.Pattern), pattern.Lambda)
		if err != nil {
			return nil, fault.Invalid("Invalid filter pattern definition. %v", err)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// The settings that a poller works by.
func (m *mappingRow) batchSize() int { return int(*m.Config.BatchSize) }

func (m *mappingRow) window() time.Duration {
	return time.Duration(*m.Config.MaximumBatchingWindowInSeconds) * time.Second
}

// concurrency is the most batches at once, 0 if the mapping does not say.
func (m *mappingRow) concurrency() int {
	if m.Config.ScalingConfig == nil {
		return 0
	}
	return int(aws.ToInt32(m.Config.ScalingConfig.MaximumConcurrency))
}

func (m *mappingRow) reportsFailures() bool {
	return slices.Contains(m.Config.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures)
}
