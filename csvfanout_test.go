package runnel_test

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/deploy"
	csvfanout "github.com/runnel/runnel/pipelines/csv-fanout"
)

// fanout is the deployed pipeline of system 2.
type fanout struct {
	*rig
	out map[string]string // of its stack
}

const fanoutFunction = "csv-fanout-csv-to-json"

// startFanout deploys the pipeline with parameters, name and value by turns.
func startFanout(t testing.TB, parameters ...string) *fanout {
	t.Helper()
	r, d := start(t), csvfanout.Demo
	given := make(map[string]string)
	for i := 0; i+1 < len(parameters); i += 2 {
		given[parameters[i]] = parameters[i+1]
	}
	builtin := func(dir string) bool { return path.Clean(dir) == "functions/bootstrap" }
	return &fanout{r, r.deployWith(d.Name, &deploy.Template{Body: d.Template, Dir: d.Dir, Builtin: builtin}, given)}
}

// restarted is the pipeline in the next runtime on its folder.
func (f *fanout) restarted(t testing.TB) *fanout { return &fanout{startOn(t, f.dir), f.out} }

func fanoutSample(t testing.TB, name string) string {
	t.Helper()
	return string(must(os.ReadFile("pipelines/csv-fanout/sample-data/" + name))(t))
}

// bucket is the name of the bucket of uploads.
func (f *fanout) bucket() string { return f.out["UploadBucket"] }

// fanoutRow is a message as text: the file, its line, its body.
func fanoutRow(m sqstypes.Message) string {
	return fmt.Sprintf("%s %s %s", text(m, "Key"), text(m, "Line"), *m.Body)
}

func text(m sqstypes.Message, attribute string) string {
	return aws.ToString(m.MessageAttributes[attribute].StringValue)
}

// sameRows compares messages with the rows wanted, in any order.
func sameRows(t testing.TB, messages []sqstypes.Message, want ...string) {
	t.Helper()
	var got []string
	for _, m := range messages {
		got = append(got, fanoutRow(m))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the messages are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var clientRows = []string{
	`in/clients.csv 2 {"client id":"1001","full name":"Lovelace, Ada","city":"London","since":"2019-12-10"}`,
	`in/clients.csv 3 {"client id":"1002","full name":"Grace Hopper","city":"New York","since":"2020-12-09"}`,
	`in/clients.csv 4 {"client id":"1003","full name":"Annie \"Easley\"","city":"Birmingham","since":"2021-04-23"}`,
	`in/clients.csv 5 {"client id":"1004","full name":"Zoë Müller","city":"Köln","since":"2022-02-28"}`,
	`in/clients.csv 6 {"client id":"1005","full name":"小林 愛","city":"大阪","since":"2023-07-07"}`,
}

func TestFanoutFiles(t *testing.T) {
	t.Parallel()
	f := startFanout(t)
	clients := fanoutSample(t, "clients.csv")
	f.put(f.bucket(), "in/clients.csv", clients)
	rows := f.take(f.out["QueueUrl"], 5)
	sameRows(t, rows, clientRows...)
	sum := md5.Sum([]byte(clients))
	for _, m := range rows {
		if bucket, version := text(m, "Bucket"), text(m, "Version"); bucket != f.bucket() || version != hex.EncodeToString(sum[:]) {
			t.Errorf("a row is of bucket %q, version %q", bucket, version)
		}
		if kind := aws.ToString(m.MessageAttributes["Line"].DataType); kind != "Number" {
			t.Errorf("the attribute Line is a %s", kind)
		}
	}
	late := f.joinWithFilter()

	f.put(f.bucket(), "in/prices ü+.csv", fanoutSample(t, "prices-utf16.csv"))
	sameRows(t, f.take(f.out["QueueUrl"], 3),
		`in/prices ü+.csv 2 {"Artikel":"Schraube","Größe":"M4 × 20","Preis":"0,12"}`,
		`in/prices ü+.csv 3 {"Artikel":"Mutter","Größe":"M4","Preis":"0,05"}`,
		`in/prices ü+.csv 4 {"Artikel":"Scheibe","Größe":"A4 \"fein\"","Preis":"0,02"}`)

	f.put(f.bucket(), "new/clients-bad.csv", fanoutSample(t, "clients-bad.csv"))
	sameRows(t, f.take(f.out["QueueUrl"], 2),
		`new/clients-bad.csv 2 {"client id":"2001","full name":"Mary Jackson","city":"Hampton","since":"2018-04-09"}`,
		`new/clients-bad.csv 7 {"client id":"2006","full name":"Dorothy Vaughan","city":"Hampton","since":"2018-09-20"}`)
	f.checkQuarantine("new/clients-bad.csv")

	f.put(f.bucket(), "in/notes.txt", "no file of the pipeline's")
	f.put(f.bucket(), "new/empty.csv", "")
	f.quarantined("new/empty.csv")
	f.checkNotices("in/clients.csv", "in/prices+%C3%BC%2B.csv", "new/clients-bad.csv", "new/empty.csv")
	f.checkKeys(f.take(late, 2), "new/clients-bad.csv", "new/empty.csv")
	for _, queue := range []string{f.out["QueueUrl"], f.out["FailedFilesUrl"], f.out["NoticeQueueUrl"], late} {
		f.awaitDepth(queue, "0", "0")
	}
}

// joinWithFilter subscribes a further queue, for the files whose keys begin with
// new/ alone.
func (f *fanout) joinWithFilter() (url string) {
	f.Helper()
	url, arn := f.queueFor("late", "sns.amazonaws.com")
	must(f.sns.Subscribe(f.Context(), &sns.SubscribeInput{
		TopicArn: aws.String(f.out["UploadTopic"]), Protocol: aws.String("sqs"), Endpoint: &arn,
		Attributes: map[string]string{
			"FilterPolicyScope": "MessageBody",
			"FilterPolicy":      `{"Records": {"s3": {"object": {"key": [{"prefix": "new/"}]}}}}`,
		},
	}))(f)
	return url
}

// quarantined waits for the report on a file, and returns its lines.
func (f *fanout) quarantined(file string) (lines []string) {
	f.Helper()
	bucket := f.bucket()
	eventually(f, "a report on "+file, func() (bool, any) {
		list := must(f.s3.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("quarantine/" + file + "/")}))(f)
		if len(list.Contents) == 0 {
			return false, "none"
		}
		for line := range strings.Lines(f.get(bucket, *list.Contents[0].Key)) {
			lines = append(lines, reportLine(f, line))
		}
		return true, nil
	})
	return lines
}

func (f *fanout) checkQuarantine(file string) {
	f.Helper()
	want := []string{
		`3: 3 fields, the header has 4: "2002,too,few"`,
		`4: 5 fields, the header has 4: "2003,one,field,too,many"`,
		`5: text after a field's closing quote: "2004,\"Katherine\" Johnson,Hampton,2018-08-26"`,
		"6: not UTF-8 text: \"2005,Ren\ufffd Descartes,Stockholm,2018-03-31\"",
		`8: a quoted field that is not closed before the file ends: "2007,\"never closed,Hampton,2018-11-10"`,
	}
	got := f.quarantined(file)
	if !slices.Equal(got, want) {
		f.Errorf("the report is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checkNotices reads the notices of files with these keys, as S3 writes them in
// events: each in an envelope that SNS has signed.
func (f *fanout) checkNotices(keys ...string) {
	f.Helper()
	notices := f.take(f.out["NoticeQueueUrl"], len(keys))
	for _, m := range notices {
		e := f.verified(*m.Body)
		if e.Type != "Notification" || e.TopicArn != f.out["UploadTopic"] || e.Subject != "Amazon S3 Notification" || e.Token != "" {
			f.Errorf("the envelope is %+v", e)
		}
		if !strings.Contains(e.UnsubscribeURL, "?Action=Unsubscribe&SubscriptionArn="+f.out["UploadTopic"]+":") {
			f.Errorf("UnsubscribeURL is %s", e.UnsubscribeURL)
		}
	}
	f.checkKeys(notices, keys...)
}

// checkKeys compares the keys in S3's events, in envelopes, with those wanted.
func (f *fanout) checkKeys(messages []sqstypes.Message, want ...string) {
	f.Helper()
	var got []string
	for _, m := range messages {
		got = append(got, uploadOf(f, f.verified(*m.Body).Message))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.Errorf("told of %q, want %q", got, want)
	}
}

// uploadOf is the key in an event of S3.
func uploadOf(t testing.TB, event string) string {
	t.Helper()
	var e struct {
		Records []struct {
			S3 struct{ Object struct{ Key string } }
		}
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil || len(e.Records) != 1 {
		t.Fatalf("no event of S3: %v: %s", err, event)
	}
	return e.Records[0].S3.Object.Key
}

// TestFanoutDocuments has a message for each file: with the file in it, or with
// where it is.
func TestFanoutDocuments(t *testing.T) {
	t.Parallel()
	f := startFanout(t, "Output", "document", "Separator", "semicolon", "Columns", "id, name")
	small := "id;name\r\n1;Ada\r\n2;\"Grace;H\"\r\n"
	f.put(f.bucket(), "small.csv", small)
	sum := md5.Sum([]byte(small))
	want := fmt.Sprintf(`small.csv  {"bucket":%q,"key":"small.csv","version":"%x","columns":["id","name"],"rows":[{"id":"1","name":"Ada"},{"id":"2","name":"Grace;H"}]}`, f.bucket(), sum)
	sameRows(t, f.take(f.out["QueueUrl"], 1), want)

	const rows = 20_000
	f.put(f.bucket(), "large.csv", "id;name\n"+strings.Repeat("1;a name that makes it long enough\n", rows))
	var ref struct {
		Bucket, Key, Version string
		Count                int
		Document             struct {
			Bucket, Key string
			Size        int
		}
	}
	m := f.take(f.out["QueueUrl"], 1)[0]
	if err := json.Unmarshal([]byte(*m.Body), &ref); err != nil || ref.Key != "large.csv" || ref.Count != rows || ref.Document.Bucket != f.bucket() {
		t.Fatalf("%v: %s", err, *m.Body)
	}
	var document struct {
		Key  string
		Rows []map[string]string
	}
	body := f.get(ref.Document.Bucket, ref.Document.Key)
	if err := json.Unmarshal([]byte(body), &document); err != nil || len(body) != ref.Document.Size || len(document.Rows) != rows || document.Rows[rows-1]["id"] != "1" {
		t.Errorf("the document: %v: %d bytes, %d said; %d rows", err, len(body), ref.Document.Size, len(document.Rows))
	}

	f.put(f.bucket(), "nameless.csv", "id;born\n1;1815\n")
	if got := f.quarantined("nameless.csv"); len(got) != 1 || !strings.Contains(got[0], "the header lacks name") {
		t.Errorf("quarantined: %q", got)
	}
	f.awaitDepth(f.out["QueueUrl"], "0", "0")
}

// TestFanoutRestart stops the runtime while files are on their way, and looks for
// each row of each in the next.
func TestFanoutRestart(t *testing.T) {
	t.Parallel()
	f := startFanout(t)
	const files, rows = 12, 25
	missing := make(map[string]bool)
	for n := range files {
		f.putNumbers(fmt.Sprintf("f%d.csv", n), rows, missing)
	}
	f.stop()

	f = f.restarted(t)
	again := f.takeRows(missing)
	f.checkRestarted(files, again, rows)
}

// putNumbers puts a file of so many rows, and notes them as missing.
func (f *fanout) putNumbers(key string, rows int, missing map[string]bool) {
	f.Helper()
	body := "n\n"
	for n := range rows {
		body += strconv.Itoa(n) + "\n"
		missing[fmt.Sprintf(`%s %d {"n":"%d"}`, key, n+2, n)] = true
	}
	f.put(f.bucket(), key, body)
}

// takeRows takes messages until no row is missing, and returns how many of them
// were of a row that was not.
func (f *fanout) takeRows(missing map[string]bool) (again int) {
	f.Helper()
	eventually(f, "all rows", func() (bool, any) {
		for messages := f.takeUpTo(f.out["QueueUrl"], 10); len(messages) > 0; messages = f.takeUpTo(f.out["QueueUrl"], 10) {
			for _, m := range messages {
				row := fanoutRow(m)
				if !missing[row] {
					again++
				}
				delete(missing, row)
			}
		}
		return len(missing) == 0, fmt.Sprint(len(missing), " rows are missing")
	})
	return again
}

// checkRestarted looks for what else follows from files: a notice of each, once.
// Rows may come again, of a file whose invocation the stop ended.
func (f *fanout) checkRestarted(files, again, rows int) {
	f.Helper()
	keys := make(map[string]int)
	for _, m := range f.take(f.out["NoticeQueueUrl"], files) {
		keys[uploadOf(f, f.verified(*m.Body).Message)]++
	}
	if len(keys) != files {
		f.Errorf("%d notices of %d files: %v", files, len(keys), keys)
	}
	if again > files*rows {
		f.Errorf("%d rows came again, there are %d", again, files*rows)
	}
	f.awaitDepth(f.out["NoticeQueueUrl"], "0", "0")
	f.awaitDepth(f.out["FailedFilesUrl"], "0", "0")
}

// TestFanoutAlarms has an event fail that is none of S3's: it is tried three
// times, then it is a failed file; each has its alarm.
func TestFanoutAlarms(t *testing.T) {
	t.Parallel()
	f := startFanout(t)
	must(f.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(fanoutFunction), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{"who": "knows"}`)}))(t)
	errors := metric{"AWS/Lambda", "Errors", "FunctionName", fanoutFunction}
	f.awaitSum(errors, 1)
	f.retried(errors, 2, time.Minute)
	f.awaitAlarm(fanoutFunction+"-errors", "ALARM")
	f.retried(errors, 3, 2*time.Minute)
	f.awaitDepth(f.out["FailedFilesUrl"], "1", "0")
	f.clock.Advance(time.Minute)
	f.awaitMaximum(metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "csv-fanout-failed-files"}, 1)
	f.clock.Advance(time.Minute)
	f.awaitAlarm("csv-fanout-failed-files", "ALARM")

	var failed struct {
		RequestPayload  struct{ Who string }
		ResponsePayload struct{ ErrorMessage string }
	}
	m := f.take(f.out["FailedFilesUrl"], 1)[0]
	if err := json.Unmarshal([]byte(*m.Body), &failed); err != nil || failed.RequestPayload.Who != "knows" || !strings.Contains(failed.ResponsePayload.ErrorMessage, "it has no Records") {
		t.Errorf("%v: the failed file is %s", err, *m.Body)
	}
	for range 2 {
		f.clock.Advance(2 * time.Minute) // a sample of the queue, and a period of it
	}
	f.awaitAlarm(fanoutFunction+"-errors", "OK")
	f.awaitAlarm("csv-fanout-failed-files", "OK")
	f.checkAlarmMessages(fanoutFunction+"-errors", "csv-fanout-failed-files")
}

// retried advances the clock by the pause before a retry until that has failed
// too: an error is counted a moment before the retry is a row, which a clock that
// was advanced in between does not make due.
func (f *fanout) retried(errors metric, want float64, pause time.Duration) {
	f.Helper()
	tries := 0
	eventually(f, fmt.Sprintf("%v errors", want), func() (bool, any) {
		if tries%50 == 0 {
			f.clock.Advance(pause)
		}
		tries++
		got := f.statistic(errors, "Sum")
		return got == want, got
	})
}

// checkAlarmMessages reads what the topic of alarms told its queue: of each alarm
// that it went off and then was well again.
func (f *fanout) checkAlarmMessages(alarms ...string) {
	f.Helper()
	type message struct{ AlarmName, NewStateValue, NewStateReason, OldStateValue, StateChangeTime, AlarmArn, Region string }
	told := make(map[string][]message)
	for len(told[alarms[0]]) < 2 || len(told[alarms[1]]) < 2 {
		var m message
		body := *f.take(f.out["AlarmQueueUrl"], 1)[0].Body
		if err := json.Unmarshal([]byte(body), &m); err != nil || m.AlarmArn != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"+m.AlarmName || m.Region == "" {
			f.Fatalf("%v: %s", err, body)
		}
		if m.OldStateValue != "INSUFFICIENT_DATA" || m.NewStateValue != "OK" { // both begin with that, sooner or later
			told[m.AlarmName] = append(told[m.AlarmName], m)
		}
	}
	for _, name := range alarms {
		got := told[name]
		slices.SortFunc(got, func(a, b message) int { return cmp.Compare(a.StateChangeTime, b.StateChangeTime) })
		if got[0].NewStateValue != "ALARM" || got[1].NewStateValue != "OK" || !strings.HasPrefix(got[0].NewStateReason, "Threshold Crossed") {
			f.Errorf("told of %s: %+v", name, got)
		}
	}
}

// TestFanoutTopicIsClosed has another bucket ask to publish to the topic, which
// only the pipeline's own may.
func TestFanoutTopicIsClosed(t *testing.T) {
	t.Parallel()
	f := startFanout(t)
	must(f.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("another")}))(t)
	_, err := f.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("another"),
		NotificationConfiguration: &s3types.NotificationConfiguration{TopicConfigurations: []s3types.TopicConfiguration{
			{TopicArn: aws.String(f.out["UploadTopic"]), Events: []s3types.Event{"s3:ObjectCreated:*"}},
		}},
	})
	if code(err) != "InvalidArgument" || !strings.Contains(err.Error(), "Unable to validate the following destination configurations") {
		t.Errorf("another bucket's notification: %v", err)
	}
	f.put("another", "clients.csv", fanoutSample(t, "clients.csv"))
	f.put(f.bucket(), "in/clients.csv", fanoutSample(t, "clients.csv"))
	sameRows(t, f.take(f.out["QueueUrl"], 5), clientRows...)
	f.checkNotices("in/clients.csv")
}
