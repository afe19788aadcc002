// Package eventbridge is Amazon EventBridge: event buses, rules by pattern and
// by schedule, and their targets, as
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/ has them.
//
// Archives, replays, connections, API destinations, global endpoints and
// partner event sources are not here, and are unknown operations. Targets are
// functions, queues, topics and the account's other buses; those of other
// services are refused by name, as are customer-managed keys and the logs of a
// bus. Pipes and Scheduler are other services of AWS's.
//
// What holds:
//
//   - PutEvents is one transaction, with all that follows: the messages, the
//     invocations, the dead letters. What it answered for is on disk.
//   - An event reaches a target in the transaction that brings it, so there is
//     nothing to try again: a target that is gone or does not permit it is an
//     error that AWS does not retry either, and the event goes to the target's
//     dead-letter queue at once. RetryPolicy is kept and shown.
//   - A schedule fires once each time, in the transaction that sets its next
//     time. Of the times that pass while the runtime is down, the first is made
//     up for at the start, and the others are not.
//   - Events that pass from bus to bus end after a few buses and do not come
//     back to one that they were on, so that rules cannot feed themselves.
package eventbridge

import (
	"log/slog"
	"sync"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config says where the buses are.
type Config struct {
	Account string // twelve digits
	Region  string
	Router  *event.Router
	Metrics event.Metrics // nil: event.NoMetrics{}
	Logger  *slog.Logger  // nil: slog.Default()
}

// Service holds the buses of one account in one region.
type Service struct {
	store *store.Store
	cfg   Config
	cache sync.Map // bus name to *ruleset, as last read
}

var _ event.Target = (*Service)(nil)

// New binds the service to the store. Its schedules begin with the store's Run.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{store: st, cfg: cfg}
	st.OnTimer(scheduleTimer, s.fire)
	return s
}

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:        "events",
		Protocols: []wire.Protocol{wire.JSON11},
		Target:    "AWSEvents",
		Version:   "2015-10-07",
		Operations: []wire.Operation{
			wire.Op("CreateEventBus", s.CreateEventBus),
			wire.Op("DeleteEventBus", s.DeleteEventBus),
			wire.Op("DeleteRule", s.DeleteRule),
			wire.Op("DescribeEventBus", s.DescribeEventBus),
			wire.Op("DescribeRule", s.DescribeRule),
			wire.Op("DisableRule", s.DisableRule),
			wire.Op("EnableRule", s.EnableRule),
			wire.Op("ListEventBuses", s.ListEventBuses),
			wire.Op("ListRuleNamesByTarget", s.ListRuleNamesByTarget),
			wire.Op("ListRules", s.ListRules),
			wire.Op("ListTagsForResource", s.ListTagsForResource),
			wire.Op("ListTargetsByRule", s.ListTargetsByRule),
			wire.Op("PutEvents", s.PutEvents),
			wire.Op("PutPermission", s.PutPermission),
			wire.Op("PutRule", s.PutRule),
			wire.Op("PutTargets", s.PutTargets),
			wire.Op("RemovePermission", s.RemovePermission),
			wire.Op("RemoveTargets", s.RemoveTargets),
			wire.Op("TagResource", s.TagResource),
			wire.Op("TestEventPattern", s.TestEventPattern),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("UpdateEventBus", s.UpdateEventBus),
		},
	}
}
