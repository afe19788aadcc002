package alarm

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Item is an entry of an alarm's history. It is a row in the store.
type Item struct {
	Name    string
	Alarm   types.AlarmType
	Type    types.HistoryItemType
	Time    time.Time
	Summary string
	Data    string // a JSON document
}

func (a *Alarm) item(now time.Time, t types.HistoryItemType, summary string, data any) Item {
	return Item{Name: a.Name, Alarm: a.Type(), Type: t, Time: now, Summary: summary, Data: document(data)}
}

// Configured is the entry for the alarm's being "Create"d, "Update"d or
// "Delete"d.
func (a *Alarm) Configured(how string, now time.Time) Item {
	data := configurationUpdate{Version: "1.0", Type: how}
	c := a.record()
	summary := "updated"
	switch how {
	case "Create":
		summary, data.Created = "created", c
	case "Delete":
		summary, data.Deleted = "deleted", c
	default:
		data.Changed = c
	}
	return a.item(now, types.HistoryItemTypeConfigurationUpdate, `Alarm "`+a.Name+`" `+summary, data)
}

type configurationUpdate struct {
	Version string  `json:"version"`
	Type    string  `json:"type"`
	Created *record `json:"createdAlarm,omitempty"`
	Changed *record `json:"updatedAlarm,omitempty"`
	Deleted *record `json:"deletedAlarm,omitempty"`
}

// record is a configuration as the history keeps it.
type record struct {
	Name         string           `json:"alarmName"`
	Description  *string          `json:"alarmDescription,omitempty"`
	Arn          string           `json:"alarmArn"`
	Updated      string           `json:"alarmConfigurationUpdatedTimestamp"`
	Namespace    string           `json:"namespace,omitempty"`
	MetricName   string           `json:"metricName,omitempty"`
	Statistic    string           `json:"statistic,omitempty"`
	Extended     string           `json:"extendedStatistic,omitempty"`
	Unit         string           `json:"unit,omitempty"`
	Period       int32            `json:"period,omitempty"`
	Dimensions   *[]dimension     `json:"dimensions,omitempty"`
	Metrics      []detailQuery    `json:"metrics,omitempty"`
	Threshold    *double          `json:"threshold,omitempty"`
	Comparison   string           `json:"comparisonOperator,omitempty"`
	Periods      int              `json:"evaluationPeriods,omitempty"`
	Datapoints   int              `json:"datapointsToAlarm,omitempty"`
	Missing      string           `json:"treatMissingData,omitempty"`
	LowSamples   string           `json:"evaluateLowSampleCountPercentile,omitempty"`
	Rule         string           `json:"alarmRule,omitempty"`
	Suppressor   string           `json:"actionsSuppressor,omitempty"`
	State        types.StateValue `json:"stateValue"`
	StateAt      string           `json:"stateUpdatedTimestamp"`
	Enabled      bool             `json:"actionsEnabled"`
	Alarm        []string         `json:"alarmActions"`
	Insufficient []string         `json:"insufficientDataActions"`
	OK           []string         `json:"okactions"`
}

func (a *Alarm) record() *record {
	r := &record{
		Name: a.Name, Description: a.Description, Arn: a.Arn, Updated: stamp(a.Updated),
		State: a.State.Value, StateAt: stamp(a.State.Updated), Enabled: a.ActionsEnabled,
		Alarm: list(a.AlarmActions), Insufficient: list(a.InsufficientDataActions), OK: list(a.OKActions),
	}
	if c := a.Composite; c != nil {
		r.Rule, r.Suppressor = c.Rule, c.Suppressor
		return r
	}
	threshold := double(a.Metric.Threshold)
	r.Threshold, r.Comparison = &threshold, string(a.Metric.Comparison)
	r.Periods, r.Datapoints = a.Metric.Periods, a.Metric.Datapoints
	r.Missing, r.LowSamples = a.Metric.Missing, a.Metric.LowSamples
	if !a.Metric.Single {
		for _, q := range a.Metric.Queries {
			r.Metrics = append(r.Metrics, q.detail())
		}
		return r
	}
	s := a.Metric.Queries[0].Stat
	d := dimensions(s.Dimensions)
	r.Namespace, r.MetricName, r.Period, r.Unit, r.Dimensions = s.Namespace, s.Name, s.Period, s.Unit, &d
	if IsStatistic(s.Statistic) {
		r.Statistic = s.Statistic
	} else {
		r.Extended = s.Statistic
	}
	return r
}

type stateUpdate struct {
	Version string      `json:"version"`
	Old     stateRecord `json:"oldState"`
	New     stateRecord `json:"newState"`
}

type stateRecord struct {
	Value  types.StateValue `json:"stateValue"`
	Reason string           `json:"stateReason"`
	Data   json.RawMessage  `json:"stateReasonData,omitempty"`
}

// Item is the change's own entry.
func (c Change) Item() Item {
	return c.item(c.State.Updated, types.HistoryItemTypeStateUpdate,
		"Alarm updated from "+string(c.Old.Value)+" to "+string(c.State.Value),
		stateUpdate{"1.0", stateRecord{c.Old.Value, c.Old.Reason, raw(c.Old.Data)}, stateRecord{c.State.Value, c.State.Reason, raw(c.State.Data)}})
}

type actionRecord struct {
	State    string  `json:"actionState"`
	Updated  int64   `json:"stateUpdateTimestamp"` // milliseconds
	Resource string  `json:"notificationResource"`
	Message  string  `json:"publishedMessage"`
	Error    *string `json:"error"`
}

// Action is the entry of an action that was performed with a message, or that
// failed if there is a reason.
func (c Change) Action(now time.Time, arn, message, failure string) Item {
	r := actionRecord{"Succeeded", c.State.Updated.UnixMilli(), arn, message, nil}
	summary := "Successfully executed action " + arn
	if failure != "" {
		r.State, r.Error = "Failed", &failure
		summary = "Failed to execute action " + arn + `. Received error: "` + failure + `"`
	}
	return c.item(now, types.HistoryItemTypeAction, summary, r)
}

// Published is a notification as the history tells of it: by protocol.
func (c Change) Published() string {
	return document(struct {
		Default string `json:"default"`
		SMS     string `json:"sms"`
	}{c.Notification(), c.Subject()})
}
