package alarm

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// configurationChange is what an event bus gets when an alarm is created,
// updated or deleted
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html).
type configurationChange struct {
	AlarmName string        `json:"alarmName"`
	Operation string        `json:"operation"` // create, update, delete
	State     briefState    `json:"state"`
	Now       *fullSettings `json:"configuration"`
	Before    *fullSettings `json:"previousConfiguration,omitempty"`
}

// briefState is a state without its reason.
type briefState struct {
	SuppressedBy types.ActionsSuppressedBy `json:"actionsSuppressedBy,omitempty"`
	Value        types.StateValue          `json:"value"`
	Timestamp    string                    `json:"timestamp"`
}

// fullSettings is a configuration with all that a change of state leaves out.
type fullSettings struct {
	configuration
	AlarmName    string   `json:"alarmName"`
	Enabled      bool     `json:"actionsEnabled"`
	Timestamp    string   `json:"timestamp"`
	OK           []string `json:"okActions"`
	Alarm        []string `json:"alarmActions"`
	Insufficient []string `json:"insufficientDataActions"`

	Periods    int      `json:"evaluationPeriods,omitempty"`
	Datapoints int      `json:"datapointsToAlarm,omitempty"`
	Threshold  *float64 `json:"threshold,omitempty"`
	Comparison string   `json:"comparisonOperator,omitempty"`
	Missing    string   `json:"treatMissingData,omitempty"`
	LowSamples string   `json:"evaluateLowSampleCountPercentile,omitempty"`
}

// ConfigurationEvent is the "CloudWatch Alarm Configuration Change" that an
// event bus gets, under an id. The alarm's configuration was that of before, if
// it is an update.
func (c Change) ConfigurationEvent(id, operation string, before *Alarm, now time.Time) []byte {
	d := configurationChange{
		AlarmName: c.Name, Operation: operation, Now: c.settings(id),
		State: briefState{Value: c.State.Value, Timestamp: stamp(c.State.Updated)},
	}
	if c.Composite != nil {
		d.State.SuppressedBy = c.Composite.SuppressedBy
	}
	if before != nil {
		was := c
		was.Alarm = before
		d.Before = was.settings(id)
	}
	return []byte(document(c.envelope(id, "CloudWatch Alarm Configuration Change", now, d)))
}

func (c Change) settings(id string) *fullSettings {
	s := &fullSettings{
		configuration: c.detail(id).Configuration, AlarmName: c.Name, Enabled: c.ActionsEnabled, Timestamp: stamp(c.Updated),
		OK: list(c.OKActions), Alarm: list(c.AlarmActions), Insufficient: list(c.InsufficientDataActions),
	}
	if m := c.Metric; m != nil {
		s.Periods, s.Datapoints, s.Threshold, s.Comparison = m.Periods, m.Datapoints, &m.Threshold, string(m.Comparison)
		s.Missing, s.LowSamples = m.Missing, m.LowSamples
	}
	return s
}
