// Package metrics is what API Gateway measures of the calls of an API, as
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
// has it. There are no caches, so nothing of them is measured.
package metrics

import (
	"time"

	"github.com/runnel/runnel/event"
)

const namespace = "AWS/ApiGateway"

// Series are those to which calls of one stage count.
type Series struct {
	of   [3]event.Dimensions
	used int
}

// Of is the series of an API, and of one of its stages.
func Of(api, stage string) Series {
	s := Series{used: 2}
	s.of[0][0] = event.Dimension{Name: "ApiName", Value: api}
	s.of[1] = s.of[0]
	s.of[1][1] = event.Dimension{Name: "Stage", Value: stage}
	return s
}

// Detailed adds the series of a method, which a stage has if detailed metrics
// are enabled for it. The method is as the API has it: ANY, if that is what
// the call met.
func (s Series) Detailed(method, resource string) Series {
	api, stage := s.of[1][0], s.of[1][1]
	s.of[2] = event.Dimensions{api, {Name: "Method", Value: method}, {Name: "Resource", Value: resource}, stage}
	s.used = 3
	return s
}

// Call is a call that was answered.
type Call struct {
	Status      int
	Latency     time.Duration // from the arrival of the request
	Integration time.Duration // what of it was the backend's; 0 if none was asked
}

// Observe counts a call. Errors have a value for each call, so that their
// averages are rates.
func (s *Series) Observe(m event.Metrics, c Call) {
	s.observe(m, "Count", "Count", 1)
	s.observe(m, "4XXError", "Count", oneIf(c.Status/100 == 4))
	s.observe(m, "5XXError", "Count", oneIf(c.Status/100 == 5))
	s.observe(m, "Latency", "Milliseconds", milliseconds(c.Latency))
	if c.Integration > 0 {
		s.observe(m, "IntegrationLatency", "Milliseconds", milliseconds(c.Integration))
	}
}

func (s *Series) observe(m event.Metrics, name, unit string, value float64) {
	for i := range s.of[:s.used] {
		m.Observe(event.Metric{Namespace: namespace, Name: name, Unit: unit, Dimensions: s.of[i]}, value)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
