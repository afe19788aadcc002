// Package alarm is what CloudWatch's alarms decide and say: the evaluation of
// data points against a threshold, the rules of composite alarms, and the
// texts and documents in which a change of state is told to people (reasons),
// to topics, to functions, to event buses and to the alarm's history. It is
// pure: it reads no clock and no store, and performs no action.
//
// Where its truth comes from: "Alarm evaluation", "Configuring how CloudWatch
// alarms treat missing data", "Composite alarms" and "Alarm events and
// EventBridge" in https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/;
// for texts that are printed nowhere there, notifications as their receivers
// quote them.
package alarm
