package logs

import "github.com/runnel/runnel/event"

// measure counts what came into a group, and into all of them, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
// says. Bytes are those that PutLogEvents counts: of the texts, and 26 for each
// event.
func (s *Service) measure(group string, events, bytes int) {
	of := event.Dimensions{{Name: "LogGroupName", Value: group}}
	for _, d := range []event.Dimensions{{}, of} {
		s.cfg.Metrics.Observe(event.Metric{Namespace: "AWS/Logs", Name: "IncomingLogEvents", Unit: "None", Dimensions: d}, float64(events))
		s.cfg.Metrics.Observe(event.Metric{Namespace: "AWS/Logs", Name: "IncomingBytes", Unit: "Bytes", Dimensions: d}, float64(bytes))
	}
}
