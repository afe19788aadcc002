package alarm

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
)

// invocation is an event as a function gets it
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html).
type invocation struct {
	Source    string `json:"source"`
	AlarmArn  string `json:"alarmArn"`
	AccountID string `json:"accountId"`
	Time      string `json:"time"`
	Region    string `json:"region"`
	Data      detail `json:"alarmData"`
}

type detail struct {
	AlarmName     string        `json:"alarmName"`
	State         detailState   `json:"state"`
	PreviousState detailState   `json:"previousState"`
	Configuration configuration `json:"configuration"`
}

type detailState struct {
	Value            types.StateValue          `json:"value"`
	Reason           string                    `json:"reason"`
	ReasonData       string                    `json:"reasonData,omitempty"`
	Timestamp        string                    `json:"timestamp"`
	SuppressedBy     types.ActionsSuppressedBy `json:"actionsSuppressedBy,omitempty"`
	SuppressedReason string                    `json:"actionsSuppressedReason,omitempty"`
}

type configuration struct {
	Description *string       `json:"description,omitempty"`
	Metrics     []detailQuery `json:"metrics,omitempty"`

	AlarmRule  string `json:"alarmRule,omitempty"`
	Suppressor string `json:"actionsSuppressor,omitempty"`
	Wait       int32  `json:"actionsSuppressorWaitPeriod,omitempty"`
	Extension  int32  `json:"actionsSuppressorExtensionPeriod,omitempty"`
}

type detailQuery struct {
	ID         string      `json:"id"`
	Expression string      `json:"expression,omitempty"`
	Label      string      `json:"label,omitempty"`
	MetricStat *detailStat `json:"metricStat,omitempty"`
	Period     int32       `json:"period,omitempty"`
	ReturnData bool        `json:"returnData"`
}

type detailStat struct {
	Metric struct {
		Namespace  string            `json:"namespace"`
		Name       string            `json:"name"`
		Dimensions map[string]string `json:"dimensions"`
	} `json:"metric"`
	Period int32  `json:"period"`
	Stat   string `json:"stat"`
	Unit   string `json:"unit,omitempty"`
}

// Event is the "CloudWatch Alarm State Change" that an event bus gets, under
// an id.
func (c Change) Event(id string) []byte {
	return []byte(document(c.envelope(id, "CloudWatch Alarm State Change", c.State.Updated, c.detail(id))))
}

// envelope is an event as event buses get it
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html).
func (c Change) envelope(id, detailType string, at time.Time, detail any) event.Envelope[any] {
	return event.Envelope[any]{
		Version: "0", ID: id, DetailType: detailType, Source: "aws.cloudwatch", Account: c.Account,
		Time: at.UTC().Format(event.EnvelopeTime), Region: c.Region, Resources: []string{c.Arn}, Detail: detail,
	}
}

// Invocation is the event that a function gets. The id is for what has none of
// its own: the query of an alarm of a single metric.
func (c Change) Invocation(id string) []byte {
	return []byte(document(invocation{
		Source: "aws.cloudwatch", AlarmArn: c.Arn, AccountID: c.Account, Time: stamp(c.State.Updated),
		Region: c.Region, Data: c.detail(id),
	}))
}

func (c Change) detail(id string) detail {
	d := detail{
		AlarmName: c.Name, State: stateDetail(c.State), PreviousState: stateDetail(c.Old),
		Configuration: configuration{Description: c.Description},
	}
	if k := c.Composite; k != nil {
		d.State.SuppressedBy = k.SuppressedBy
		d.State.SuppressedReason = Suppression(k.SuppressedBy)
		d.Configuration.AlarmRule, d.Configuration.Suppressor = k.Rule, k.Suppressor
		d.Configuration.Wait, d.Configuration.Extension = k.Wait, k.Extension
		return d
	}
	for _, q := range c.Metric.Queries {
		item := q.detail()
		if item.ID == "" {
			item.ID = id
		}
		d.Configuration.Metrics = append(d.Configuration.Metrics, item)
	}
	return d
}

func stateDetail(s State) detailState {
	return detailState{Value: s.Value, Reason: s.Reason, ReasonData: s.Data, Timestamp: stamp(s.Updated)}
}

func (q Query) detail() detailQuery {
	out := detailQuery{ID: q.ID, Expression: q.Expression, Label: q.Label, Period: q.Period, ReturnData: q.ReturnData}
	if s := q.Stat; s != nil {
		out.MetricStat = &detailStat{Period: s.Period, Stat: s.Statistic, Unit: s.Unit}
		out.MetricStat.Metric.Namespace, out.MetricStat.Metric.Name = s.Namespace, s.Name
		out.MetricStat.Metric.Dimensions = map[string]string{}
		for _, d := range s.Dimensions {
			out.MetricStat.Metric.Dimensions[d.Name] = d.Value
		}
	}
	return out
}

// Suppression says what kept actions from being performed.
func Suppression(by types.ActionsSuppressedBy) string {
	if by == "" {
		return ""
	}
	return "Actions suppressed by " + string(by)
}

// triggering is StateReasonData of a composite alarm.
type triggering struct {
	Alarms []triggeringAlarm `json:"triggeringAlarms"`
}

type triggeringAlarm struct {
	Arn   string `json:"arn"`
	State struct {
		Value     types.StateValue `json:"value"`
		Timestamp string           `json:"timestamp"`
	} `json:"state"`
}

// Data is what triggered the last change, as a JSON document, for programs.
func (c *Composite) Data() string {
	t := triggering{Alarms: []triggeringAlarm{}}
	for _, child := range c.Triggers {
		a := triggeringAlarm{Arn: child.Arn}
		a.State.Value, a.State.Timestamp = child.Value, stamp(child.Time)
		t.Alarms = append(t.Alarms, a)
	}
	return document(t)
}

// raw is a document within another.
func raw(s string) json.RawMessage {
	if s == "" || !json.Valid([]byte(s)) {
		return nil
	}
	return json.RawMessage(s)
}
