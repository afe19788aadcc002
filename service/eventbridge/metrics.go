package eventbridge

import (
	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// namespace is that of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html.
const namespace = "AWS/Events"

// observe counts something that happens with a rule, once it is committed.
func (s *Service) observe(tx *store.Tx, name string, r *rule) {
	m := event.Metric{Namespace: namespace, Name: name, Unit: "Count"}
	m.Dimensions[0] = event.Dimension{Name: "RuleName", Value: r.name}
	if r.bus != defaultBus {
		m.Dimensions[1] = m.Dimensions[0]
		m.Dimensions[0] = event.Dimension{Name: "EventBusName", Value: r.bus}
	}
	tx.OnCommit(func() { s.cfg.Metrics.Observe(m, 1) })
}

// countEntries counts a request of PutEvents.
func (s *Service) countEntries(all, failed int) {
	for name, n := range map[string]int{
		"PutEventsApproximateCallCount": 1,
		"PutEventsEntriesCount":         all,
		"PutEventsFailedEntriesCount":   failed,
	} {
		s.cfg.Metrics.Observe(event.Metric{Namespace: namespace, Name: name, Unit: "Count"}, float64(n))
	}
}
