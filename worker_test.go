package runnel_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/functions"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/worker"
)

// work runs the pipeline's function as a worker on a queue, in a process of its
// own, until it is interrupted or killed. Its first line of output says that it
// has begun.
func work(queue string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	open, err := functions.Find("csv-fanout.csv-to-json")
	if err != nil {
		return err
	}
	function, err := open(ctx)
	if err != nil {
		return err
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return err
	}
	fmt.Println("working")
	w := worker.Worker{SQS: sqs.NewFromConfig(cfg), QueueURL: queue, Function: function, BatchSize: 2, Concurrency: 2}
	return w.Run(ctx)
}

// worker starts a worker on the queue of notices.
func (f *fanout) worker() *exec.Cmd {
	f.Helper()
	cmd := exec.Command(must(os.Executable())(f), "work", f.out["NoticeQueueUrl"])
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+f.endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=runnel", "AWS_SECRET_ACCESS_KEY=runnel",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "QUEUE_URL="+f.out["QueueUrl"])
	cmd.Stderr = f.Output()
	stdout := must(cmd.StdoutPipe())(f)
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		f.Fatalf("the worker did not start: %q, %v", line, err)
	}
	return cmd
}

// TestWorker has a worker do the function's work, from the queue of notices. It
// is killed in the midst of it, and another goes on: no row is lost.
func TestWorker(t *testing.T) {
	t.Parallel()
	f := startFanout(t)
	f.withoutFunction()
	const files, rows = 10, 300
	missing := make(map[string]bool)
	for n := range files {
		f.putNumbers(fmt.Sprintf("f%d.csv", n), rows, missing)
	}
	first := f.worker()
	for _, m := range f.take(f.out["QueueUrl"], 1) {
		delete(missing, fanoutRow(m))
	}
	_ = first.Process.Kill()
	_ = first.Wait()

	second := f.worker()
	f.clock.Advance(301 * time.Second) // what the first had taken is seen again
	again := f.takeRows(missing)
	t.Logf("%d rows came again", again)
	f.awaitDepth(f.out["NoticeQueueUrl"], "0", "0")
	f.awaitDepth(f.out["FailedFilesUrl"], "0", "0")
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

// withoutFunction ends the function's subscription, so that no Lambda is told.
func (f *fanout) withoutFunction() {
	f.Helper()
	ended := 0
	list := must(f.sns.ListSubscriptionsByTopic(f.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(f.out["UploadTopic"])}))(f)
	for _, s := range list.Subscriptions {
		if *s.Protocol == "lambda" {
			must(f.sns.Unsubscribe(f.Context(), &sns.UnsubscribeInput{SubscriptionArn: s.SubscriptionArn}))(f)
			ended++
		}
	}
	if ended != 1 {
		f.Fatalf("%d functions were subscribed, want 1", ended)
	}
}
