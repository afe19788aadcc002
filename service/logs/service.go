// Package logs is Amazon CloudWatch Logs: groups, streams, events, retention,
// and the filter patterns by which they are searched.
//
// What functions print is kept here by Append, and is read back with
// GetLogEvents and FilterLogEvents, on which `aws logs tail` stands. Live
// tail, Insights, metric and subscription filters, and exports are not here,
// and are unknown operations. A KMS key is kept and shown, and encrypts nothing;
// sizes of what is stored are shown as 0.
//
// What holds:
//
//   - An event is found by group and time, and by stream and time, or by neither;
//     the two are written and removed together.
//   - The metrics that an event holds in the embedded metric format are kept in
//     the transaction that keeps the event.
package logs

import (
	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the service is told of the runtime that it is part of.
type Config struct {
	Account, Region string

	Metrics event.Metrics // nil: event.NoMetrics{}
}

// Service is CloudWatch Logs.
type Service struct {
	st  *store.Store
	cfg Config
}

var _ event.Logs = (*Service)(nil)

// New returns the service. Nothing runs yet.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	s := &Service{st: st, cfg: cfg}
	st.OnTimer(retentionTimer, s.expire)
	return s
}

// API is the service's surface.
func (s *Service) API() wire.API {
	return wire.API{
		ID:         "logs",
		Protocols:  []wire.Protocol{wire.JSON11},
		Target:     "Logs_20140328",
		LowerCamel: true,
		MaxBody:    maxBatchBytes + 1<<20,
		Operations: []wire.Operation{
			wire.Op("CreateLogGroup", s.CreateLogGroup),
			wire.Op("DeleteLogGroup", s.DeleteLogGroup),
			wire.Op("DescribeLogGroups", s.DescribeLogGroups),
			wire.Op("PutRetentionPolicy", s.PutRetentionPolicy),
			wire.Op("DeleteRetentionPolicy", s.DeleteRetentionPolicy),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("ListTagsForResource", s.ListTagsForResource),
			wire.Op("TagLogGroup", s.TagLogGroup),
			wire.Op("UntagLogGroup", s.UntagLogGroup),
			wire.Op("ListTagsLogGroup", s.ListTagsLogGroup),
			wire.Op("CreateLogStream", s.CreateLogStream),
			wire.Op("DeleteLogStream", s.DeleteLogStream),
			wire.Op("DescribeLogStreams", s.DescribeLogStreams),
			wire.Op("PutLogEvents", s.PutLogEvents),
			wire.Op("GetLogEvents", s.GetLogEvents),
			wire.Op("FilterLogEvents", s.FilterLogEvents),
		},
	}
}
