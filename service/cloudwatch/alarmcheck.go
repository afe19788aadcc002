package cloudwatch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/wire"
)

// Limits of alarms, from the service's model and from
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
const (
	maxDescription  = 1024
	maxActions      = 5 // of a state
	maxActionLength = 1024
	maxAlarmQueries = 20 // of which 10 metrics and 10 expressions
	maxAlarmMetrics = 10
	daySeconds      = 24 * 60 * 60
	weekSeconds     = 7 * daySeconds
)

func errValidation(format string, args ...any) error {
	return wire.Errorf(codeValidation, format, args...)
}

// text checks a text that must be there, by its length in characters.
func (f *faults) text(s *string, parameter string, least, most int) {
	n := len([]rune(aws.ToString(s)))
	switch {
	case s == nil:
		f.required(parameter)
	case n < least:
		f.constraint(*s, parameter, "Member must have length greater than or equal to %d", least)
	case n > most:
		f.constraint(*s, parameter, "Member must have length less than or equal to %d", most)
	}
}

// constraint says, in AWS's words, that a value is not what the model allows.
func (f *faults) constraint(value any, parameter, format string, args ...any) {
	f.add(codeValidation, "1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s",
		value, strings.ToLower(parameter[:1])+parameter[1:], fmt.Sprintf(format, args...))
}

// checkOneOf checks a value that must be one of a few.
func checkOneOf[T ~string](f *faults, v T, parameter string, of []T) {
	if v == "" {
		f.required(parameter)
	} else if !slices.Contains(of, v) {
		f.constraint(v, parameter, "Member must satisfy enum value set: %s", joined(of))
	}
}

// joined is a set of values in AWS's way of writing one in a text.
func joined[T ~string](values []T) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (f *faults) notNegative(n int32, parameter string) {
	if n < 0 {
		f.constraint(n, parameter, "Member must have value greater than or equal to 0")
	}
}

// unsupported says that Runnel does not have what a parameter asks for.
func (f *faults) unsupported(parameter, instead string) {
	f.add(codeValidation, "The parameter %s is not supported by Runnel.%s", parameter, instead)
}

// commonAlarm is what metric alarms and composite alarms have both.
type commonAlarm struct {
	name, description *string
	enabled           *bool
	ok, alarm, gone   []string
	tags              []types.Tag
	region            string
}

// common checks that, and makes an alarm of it.
func (f *faults) common(in *commonAlarm) *alarm.Alarm {
	if strings.ContainsFunc(aws.ToString(in.name), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		f.add(codeValidation, "The value for parameter AlarmName contains control characters.")
	}
	if in.description != nil {
		f.text(in.description, "AlarmDescription", 0, maxDescription)
	}
	f.actions(in.ok, "OKActions", in.region)
	f.actions(in.alarm, "AlarmActions", in.region)
	f.actions(in.gone, "InsufficientDataActions", in.region)
	return &alarm.Alarm{
		Name: aws.ToString(in.name), Description: in.description, ActionsEnabled: in.enabled == nil || *in.enabled,
		OKActions: in.ok, AlarmActions: in.alarm, InsufficientDataActions: in.gone, Tags: f.tags(in.tags),
	}
}

// actions checks what is to be told of a state. Whether a topic or a function
// is there shows when it is told, as at CloudWatch.
func (f *faults) actions(list []string, parameter, region string) {
	if len(list) > maxActions {
		f.constraint(joined(list), parameter, "Member must have length less than or equal to %d", maxActions)
	}
	for _, s := range list {
		a, err := arn.Parse(s)
		switch {
		case err != nil || a.Resource == "" || len(s) > maxActionLength:
			f.add(codeValidation, "Invalid arn syntax: %s", s)
		case a.Service != "sns" && a.Service != "lambda":
			f.add(codeValidation, "The action %s in %s is not supported by Runnel: alarms can notify SNS topics and invoke Lambda functions.", s, parameter)
		case a.Region != region:
			f.add(codeValidation, "Invalid region %s specified. Only %s is supported.", a.Region, region)
		}
	}
}

// Limits of tags
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Tag.html).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func (f *faults) tags(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	f.size("Tags", len(list), maxTags)
	out := make(map[string]string, len(list))
	for i, t := range list {
		f.text(t.Key, fmt.Sprintf("Tags.member.%d.Key", i+1), 1, maxTagKey)
		f.text(t.Value, fmt.Sprintf("Tags.member.%d.Value", i+1), 0, maxTagValue)
		if _, twice := out[aws.ToString(t.Key)]; twice {
			f.add(codeValue, "The values for parameter Key in Tags are not unique.")
		}
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}
