package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/series"
)

// Limits of names, from the service's model, and of values, from
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html.
const (
	maxName           = 255  // characters of a namespace, metric name or dimension name
	maxDimensionValue = 1024 // characters
	maxDimensions     = 30
	maxValue          = 1 << 360
	unitNone          = string(types.StandardUnitNone)
)

// name checks a text that must be there: printable ASCII, up to limit
// characters.
func (f *faults) name(s *string, parameter string, limit int) {
	switch v := aws.ToString(s); {
	case v == "":
		f.required(parameter)
	case len(v) > limit:
		f.add(codeValue, "The parameter %s must be shorter than %d characters.", parameter, limit+1)
	case strings.IndexFunc(v, func(r rune) bool { return r > '~' }) >= 0:
		f.add(codeValue, "The value for parameter %s contains non-ASCII characters.", parameter)
	case strings.IndexFunc(v, func(r rune) bool { return r < ' ' }) >= 0:
		f.add(codeValue, "The value for parameter %s contains control characters.", parameter)
	}
}

func (f *faults) namespace(s *string, parameter string) {
	f.name(s, parameter, maxName)
	if strings.HasPrefix(aws.ToString(s), ":") {
		f.add(codeValue, "The parameter %s must not start with a colon.", parameter)
	}
}

// dimensions checks the dimensions of a metric.
func (f *faults) dimensions(list []types.Dimension, parameter string) {
	f.size(parameter, len(list), maxDimensions)
	seen := make(map[string]bool, len(list))
	for i, d := range list {
		f.name(d.Name, fmt.Sprintf("%s.member.%d.Name", parameter, i+1), maxName)
		f.name(d.Value, fmt.Sprintf("%s.member.%d.Value", parameter, i+1), maxDimensionValue)
		if strings.HasPrefix(aws.ToString(d.Name), ":") {
			f.value(*d.Name, fmt.Sprintf("%s.member.%d.Name", parameter, i+1))
		}
		if seen[aws.ToString(d.Name)] {
			f.add(codeValue, "No Metric may specify the same dimension twice.")
		}
		seen[aws.ToString(d.Name)] = true
	}
}

func (f *faults) unit(u types.StandardUnit, parameter string) {
	if u != "" && !slices.Contains(u.Values(), u) {
		f.add(codeValue, "The parameter %s must be a value in the set %v.", parameter, u.Values())
	}
}

// number checks that v is a value that CloudWatch takes.
func (f *faults) number(v float64, parameter string) {
	if !(math.Abs(v) <= maxValue) {
		f.value(v, parameter)
	}
}

// period checks a granularity in seconds.
func (f *faults) period(p *int32, parameter string) {
	switch {
	case p == nil:
		f.required(parameter)
	case *p < 1:
		f.add(codeValue, "The parameter %s must be greater than 0.", parameter)
	case *p < 60 && !slices.Contains([]int32{1, 5, 10, 20, 30}, *p):
		f.add(codeValue, "The parameter %s must be 1, 5, 10, 20, 30, or a multiple of 60.", parameter)
	case *p > 60 && *p%60 != 0:
		f.add(codeValue, "The parameter %s must be a multiple of 60.", parameter)
	}
}

// interval checks the times between which data is asked for.
func (f *faults) interval(start, end *time.Time) {
	switch {
	case start == nil:
		f.required("StartTime")
	case end == nil:
		f.required("EndTime")
	case start.Equal(*end):
		f.add(codeValue, "The parameter StartTime must not equal parameter EndTime.")
	case start.After(*end):
		f.add(codeValue, "The parameter StartTime must be less than the parameter EndTime.")
	}
}

// metricOf is the series that a request names.
func metricOf(namespace, name *string, dimensions []types.Dimension) series.Metric {
	m := series.Metric{Namespace: aws.ToString(namespace), Name: aws.ToString(name)}
	for _, d := range dimensions {
		m.Dimensions = append(m.Dimensions, series.Dimension{Name: aws.ToString(d.Name), Value: aws.ToString(d.Value)})
	}
	return m
}

func seconds(p *int32) time.Duration { return time.Duration(aws.ToInt32(p)) * time.Second }
