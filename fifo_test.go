package runnel_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/deploy"
	"github.com/runnel/runnel/functions/environment"
)

const fifoTemplate = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: orders.fifo, FifoTopic: true, ContentBasedDeduplication: true}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: orders.fifo, FifoQueue: true, VisibilityTimeout: 30}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}]}
  Subscription: {Type: AWS::SNS::Subscription, DependsOn: Policy, Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, RawMessageDelivery: true}}
  Done: {Type: AWS::SQS::Queue, Properties: {QueueName: done.fifo, FifoQueue: true}}
  Relay:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: test.relay
      CodeUri: code
      Timeout: 30
      MemorySize: 512
      Environment: {Variables: {TO: !Ref Done}}
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Done.QueueName}}]
      Events: {Orders: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 3}}}
Outputs:
  Topic: {Value: !Ref Topic}
  Queue: {Value: !Ref Queue}
  Done: {Value: !Ref Done}
  Relay: {Value: !Ref Relay}
`

// relay sends messages on to the FIFO queue TO, in their groups. It fails at the
// first sight of one that ends in "fails".
func relay(ctx context.Context, e events.SQSEvent) error {
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return err
	}
	to, client := os.Getenv("TO"), sqs.NewFromConfig(cfg)
	for _, m := range e.Records {
		if strings.HasSuffix(m.Body, "fails") && m.Attributes["ApproximateReceiveCount"] == "1" {
			return fmt.Errorf("%s: not the first time", m.Body)
		}
		_, err := client.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: &to, MessageBody: &m.Body, MessageGroupId: aws.String(m.Attributes["MessageGroupId"]), MessageDeduplicationId: &m.MessageId,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TestFIFO sends groups of messages through a topic, a queue and a function that
// fails in the midst of each: they arrive in their order, each once.
func TestFIFO(t *testing.T) {
	t.Parallel()
	r, dir := start(t), t.TempDir()
	write(t, dir, map[string]string{"code/bootstrap": "#!runnel\n"})
	out := r.deploy("orders", &deploy.Template{Body: []byte(fifoTemplate), Dir: dir})
	const groups, each = 3, 8
	for n := range each {
		for g := range groups {
			message := fmt.Sprintf("%d of g%d", n, g)
			if n == 2+g {
				message += " fails"
			}
			for range 2 { // the second is a duplicate
				must(r.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(out["Topic"]), Message: &message, MessageGroupId: aws.String(fmt.Sprint("g", g))}))(t)
			}
		}
	}
	r.awaitLogged(out["Relay"], `"not the first time"`, 1)
	next := make(map[string]int)
	for received := 0; received < groups*each; {
		r.clock.Advance(10 * time.Second)
		for _, m := range r.take(out["Done"], 1) {
			received++
			group := m.Attributes["MessageGroupId"]
			if want := fmt.Sprintf("%d of %s", next[group], group); !strings.HasPrefix(*m.Body, want) {
				t.Errorf("came %q, want %q", *m.Body, want)
			}
			next[group]++
		}
	}
	r.awaitDepth(out["Queue"], "0", "0")
	r.awaitDepth(out["Done"], "0", "0")
}
