// Package math is CloudWatch's metric math, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
// has it: expressions over metrics and over each other's results, for
// GetMetricData and for alarms. It reads no clock and no store.
//
//	sheet := math.NewSheet(from, to)
//	sheet.AddMetric(math.Series{ID: "m1", Period: time.Minute, Points: points})
//	err := sheet.AddExpression("e1", "", 0, "100 * m1 / SUM(METRICS())")
//	series, err := sheet.Result("e1")
//
// A value is a scalar (S), a time series (TS) or an array of time series
// (TS[]); what an expression gives in the end must be one of the latter two.
// A series is sparse: a period without a data point is missing, which
// arithmetic and comparisons treat as 0 where the other side has a value.
// Series of different periods meet at the longer one's timestamps.
//
// SEARCH, ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, SERVICE_QUOTA and
// Metrics Insights queries (SELECT) are refused by name.
package math
