package runnel_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// rows are the items that a file of sample data makes, as the functions' own
// golden text has them, by date and time.
func rows(t testing.TB, golden string) (good map[string]string, bad []string) {
	t.Helper()
	good = make(map[string]string)
	text := string(must(os.ReadFile("functions/iotmessages/testdata/" + golden))(t))
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		switch fields[1] {
		case "good":
			var body struct {
				Item map[string]map[string]string
			}
			if err := json.Unmarshal([]byte(fields[2]), &body); err != nil {
				t.Fatal(err)
			}
			good[body.Item["date"]["S"]+" "+body.Item["time"]["S"]] = shown(body.Item)
		case "bad":
			bad = append(bad, reportLine(t, fields[2]))
		}
	}
	return good, bad
}

// shown is an item as text, attribute by attribute, each with its type.
func shown(item map[string]map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if n, ok := item[name]["N"]; ok && strings.Contains(n, ".") {
			item[name]["N"] = strings.TrimRight(n, "0") // as DynamoDB stores numbers
		}
		fmt.Fprintf(&b, "%s=%v ", name, item[name])
	}
	return b.String()
}

// reportLine is a line of a report as text that does not depend on how its
// JSON is escaped.
func reportLine(t testing.TB, line string) string {
	t.Helper()
	var l struct {
		Line        int
		Reason, Row string
	}
	if err := json.Unmarshal([]byte(line), &l); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return fmt.Sprintf("%d: %s: %q", l.Line, l.Reason, l.Row)
}

// items are a table's items, in the form of rows.
func (r *rig) items(table string) map[string]string {
	r.Helper()
	out := make(map[string]string)
	pages := dynamodb.NewScanPaginator(r.table, &dynamodb.ScanInput{TableName: &table, Limit: aws.Int32(7)})
	for pages.HasMorePages() {
		for _, item := range must(pages.NextPage(r.Context()))(r).Items {
			typed := make(map[string]map[string]string)
			for name, v := range item {
				switch v := v.(type) {
				case *types.AttributeValueMemberS:
					typed[name] = map[string]string{"S": v.Value}
				case *types.AttributeValueMemberN:
					typed[name] = map[string]string{"N": v.Value}
				default:
					r.Errorf("%s is a %T", name, v)
				}
			}
			out[typed["date"]["S"]+" "+typed["time"]["S"]] = shown(typed)
		}
	}
	return out
}

func sample(t testing.TB, name string) string {
	t.Helper()
	return string(must(os.ReadFile("pipelines/iot-messages/sample-data/" + name))(t))
}

func TestPipelineFiles(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	bucket, table := p.out["DataBucket"], p.out["TableName"]

	want, _ := rows(t, "data.txt")
	p.put(bucket, "data.csv", sample(t, "data.csv"))
	p.awaitItems(table, 20)
	sameItems(t, p.items(table), want)

	good, bad := rows(t, "data-bad.txt")
	maps.Copy(want, good)
	p.put(bucket, "in/data bad+ü.csv", sample(t, "data-bad.csv"))
	p.awaitItems(table, 24)
	sameItems(t, p.items(table), want)
	if got := p.report("in/data bad+ü.csv"); !slices.Equal(got, bad) {
		t.Errorf("the report has %d lines, want %d:\n%s", len(got), len(bad), strings.Join(got, "\n"))
	}

	for _, again := range []string{"data.csv", "again/data.csv"} {
		p.put(bucket, again, sample(t, "data.csv"))
	}
	p.awaitLogged("iot-messages-csv-to-queue", "loaded", 4)
	p.awaitDepth(p.out["QueueUrl"], "0", "0")
	sameItems(t, p.items(table), want)
	for _, queue := range []string{"DeadLetterQueueUrl", "FailedFilesUrl"} {
		p.awaitDepth(p.out[queue], "0", "0")
	}
}

func sameItems(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			t.Errorf("item %s\n is %s\nnot %s", k, got[k], want[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d items, want %d", len(got), len(want))
	}
}

// report is the lines of the report on a file, in order.
func (p *pipeline) report(file string) (lines []string) {
	p.Helper()
	bucket := p.out["DataBucket"]
	eventually(p, "a report on "+file, func() (bool, any) {
		list := must(p.s3.ListObjectsV2(p.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("errors/" + file + "/")}))(p)
		if len(list.Contents) == 0 {
			return false, "none"
		}
		for line := range strings.Lines(p.get(bucket, *list.Contents[0].Key)) {
			lines = append(lines, reportLine(p, line))
		}
		return true, nil
	})
	return lines
}

func TestPoisonMessage(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	const function = "iot-messages-queue-to-table"
	queue, dlq := p.out["QueueUrl"], p.out["DeadLetterQueueUrl"]
	poison := p.sendTenWithPoison()
	p.awaitItems(p.out["TableName"], 9)
	for delivery := 1; delivery <= 5; delivery++ {
		p.awaitLogged(function, `"the message failed"`, delivery)
		p.awaitDepth(queue, "0", "1")
		p.clock.Advance(180 * time.Second)
	}
	p.awaitDepth(dlq, "1", "0")
	p.awaitDepth(queue, "0", "0")
	if n := p.logged(function, `"the message failed"`); n != 5 {
		t.Errorf("it was delivered %d times, want 5", n)
	}
	m := p.receive(dlq)
	if *m.MessageId != poison || *m.Body != "not a request" || aws.ToString(m.MessageAttributes["Method"].StringValue) != "POST" {
		t.Errorf("in the dead-letter queue: %s %q %v", *m.MessageId, *m.Body, m.MessageAttributes)
	}
	if src := m.Attributes["DeadLetterQueueSourceArn"]; src != "arn:aws:sqs:us-east-1:000000000000:iot-messages" {
		t.Errorf("DeadLetterQueueSourceArn is %q", src)
	}
}

// sendTenWithPoison sends nine good messages and one that never will be, and
// returns the id of that.
func (p *pipeline) sendTenWithPoison() (id string) {
	p.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(p.out["QueueUrl"])}
	for i := range 10 {
		body := fmt.Sprintf(`{"Item": {"date": {"S": "2025-07-15"}, "time": {"S": "00:00:0%d"}}}`, i)
		if i == 4 {
			body = "not a request"
		}
		in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: &body, MessageAttributes: method("POST"),
		})
	}
	out := must(p.sqs.SendMessageBatch(p.Context(), in))(p)
	for _, sent := range out.Successful {
		if *sent.Id == "4" {
			id = *sent.MessageId
		}
	}
	return id
}

func method(name string) map[string]sqstypes.MessageAttributeValue {
	return map[string]sqstypes.MessageAttributeValue{"Method": {DataType: aws.String("String"), StringValue: &name}}
}

func TestPutAndDeleteMessages(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	table, queue := p.out["TableName"], p.out["QueueUrl"]
	send := func(name, body string) {
		t.Helper()
		must(p.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body, MessageAttributes: method(name)}))(t)
	}
	item := func() map[string]types.AttributeValue {
		t.Helper()
		key := map[string]types.AttributeValue{"date": &types.AttributeValueMemberS{Value: "2025-07-15"}, "time": &types.AttributeValueMemberS{Value: "01:02:03"}}
		return must(p.table.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key}))(t).Item
	}
	const key = `"Key": {"date": {"S": "2025-07-15"}, "time": {"S": "01:02:03"}}`
	send("PUT", `{`+key+`, "UpdateExpression": "SET remote_avg = :v", "ExpressionAttributeValues": {":v": {"N": "9"}}}`)
	p.awaitLogged("iot-messages-queue-to-table", `"the message failed"`, 1)
	if n := p.count(table); n != 0 {
		t.Fatalf("a PUT of nothing made %d items", n)
	}

	send("POST", `{"TableName": "iot-messages", "Item": {"date": {"S": "2025-07-15"}, "time": {"S": "01:02:03"}, "remote_avg": {"N": "8.5"}}}`)
	p.awaitItems(table, 1)
	p.awaitDepth(queue, "0", "1")      // the POST is deleted and cannot come again
	p.clock.Advance(180 * time.Second) // the PUT comes again
	eventually(t, "the update", func() (bool, any) {
		v, _ := item()["remote_avg"].(*types.AttributeValueMemberN)
		return v != nil && v.Value == "9", v
	})

	send("DELETE", `{`+key+`}`)
	p.awaitItems(table, 0)
	send("DELETE", `{`+key+`}`)
	p.awaitDepth(queue, "0", "0")
}

func TestFileThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	const function = "iot-messages-csv-to-queue"
	queue := p.out["QueueUrl"]
	must(p.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &queue}))(t)
	p.put(p.out["DataBucket"], "data.csv", sample(t, "data.csv"))
	for attempt, pause := range []time.Duration{time.Minute, 2 * time.Minute, 0} {
		p.awaitLogged(function, `"REPORT RequestId"`, attempt+1)
		p.clock.Advance(pause)
	}
	p.awaitDepth(p.out["FailedFilesUrl"], "1", "0")

	var record struct {
		RequestContext struct {
			Condition              string
			FunctionArn            string
			ApproximateInvokeCount int
		}
		RequestPayload struct {
			Records []struct {
				S3 struct{ Object struct{ Key string } }
			}
		}
		ResponsePayload struct{ ErrorMessage string }
	}
	m := p.receive(p.out["FailedFilesUrl"])
	if err := json.Unmarshal([]byte(*m.Body), &record); err != nil {
		t.Fatal(err)
	}
	c := record.RequestContext
	if c.Condition != "RetriesExhausted" || c.ApproximateInvokeCount != 3 || !strings.Contains(c.FunctionArn, ":function:"+function) {
		t.Errorf("requestContext: %+v", c)
	}
	if len(record.RequestPayload.Records) != 1 || record.RequestPayload.Records[0].S3.Object.Key != "data.csv" {
		t.Errorf("requestPayload: %+v", record.RequestPayload)
	}
	if !strings.Contains(record.ResponsePayload.ErrorMessage, "The specified queue does not exist") {
		t.Errorf("responsePayload: %+v", record.ResponsePayload)
	}
	if n := p.logged(function, `"REPORT RequestId"`); n != 3 {
		t.Errorf("it ran %d times, want 3", n)
	}
}
