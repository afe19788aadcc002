package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// invoke calls the function as Lambda would and returns the messages, by ID, that
// it has not done with.
func (w *Worker) invoke(ctx context.Context, batch []types.Message) (failed map[string]bool, err error) {
	var e events.SQSEvent
	for _, m := range batch {
		e.Records = append(e.Records, w.source.record(m))
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	answer, err := w.call(w.context(ctx, batch[0]), payload)
	if err != nil {
		return nil, err
	}
	return failures(answer, batch)
}

// context is that of an invocation, which has no deadline here. Its request and
// its trace are those of the first message.
func (w *Worker) context(ctx context.Context, first types.Message) context.Context {
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: aws.ToString(first.MessageId)})
	if trace := first.Attributes["AWSTraceHeader"]; trace != "" {
		//lint:ignore SA1029 aws-lambda-go has the trace under this key
		ctx = context.WithValue(ctx, "x-amzn-trace-id", trace)
	}
	return ctx
}

// call turns a panic of the function into an error: the other invocations of the
// program go on. A Handler is for one invocation at a time, as Lambda does: it
// writes the next answer over the one that it returned. So each has its own.
func (w *Worker) call(ctx context.Context, payload []byte) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return lambda.NewHandler(w.Function).Invoke(ctx, payload)
}

// failures reads a partial batch response. An answer of another form means that
// all is done; one that names a message which was not in the batch means that
// nothing is (Lambda Developer Guide, reporting batch item failures).
func failures(answer []byte, batch []types.Message) (map[string]bool, error) {
	var r events.SQSEventResponse
	if err := json.Unmarshal(answer, &r); err != nil {
		return nil, nil
	}
	failed := make(map[string]bool, len(r.BatchItemFailures))
	for _, f := range r.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	known := 0
	for _, m := range batch {
		if failed[aws.ToString(m.MessageId)] {
			known++
		}
	}
	if known < len(failed) {
		return nil, errors.New("its answer names a message that was not in the batch")
	}
	return failed, nil
}

// record is a message as Lambda's event has it.
func (s source) record(m types.Message) events.SQSMessage {
	r := events.SQSMessage{
		MessageId:      aws.ToString(m.MessageId),
		ReceiptHandle:  aws.ToString(m.ReceiptHandle),
		Body:           aws.ToString(m.Body),
		Md5OfBody:      aws.ToString(m.MD5OfBody),
		Attributes:     m.Attributes,
		EventSourceARN: s.arn,
		EventSource:    "aws:sqs",
		AWSRegion:      s.region,
	}
	if len(m.MessageAttributes) > 0 {
		r.Md5OfMessageAttributes = aws.ToString(m.MD5OfMessageAttributes)
		r.MessageAttributes = make(map[string]events.SQSMessageAttribute, len(m.MessageAttributes))
	}
	for name, a := range m.MessageAttributes {
		r.MessageAttributes[name] = events.SQSMessageAttribute{
			StringValue: a.StringValue, BinaryValue: a.BinaryValue,
			StringListValues: []string{}, BinaryListValues: [][]byte{},
			DataType: aws.ToString(a.DataType),
		}
	}
	return r
}
