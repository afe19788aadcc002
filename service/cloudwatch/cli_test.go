package cloudwatch_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/runnel/runnel/store/storetest"
)

// run runs a program against a server of the fixture's: the ENDPOINT in its
// arguments.
func (fx *fixture) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	server := httptest.NewServer(fx.handler)
	defer server.Close()
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "ENDPOINT", server.URL)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_CONFIG_FILE=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

// TestCLI is a session of the AWS CLI, of each version that is installed.
func TestCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("the AWS CLI takes its time")
	}
	for _, cli := range []string{"aws", "/usr/bin/aws"} {
		path, err := exec.LookPath(cli)
		if err != nil {
			t.Logf("%s is not installed: not tested with it", cli)
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			fx := newFixture(t, storetest.Open(t))
			from, to := time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)
			span := " --start-time " + from + " --end-time " + to
			for _, step := range []struct{ args, want string }{
				{"put-metric-data --namespace N --metric-name a --value 3 --unit Count --dimensions Q=x", ""},
				{"put-metric-data --namespace N --metric-name a --statistic-values Sum=9,Minimum=4,Maximum=5,SampleCount=2 --unit Count --dimensions Q=x", ""},
				{"list-metrics --namespace N", `"Value": "x"`},
				{"get-metric-statistics --namespace N --metric-name a --dimensions Name=Q,Value=x --period 86400 --statistics Sum Average" + span, `"Average": 4`},
				{"get-metric-data --metric-data-queries Id=e,Expression=TIME_SERIES(7),Period=86400" + span, `"e"`},
				{"put-metric-data --namespace AWS/X --metric-name a --value 3", "(InvalidParameterValue) when calling the PutMetricData operation: The value AWS/X for parameter Namespace is invalid."},
				{"put-dashboard --dashboard-name d --dashboard-body {}", `"DashboardValidationMessages": []`},
				{"list-dashboards", `"DashboardName": "d"`},
				{"get-dashboard --dashboard-name none", "(ResourceNotFound)"},
				{"get-metric-widget-image --metric-widget {}", "when calling the GetMetricWidgetImage operation"},
			} {
				if out := fx.run(t, path, append([]string{"cloudwatch", "--endpoint-url", "ENDPOINT"}, strings.Fields(step.args)...)...); !strings.Contains(out, step.want) ||
					step.want == "" && strings.TrimSpace(out) != "" {
					t.Errorf("aws cloudwatch %s\nwant %s, got %s", step.args, step.want, out)
				}
			}
		})
	}
}

// TestBoto3 has Python's client send more than it leaves uncompressed.
func TestBoto3(t *testing.T) {
	if testing.Short() {
		t.Skip("Python takes its time")
	}
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("boto3 is not installed")
	}
	fx := newFixture(t, storetest.Open(t))
	out := fx.run(t, "python3", "-c", `
import boto3, datetime
c = boto3.client("cloudwatch", endpoint_url="ENDPOINT")
now = datetime.datetime.now(datetime.timezone.utc)
c.put_metric_data(Namespace="N", MetricData=[
    {"MetricName": "m%03d" % i, "Values": [1.0, 2.5], "Counts": [3.0, 2.0], "Unit": "Seconds", "Timestamp": now,
     "Dimensions": [{"Name": "Service", "Value": "a value that takes some room"}]} for i in range(700)])
print(sum(len(p["Metrics"]) for p in c.get_paginator("list_metrics").paginate(Namespace="N")))
for p in c.get_paginator("get_metric_data").paginate(StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1),
    MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m123",
      "Dimensions": [{"Name": "Service", "Value": "a value that takes some room"}]}, "Period": 60, "Stat": "Sum"}}]):
    print(p["MetricDataResults"][0]["Values"] == [8.0], p["MetricDataResults"][0]["StatusCode"])
try:
    c.get_metric_data(StartTime=now, EndTime=now, MetricDataQueries=[])
except c.exceptions.ClientError as e:
    print(e.response["Error"]["Code"])
`)
	equal(t, "session", out, "700\nTrue Complete\nValidationError\n")
}
