package sqs_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/runnel/runnel/store/storetest"
)

// awsCommand runs an AWS CLI against a server.
func awsCommand(t *testing.T, cli, endpoint string, args ...string) string {
	t.Helper()
	cmd := exec.Command(cli, append([]string{"--endpoint-url", endpoint, "sqs"}, args...)...)
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
			server := httptest.NewServer(fx.handler)
			defer server.Close()
			url := server.URL + "/" + account + "/jobs"
			for _, step := range []struct{ args, want string }{
				{"create-queue --queue-name jobs --attributes VisibilityTimeout=0 --tags a=b", url},
				{"list-queue-tags --queue-url " + url, `"a": "b"`},
				{"send-message --queue-url " + url + " --message-body hello --message-attributes Method={DataType=String,StringValue=POST}", `"MD5OfMessageAttributes"`},
				{"receive-message --queue-url " + url + " --attribute-names All --message-attribute-names All", `"StringValue": "POST"`},
				{"get-queue-attributes --queue-url " + url + " --attribute-names All", `"ApproximateNumberOfMessages": "1"`},
				{"delete-message --queue-url " + url + " --receipt-handle x", "ReceiptHandleIsInvalid"},
				{"create-queue --queue-name jobs.fifo --attributes FifoQueue=true,ContentBasedDeduplication=true", url + ".fifo"},
				{"send-message --queue-url " + url + ".fifo --message-body hello --message-group-id g", `"SequenceNumber": "`},
				{"receive-message --queue-url " + url + ".fifo --attribute-names All --receive-request-attempt-id x", `"MessageGroupId": "g"`},
				{"get-queue-url --queue-name none", "AWS.SimpleQueueService.NonExistentQueue"},
			} {
				if out := awsCommand(t, path, server.URL, strings.Fields(step.args)...); !strings.Contains(out, step.want) {
					t.Errorf("aws sqs %s\nwant %s, got %s", step.args, step.want, out)
				}
			}
		})
	}
}
