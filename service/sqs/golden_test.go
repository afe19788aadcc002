package sqs_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/runnel/runnel/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// TestGolden runs the scripts in testdata. A line that begins with the name of
// an operation sends its JSON in the JSON protocol; the answer stands below, as
// status, code in the query protocol if it is another, and body. In a request
// $10x stands for ten x, QUEUE for the URL of the queue of that name, and ARN
// for the beginning of all ARNs.
func TestGolden(t *testing.T) {
	for _, name := range []string{"queues", "messages", "batches", "redrive", "fifo"} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/" + name + ".txt"
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(newFixture(t, storetest.Open(t)), string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s is not what came out; see go test -rewrite and git diff. Got:\n%s", file, got)
			}
		})
	}
}

func runScript(fx *fixture, script string) string {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(script))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue // an answer
		}
		fmt.Fprintln(&out, line)
		if op, body, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			fmt.Fprintf(&out, "  %s\n", fx.json(op, expand(body)))
		}
	}
	return out.String()
}

// expand replaces what a script abbreviates.
func expand(s string) string {
	s = strings.ReplaceAll(s, "QUEUE", "http://localhost:4566/"+account+"/")
	s = strings.ReplaceAll(s, "ARN", "arn:aws:sqs:"+region+":"+account+":")
	for {
		before, rest, ok := strings.Cut(s, "$")
		if !ok {
			return s
		}
		var n int
		var c rune
		if _, err := fmt.Sscanf(rest, "%d%c", &n, &c); err != nil {
			return s
		}
		_, rest, _ = strings.Cut(rest, string(c))
		s = before + strings.Repeat(string(c), n) + rest
	}
}

// json sends a request and describes the answer.
func (fx *fixture) json(op, body string) string {
	req := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS."+op)
	rec := httptest.NewRecorder()
	fx.handler.ServeHTTP(rec, req)
	text := strings.TrimSpace(rec.Body.String())
	if former, _, ok := strings.Cut(rec.Header().Get("X-Amzn-Query-Error"), ";"); ok && !strings.Contains(text, "#"+former+`"`) {
		text = former + " " + text
	}
	return fmt.Sprintf("%d %s", rec.Code, mask(text))
}

// mask hides what is new each time.
func mask(text string) string {
	var v any
	at := strings.IndexByte(text, '{')
	if at < 0 || json.Unmarshal([]byte(text[at:]), &v) != nil {
		return text
	}
	maskValue(v)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return text[:at] + strings.TrimSpace(b.String())
}

func maskValue(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			switch k {
			case "MessageId", "ReceiptHandle", "SequenceNumber", "CreatedTimestamp", "LastModifiedTimestamp", "TaskHandle", "StartedTimestamp":
				v[k] = "..."
			default:
				maskValue(v[k])
			}
		}
	case []any:
		for _, e := range v {
			maskValue(e)
		}
	}
}

// TestQueryProtocol sends forms as old clients do, to the endpoint or to the
// queue itself.
func TestQueryProtocol(t *testing.T) {
	fx := newFixture(t, storetest.Open(t))
	tests := []struct {
		name, path, form string
		status           int
		want             []string
	}{
		{"create", "/", "Action=CreateQueue&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=a&Tag.1.Value=b", 200,
			[]string{`<CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">`, "<QueueUrl>http://localhost:4566/000000000000/q</QueueUrl>"}},
		{"send to the queue", "/000000000000/q", "Action=SendMessage&MessageBody=a%26b&MessageAttribute.1.Name=m&MessageAttribute.1.Value.StringValue=v&MessageAttribute.1.Value.DataType=String", 200,
			[]string{"<MD5OfMessageBody>", "<MD5OfMessageAttributes>"}},
		{"send batch", "/", "Action=SendMessageBatch&QueueUrl=http://x/000000000000/q&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=b&SendMessageBatchRequestEntry.2.Id=c&SendMessageBatchRequestEntry.2.MessageBody=%01", 200,
			[]string{"<SendMessageBatchResultEntry><Id>a</Id>", "<BatchResultErrorEntry>", "<Code>InvalidMessageContents</Code>", "<SenderFault>true</SenderFault>"}},
		{"receive", "/000000000000/q", "Action=ReceiveMessage&MaxNumberOfMessages=1&AttributeName.1=All&MessageAttributeName.1=All", 200,
			[]string{"<ReceiveMessageResult><Message>", "<Body>a&amp;b</Body>", "<Attribute><Name>", "<MessageAttribute><Name>m</Name><Value>", "<StringValue>v</StringValue>"}},
		{"attributes", "/000000000000/q", "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout&AttributeName.2=QueueArn", 200,
			[]string{"<Attribute><Name>VisibilityTimeout</Name><Value>40</Value></Attribute>", "<Value>arn:aws:sqs:us-east-1:000000000000:q</Value>"}},
		{"tags", "/000000000000/q", "Action=ListQueueTags", 200, []string{"<Tag><Key>a</Key><Value>b</Value></Tag>"}},
		{"list", "/", "Action=ListQueues&QueueNamePrefix=q", 200, []string{"<ListQueuesResult><QueueUrl>"}},
		{"delete batch", "/000000000000/q", "Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.Id=a&DeleteMessageBatchRequestEntry.1.ReceiptHandle=nonsense", 200,
			[]string{"<BatchResultErrorEntry>", "<Code>ReceiptHandleIsInvalid</Code>"}},
		{"by GET", "/000000000000/q?Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout&Version=2012-11-05", "", 200, []string{"<Value>40</Value>"}},
		{"create FIFO", "/", "Action=CreateQueue&QueueName=q.fifo&Attribute.1.Name=FifoQueue&Attribute.1.Value=true", 200, []string{"/000000000000/q.fifo</QueueUrl>"}},
		{"send FIFO", "/000000000000/q.fifo", "Action=SendMessage&MessageBody=a&MessageGroupId=g&MessageDeduplicationId=d", 200, []string{"<SequenceNumber>"}},
		{"no queue", "/", "Action=GetQueueUrl&QueueName=none", 400,
			[]string{"<Type>Sender</Type>", "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>", "<Message>The specified queue does not exist.</Message>"}},
		{"bad value", "/000000000000/q", "Action=ReceiveMessage&WaitTimeSeconds=21", 400, []string{"<Code>InvalidParameterValue</Code>"}},
		{"not a number", "/000000000000/q", "Action=ReceiveMessage&WaitTimeSeconds=x", 400, []string{"<ErrorResponse"}},
		{"unknown action", "/", "Action=Nothing", 400, []string{"<Code>InvalidAction</Code>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest("GET", "http://localhost:4566"+tt.path, nil)
			if tt.form != "" {
				req = httptest.NewRequest("POST", "http://localhost:4566"+tt.path, strings.NewReader(tt.form+"&Version=2012-11-05"))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			rec := httptest.NewRecorder()
			fx.handler.ServeHTTP(rec, req)
			if rec.Code != tt.status {
				t.Errorf("status %d %s, want %d", rec.Code, http.StatusText(rec.Code), tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(rec.Body.String(), want) {
					t.Errorf("no %s in\n%s", want, rec.Body)
				}
			}
		})
	}
}
