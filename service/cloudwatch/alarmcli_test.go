package cloudwatch_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/runnel/runnel/store/storetest"
)

// TestAlarmCLI is a session of the AWS CLI with alarms, of each version that is
// installed.
func TestAlarmCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("the AWS CLI takes its time")
	}
	const metrics = `[{"Id":"e1","Expression":"m1*2","Label":"x"},{"Id":"m1","MetricStat":{"Metric":{"Namespace":"N","MetricName":"m",` +
		`"Dimensions":[{"Name":"A","Value":"b"}]},"Period":60,"Stat":"p99"},"ReturnData":false}]`
	const test = " --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanThreshold"
	for _, cli := range []string{"aws", "/usr/bin/aws"} {
		path, err := exec.LookPath(cli)
		if err != nil {
			t.Logf("%s is not installed: not tested with it", cli)
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			fx := newAlarmFixture(t, storetest.Open(t))
			for _, step := range []struct{ args, want string }{
				// A minute may end before the session does: by this the evaluation leaves a in the state that it was put into.
				{"put-metric-alarm --alarm-name a --treat-missing-data ignore --metrics METRICS" + test, ""},
				{"put-metric-alarm --alarm-name b --namespace N --metric-name m --statistic Sum --period 60 --tags Key=k,Value=v" + test, ""},
				{"put-composite-alarm --alarm-name c --alarm-rule ALARM(a)", ""},
				{"wait alarm-exists --alarm-names a", ""},
				{"wait composite-alarm-exists --alarm-names c --alarm-types CompositeAlarm", ""},
				{"describe-alarms --alarm-names a", `"Expression": "m1*2"`},
				{"set-alarm-state --alarm-name a --state-value ALARM --state-reason test", ""},
				{"describe-alarms --alarm-types CompositeAlarm --state-value ALARM", `alarm:a transitioned to ALARM at `},
				{"describe-alarm-history --alarm-name a --history-item-type StateUpdate", `"HistorySummary": "Alarm updated from INSUFFICIENT_DATA to ALARM"`},
				{"list-tags-for-resource --resource-arn arn:aws:cloudwatch:us-east-1:000000000000:alarm:b", `"Value": "v"`},
				{"set-alarm-state --alarm-name none --state-value OK --state-reason test", "(ResourceNotFound) when calling the SetAlarmState operation"},
				{"put-metric-alarm --alarm-name a --alarm-actions arn:aws:swf:us-east-1:0:action/actions/AWS_EC2.InstanceId.Stop/1.0 --metrics METRICS" + test,
					"(ValidationError) when calling the PutMetricAlarm operation"},
				{"delete-alarms --alarm-names a b c", ""},
				{"describe-alarms", `"MetricAlarms": []`},
			} {
				args := []string{"cloudwatch", "--endpoint-url", "ENDPOINT"}
				for _, word := range strings.Fields(step.args) {
					args = append(args, strings.ReplaceAll(word, "METRICS", metrics))
				}
				if out := fx.run(t, path, args...); !strings.Contains(out, step.want) || step.want == "" && strings.TrimSpace(out) != "" {
					t.Errorf("aws cloudwatch %s\nwant %s, got %s", step.args, step.want, out)
				}
			}
		})
	}
}
