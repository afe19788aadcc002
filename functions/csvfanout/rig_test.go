package csvfanout

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	fabric "github.com/runnel/runnel/event"
	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/environment"
	buckets "github.com/runnel/runnel/service/s3"
	queues "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// rig is the function beside a bucket and a queue.
type rig struct {
	*testing.T
	destination
	format csvfile.Format
	output string
}

const bucket = "uploads"

func newRig(t *testing.T) *rig {
	st := storetest.Open(t)
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(buckets.New(st, buckets.Config{Account: "000000000000", Region: "us-east-1", Router: fabric.NewRouter()}).API())
	mux.Handle(queues.New(st, queues.Config{Account: "000000000000", Region: "us-east-1"}).API())
	cfg := wiretest.Config(t, mux)
	r := &rig{T: t, destination: destination{s3: environment.S3(cfg), sqs: sqs.NewFromConfig(cfg)}}
	if _, err := r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	q, err := r.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("rows")})
	if err != nil {
		t.Fatal(err)
	}
	r.url = aws.ToString(q.QueueUrl)
	return r
}

// convert puts a file into the bucket and runs the function over it.
func (r *rig) convert(key, content string) csvfile.Loaded {
	r.Helper()
	_, err := r.s3.PutObject(r.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		r.Fatal(err)
	}
	loader := &csvfile.Loader{Format: r.format, S3: r.s3, Reports: quarantine, Open: r.rows}
	if r.output == "document" {
		loader.Open = r.document
	}
	done, err := loader.Load(r.Context(), []csvfile.Part{{Bucket: bucket, Key: key, Number: 1}})
	if err != nil {
		r.Fatal(err)
	}
	return done[0]
}

// take takes all messages off the queue, in the order of their lines and parts.
func (r *rig) take() []sqstypes.Message {
	r.Helper()
	var all []sqstypes.Message
	for {
		out, err := r.sqs.ReceiveMessage(r.Context(), &sqs.ReceiveMessageInput{QueueUrl: &r.url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
		if err != nil {
			r.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		all = append(all, out.Messages...)
	}
	order := func(m sqstypes.Message) string {
		return fmt.Sprintf("%09s %09s", attribute(m, "Line"), attribute(m, "Part"))
	}
	slices.SortFunc(all, func(a, b sqstypes.Message) int { return strings.Compare(order(a), order(b)) })
	return all
}

func attribute(m sqstypes.Message, name string) string {
	return aws.ToString(m.MessageAttributes[name].StringValue)
}

// objects are the keys and the contents of what is under a prefix.
func (r *rig) objects(prefix string) map[string]string {
	r.Helper()
	out, err := r.s3.ListObjectsV2(r.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: &prefix})
	if err != nil {
		r.Fatal(err)
	}
	found := make(map[string]string)
	for _, o := range out.Contents {
		got, err := r.s3.GetObject(r.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: o.Key})
		if err != nil {
			r.Fatal(err)
		}
		b, err := io.ReadAll(got.Body)
		if err != nil {
			r.Fatal(err)
		}
		found[aws.ToString(o.Key)] = string(b)
	}
	return found
}

// became is what became of a file, as text.
func (r *rig) became(done csvfile.Loaded) string {
	r.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "sent %d, bad %d\n", done.Sent, done.Bad)
	for _, m := range r.take() {
		line := attribute(m, "Line")
		if p := attribute(m, "Part"); p != "" {
			line += " part " + p + " of " + attribute(m, "Parts")
		}
		fmt.Fprintf(&b, "message %s: %s\n", line, aws.ToString(m.Body))
	}
	reports := r.objects(quarantine)
	for _, key := range slices.Sorted(maps.Keys(reports)) {
		fmt.Fprintf(&b, "quarantine: %s", reports[key])
	}
	return b.String()
}
