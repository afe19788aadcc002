// Package metrics is what Lambda measures of functions, as
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
// have it.
//
// An invocation that waits for a slot, as those from a backlog do, is not
// throttled: nobody has refused it. Metrics of provisioned concurrency, of
// recursion and of event source mappings are not here, nor are
// ClaimedAccountConcurrency and PostRuntimeExtensionsDuration.
package metrics

import (
	"time"

	"github.com/runnel/runnel/event"
)

const namespace = "AWS/Lambda"

// Units, as CloudWatch names them.
const (
	count        = "Count"
	milliseconds = "Milliseconds"
)

// Scope is the series to which what a function does counts: that of all
// functions, that of the function, and that of the function by the qualifier
// with which it was invoked. The zero Scope is that of all functions.
type Scope struct {
	series [4]event.Dimensions // the first has none
	more   int                 // of them used beside the first
}

// Of is the scope of a function that is invoked with a qualifier, or without one
// if that is "".
func Of(name, qualifier string) Scope {
	resource := name
	if qualifier != "" {
		resource += ":" + qualifier
	}
	s := Scope{more: 2}
	s.series[1][0] = event.Dimension{Name: "FunctionName", Value: name}
	s.series[2] = s.series[1]
	s.series[2][1] = event.Dimension{Name: "Resource", Value: resource}
	return s
}

// Executed adds the version that an alias which shifts traffic has chosen.
func (s Scope) Executed(version string) Scope {
	s.series[3] = s.series[2]
	s.series[3][2] = event.Dimension{Name: "ExecutedVersion", Value: version}
	s.more = 3
	return s
}

func (s *Scope) observe(m event.Metrics, name, unit string, value float64) {
	for i := range s.series[:s.more+1] {
		m.Observe(event.Metric{Namespace: namespace, Name: name, Unit: unit, Dimensions: s.series[i]}, value)
	}
}

// Invoked counts an invocation that a process took, and how it ended. Errors
// and Throttles have a value for each invocation, so that their averages are
// rates.
func (s *Scope) Invoked(m event.Metrics, d time.Duration, failed bool) {
	errors := 0.0
	if failed {
		errors = 1
	}
	s.observe(m, "Invocations", count, 1)
	s.observe(m, "Errors", count, errors)
	s.observe(m, "Throttles", count, 0)
	s.observe(m, "Duration", milliseconds, inMilliseconds(d))
}

// Throttled counts an invocation that was refused for want of a slot: it is
// neither an invocation nor an error.
func (s *Scope) Throttled(m event.Metrics) { s.observe(m, "Throttles", count, 1) }

// Received counts an asynchronous invocation that was accepted.
func (s *Scope) Received(m event.Metrics) { s.observe(m, "AsyncEventsReceived", count, 1) }

// Aged takes the age that an asynchronous invocation has when it is tried.
func (s *Scope) Aged(m event.Metrics, age time.Duration) {
	s.observe(m, "AsyncEventAge", milliseconds, inMilliseconds(age))
}

// Dropped counts an asynchronous invocation that was given up.
func (s *Scope) Dropped(m event.Metrics) { s.observe(m, "AsyncEventsDropped", count, 1) }

// Undelivered counts what a dead-letter queue or a destination did not take.
func (s *Scope) Undelivered(m event.Metrics, deadLetter bool) {
	name := "DestinationDeliveryFailures"
	if deadLetter {
		name = "DeadLetterErrors"
	}
	s.observe(m, name, count, 1)
}

// Running takes how many invocations run as one begins: of the function, in
// all, and of functions that have no concurrency reserved. CloudWatch's Maximum
// of them is what AWS says to look at.
func (s *Scope) Running(m event.Metrics, function, all, unreserved int) {
	running := event.Metric{Namespace: namespace, Name: "ConcurrentExecutions", Unit: count}
	m.Observe(running, float64(all))
	running.Dimensions = s.series[1]
	m.Observe(running, float64(function))
	m.Observe(event.Metric{Namespace: namespace, Name: "UnreservedConcurrentExecutions", Unit: count}, float64(unreserved))
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
