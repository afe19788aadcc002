package alarm

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Alarm is an alarm and its state. It is one of the rows of configuration in
// the store: its fields keep their names and meaning.
type Alarm struct {
	Name                    string
	Arn                     string
	Description             *string `json:",omitempty"`
	ActionsEnabled          bool
	OKActions               []string          `json:",omitempty"`
	AlarmActions            []string          `json:",omitempty"`
	InsufficientDataActions []string          `json:",omitempty"`
	Updated                 time.Time         // when it was last configured
	Tags                    map[string]string `json:",omitempty"`

	State State

	Metric    *Metric    `json:",omitempty"` // of a metric alarm
	Composite *Composite `json:",omitempty"` // of a composite alarm
}

// State is that which an alarm is in.
type State struct {
	Value        types.StateValue
	Reason       string
	Data         string    `json:",omitempty"` // a JSON document
	Updated      time.Time // when it was last set, be it to the same value
	Transitioned time.Time // when the value changed
}

// Metric is what a metric alarm watches, and how.
type Metric struct {
	Test
	Queries []Query
	// Single says that there is one query, which was given as MetricName and
	// not as Metrics; it has no ID then.
	Single bool `json:",omitempty"`
}

// Query is an item of Metrics.
type Query struct {
	ID         string `json:",omitempty"`
	Label      string `json:",omitempty"`
	Expression string `json:",omitempty"`
	Stat       *Stat  `json:",omitempty"` // if it is no expression
	ReturnData bool   `json:",omitempty"`

	// Period is that of an expression, if it was given one, in seconds.
	Period int32 `json:",omitempty"`
}

// Stat is a statistic of a metric.
type Stat struct {
	Namespace  string
	Name       string
	Dimensions []Dimension `json:",omitempty"`
	Period     int32       // seconds
	Statistic  string      // Average, p99, ...
	Unit       string      `json:",omitempty"`
}

// Dimension is one of a metric's.
type Dimension struct{ Name, Value string }

// Composite is the rule of a composite alarm, and what keeps its actions from
// being performed.
type Composite struct {
	Rule       string
	Suppressor string `json:",omitempty"` // name or ARN of an alarm
	Wait       int32  `json:",omitempty"` // seconds
	Extension  int32  `json:",omitempty"` // seconds

	// SuppressedBy is why the last change of state had no actions, if it had
	// none.
	SuppressedBy types.ActionsSuppressedBy `json:",omitempty"`
	// Acted is the state before the changes whose actions are suppressed. If
	// the alarm is back in it when the suppression ends, there is nothing to
	// tell.
	Acted State
	// Triggers are the children that brought the last change of state about.
	Triggers []Trigger `json:",omitempty"`
}

// Trigger is a child whose change of state changed a composite alarm's.
type Trigger struct {
	Arn   string
	Value types.StateValue
	Time  time.Time
}

// Watched is the query whose result is compared with the threshold.
func (m *Metric) Watched() *Query {
	i := slices.IndexFunc(m.Queries, func(q Query) bool { return q.ReturnData })
	return &m.Queries[max(0, i)]
}

// Seconds is the period that data points have.
func (m *Metric) Seconds() int32 {
	if q := m.Watched(); q.Stat != nil {
		return q.Stat.Period
	} else if q.Period != 0 {
		return q.Period
	}
	for _, q := range m.Queries {
		if q.Stat != nil {
			return q.Stat.Period
		}
	}
	return 60
}

// Actions are those of a state.
func (a *Alarm) Actions(state types.StateValue) []string {
	switch state {
	case types.StateValueOk:
		return a.OKActions
	case types.StateValueAlarm:
		return a.AlarmActions
	}
	return a.InsufficientDataActions
}

// Type is the alarm's in requests and answers.
func (a *Alarm) Type() types.AlarmType {
	if a.Composite != nil {
		return types.AlarmTypeCompositeAlarm
	}
	return types.AlarmTypeMetricAlarm
}
