// Package cloudwatch is Amazon CloudWatch: metrics, what is computed from
// them, and alarms, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ has them.
//
// Metrics come in by PutMetricData, by the embedded metric format in log lines
// (package emf), and from Runnel's own services, which count in memory
// ([event.Metrics]). They lie in the store as package series says, each value
// as part of a distribution (package stat), so that every statistic can be
// told of any period. Expressions are computed by package math.
//
// Dashboards are kept and given back. Metric streams, anomaly detectors,
// insight rules, metric images and data of entities are not here; their
// operations are unknown, and what refers to them is refused by name.
//
// What holds:
//
//   - What PutMetricData acknowledged is on disk.
//   - What services observe costs them no more than memory. It is written when
//     the minute ends, and readers see it before: a crash takes a minute of it.
//   - Nobody wakes up when nothing happens, but once a minute for the levels
//     that services have sampled ([Service.Sample]).
package cloudwatch

import (
	"context"
	"log/slog"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the service is told of the runtime that it is part of.
type Config struct {
	Account string // twelve digits
	Region  string
	Router  *event.Router // of alarms' actions
	Logger  *slog.Logger  // nil: slog.Default()
}

// Service is CloudWatch of one account in one region.
type Service struct {
	store    *store.Store
	cfg      Config
	observed *observed
}

// New binds the service to the store. Timers begin with the store's Run.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{store: st, cfg: cfg, observed: newObserved(st)}
	series.Register(st)
	s.bindAlarms()
	return s
}

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:          "monitoring",
		Protocols:   []wire.Protocol{wire.RPCv2CBOR, wire.JSON10, wire.Query},
		Target:      "GraniteServiceVersion20100801",
		Version:     "2010-08-01",
		Namespace:   "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Shapes:      "com.amazonaws.cloudwatch",
		QueryErrors: queryErrors(),
		Status:      statuses(),
		MaxBody:     maxPutBytes,
		Unions:      alarmUnions(),
		Operations: append([]wire.Operation{
			wire.Op("DeleteDashboards", s.DeleteDashboards),
			wire.Op("GetDashboard", s.GetDashboard),
			wire.Op("GetMetricData", s.GetMetricData),
			wire.Op("GetMetricStatistics", s.GetMetricStatistics),
			wire.Op("ListDashboards", s.ListDashboards),
			wire.Op("ListMetrics", s.ListMetrics),
			wire.Op("PutDashboard", s.PutDashboard),
			wire.Op("PutMetricData", s.PutMetricData),
		}, s.alarmOperations()...),
	}
}

// Run writes what services observe as minutes end, until ctx ends. It returns
// when all is written.
func (s *Service) Run(ctx context.Context) error { return s.observed.run(ctx, s.cfg.Logger) }
