package alarm

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Change is an alarm that has changed its state, from Old to that which it is
// in. It is what is told to the alarm's actions.
type Change struct {
	*Alarm
	Old     State
	Account string
	Region  string
}

// Subject is that of a notification.
func (c Change) Subject() string {
	subject := string(c.State.Value) + `: "` + c.Name + `" in ` + RegionName(c.Region)
	if r := []rune(subject); len(r) > maxSubject {
		return string(r[:maxSubject-3]) + "..."
	}
	return subject
}

// maxSubject is the length to which SNS limits a subject.
const maxSubject = 100

// notification is what a topic gets of a metric alarm.
type notification struct {
	AlarmName                          string
	AlarmDescription                   *string
	AWSAccountId                       string
	AlarmConfigurationUpdatedTimestamp string
	NewStateValue                      types.StateValue
	NewStateReason                     string
	StateChangeTime                    string
	Region                             string
	AlarmArn                           string
	OldStateValue                      types.StateValue
	OKActions                          []string
	AlarmActions                       []string
	InsufficientDataActions            []string
	Trigger                            trigger
}

// trigger is what the alarm watches: a metric, or Metrics.
type trigger struct {
	MetricName                       string       `json:",omitempty"`
	Namespace                        string       `json:",omitempty"`
	StatisticType                    string       `json:",omitempty"`
	Statistic                        string       `json:",omitempty"`
	ExtendedStatistic                string       `json:",omitempty"`
	Unit                             *unit        `json:",omitempty"`
	Dimensions                       *[]dimension `json:",omitempty"`
	Period                           int32
	EvaluationPeriods                int
	DatapointsToAlarm                int `json:",omitempty"`
	ComparisonOperator               types.ComparisonOperator
	Threshold                        double
	TreatMissingData                 string
	EvaluateLowSampleCountPercentile string
	Metrics                          []triggerQuery `json:",omitempty"`
}

type dimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// unit is null where the alarm names none.
type unit string

func (u unit) MarshalJSON() ([]byte, error) {
	if u == "" {
		return []byte("null"), nil
	}
	return []byte(document(string(u))), nil
}

type triggerQuery struct {
	Expression string `json:",omitempty"`
	Id         string
	Label      string       `json:",omitempty"`
	MetricStat *triggerStat `json:",omitempty"`
	Period     int32        `json:",omitempty"`
	ReturnData bool
}

type triggerStat struct {
	Metric struct {
		Dimensions []dimension
		MetricName string
		Namespace  string
	}
	Period int32
	Stat   string
	Unit   string `json:",omitempty"`
}

// compositeNotification is what a topic gets of a composite alarm.
type compositeNotification struct {
	AlarmName               string
	AlarmDescription        *string
	AWSAccountId            string
	NewStateValue           types.StateValue
	NewStateReason          string
	StateChangeTime         string
	Region                  string
	AlarmArn                string
	OKActions               []string
	AlarmActions            []string
	InsufficientDataActions []string
	OldStateValue           types.StateValue
	AlarmRule               string
	TriggeringChildren      []triggeringChild
}

type triggeringChild struct {
	Arn   string
	State struct {
		Value     types.StateValue
		Timestamp string
	}
}

// Notification is the message that a topic gets.
func (c Change) Notification() string {
	if c.Composite != nil {
		return c.compositeNotification()
	}
	return document(notification{
		AlarmName: c.Name, AlarmDescription: c.Description, AWSAccountId: c.Account,
		AlarmConfigurationUpdatedTimestamp: stamp(c.Updated),
		NewStateValue:                      c.State.Value, NewStateReason: c.State.Reason, StateChangeTime: stamp(c.State.Updated),
		Region: RegionName(c.Region), AlarmArn: c.Arn, OldStateValue: c.Old.Value,
		OKActions: list(c.OKActions), AlarmActions: list(c.AlarmActions), InsufficientDataActions: list(c.InsufficientDataActions),
		Trigger: c.Metric.trigger(),
	})
}

func (c Change) compositeNotification() string {
	n := compositeNotification{
		AlarmName: c.Name, AlarmDescription: c.Description, AWSAccountId: c.Account,
		NewStateValue: c.State.Value, NewStateReason: c.State.Reason, StateChangeTime: stamp(c.State.Updated),
		Region: RegionName(c.Region), AlarmArn: c.Arn, OldStateValue: c.Old.Value,
		OKActions: list(c.OKActions), AlarmActions: list(c.AlarmActions), InsufficientDataActions: list(c.InsufficientDataActions),
		AlarmRule: c.Composite.Rule, TriggeringChildren: []triggeringChild{},
	}
	for _, t := range c.Composite.Triggers {
		child := triggeringChild{Arn: t.Arn}
		child.State.Value, child.State.Timestamp = t.Value, stamp(t.Time)
		n.TriggeringChildren = append(n.TriggeringChildren, child)
	}
	return document(n)
}

func (m *Metric) trigger() trigger {
	t := trigger{
		Period: m.Seconds(), EvaluationPeriods: m.Periods, DatapointsToAlarm: m.Datapoints,
		ComparisonOperator: m.Comparison, Threshold: double(m.Threshold),
		TreatMissingData: m.Missing, EvaluateLowSampleCountPercentile: m.LowSamples,
	}
	if !m.Single {
		for _, q := range m.Queries {
			t.Metrics = append(t.Metrics, q.trigger())
		}
		return t
	}
	s := m.Queries[0].Stat
	u, d := unit(s.Unit), dimensions(s.Dimensions)
	t.MetricName, t.Namespace, t.Unit, t.Dimensions = s.Name, s.Namespace, &u, &d
	if IsStatistic(s.Statistic) {
		t.StatisticType, t.Statistic = "Statistic", shouted(s.Statistic)
	} else {
		t.StatisticType, t.ExtendedStatistic = "ExtendedStatistic", s.Statistic
	}
	return t
}

func (q Query) trigger() triggerQuery {
	out := triggerQuery{Expression: q.Expression, Id: q.ID, Label: q.Label, Period: q.Period, ReturnData: q.ReturnData}
	if s := q.Stat; s != nil {
		out.MetricStat = &triggerStat{Period: s.Period, Stat: s.Statistic, Unit: s.Unit}
		out.MetricStat.Metric.Dimensions = dimensions(s.Dimensions)
		out.MetricStat.Metric.MetricName, out.MetricStat.Metric.Namespace = s.Name, s.Namespace
	}
	return out
}

// IsStatistic reports whether s is a Statistic, as opposed to an
// ExtendedStatistic.
func IsStatistic(s string) bool {
	switch types.Statistic(s) {
	case types.StatisticSampleCount, types.StatisticAverage, types.StatisticSum, types.StatisticMinimum, types.StatisticMaximum:
		return true
	}
	return false
}

// shouted is a Statistic as notifications write it.
func shouted(s string) string {
	if s == string(types.StatisticSampleCount) {
		return "SAMPLE_COUNT"
	}
	return strings.ToUpper(s)
}

func dimensions(list []Dimension) []dimension {
	out := []dimension{}
	for _, d := range list {
		out = append(out, dimension{d.Value, d.Name})
	}
	return out
}

// list is never null in a document.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Transition says why a composite alarm changed: a child did, at a time.
func Transition(child string, to types.StateValue, at time.Time) string {
	return child + " transitioned to " + string(to) + " at " + at.UTC().Format("Monday 02 January, 2006 15:04:05 MST")
}

// Evaluation says why a composite alarm has the state that it has after it was
// created or updated.
func Evaluation(arn, happened string, state types.StateValue) string {
	return arn + " was " + happened + " and its alarm rule evaluates to " + string(state)
}
