package pipelines

import (
	"context"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Messages takes the messages of a queue off it, waits until there were as many as
// are wanted, and reports how many there were. A start of zero says nothing.
func (s *Session) Messages(ctx context.Context, what, url string, want int, start time.Time) error {
	client, taken := sqs.NewFromConfig(s.AWS), 0
	_, err := s.Await(ctx, what, want, func(ctx context.Context) (int, error) {
		n, err := take(ctx, client, url)
		taken += n
		return taken, err
	})
	if err != nil {
		return err
	}
	r := Result{What: what, Where: "queue " + path.Base(url), Got: taken, Expected: want}
	if !start.IsZero() {
		r.Took = time.Since(start)
	}
	s.Report(r)
	return nil
}

func take(ctx context.Context, client *sqs.Client, url string) (int, error) {
	out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		return 0, err
	}
	for _, m := range out.Messages {
		if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return 0, err
		}
	}
	return len(out.Messages), nil
}
