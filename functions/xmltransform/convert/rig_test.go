package convert

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	fabric "github.com/runnel/runnel/event"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/fileevent"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	tables "github.com/runnel/runnel/service/dynamodb"
	buckets "github.com/runnel/runnel/service/s3"
	topics "github.com/runnel/runnel/service/sns"
	queues "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account = "000000000000"
	files   = "xml-data"
	results = "json-data"
)

// rig is the function beside the services that it uses.
type rig struct {
	testing.TB
	*converter
	services http.Handler
	direct   *s3.Client // not past before
	sqs      *sqs.Client
	queue    string // that hears the topic

	// before is called before each request of the function; what it answers
	// with, if that is not 0, is the request's status.
	before func(request string) (status int)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	st, router := storetest.Open(t), fabric.NewRouter()
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: account})
	q := queues.New(st, queues.Config{Account: account, Region: "us-east-1"})
	router.HandleTarget("sqs", q)
	for _, api := range []wire.API{
		buckets.New(st, buckets.Config{Account: account, Region: "us-east-1", Router: router}).API(),
		tables.New(st, tables.Config{Account: account, Region: "us-east-1"}).API(),
		topics.New(st, topics.Config{Account: account, Region: "us-east-1", Endpoint: "http://localhost:4566", Router: router}).API(),
		q.API(),
	} {
		mux.Handle(api)
	}
	r := &rig{TB: t, services: mux}
	cfg := wiretest.Config(t, mux)
	r.direct, r.sqs = environment.S3(cfg), sqs.NewFromConfig(cfg)
	r.converter = r.another(func(request string) int {
		if r.before == nil {
			return 0
		}
		return r.before(request)
	})
	r.build(cfg)
	return r
}

// another is the function once more, before whose requests something is called.
func (r *rig) another(before func(request string) (status int)) *converter {
	r.Helper()
	cfg := wiretest.Config(r, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		request := req.Method + " " + strings.TrimPrefix(req.URL.Path, "/")
		if status := before(request); status != 0 {
			w.WriteHeader(status)
			return
		}
		r.services.ServeHTTP(w, req)
	}))
	return &converter{
		s3: environment.S3(cfg), sns: sns.NewFromConfig(cfg), rules: rules.New(dynamodb.NewFromConfig(cfg), "rules"),
		results: results, topic: "arn:aws:sns:us-east-1:" + account + ":notices",
	}
}

// build makes what the stack makes.
func (r *rig) build(cfg aws.Config) {
	r.Helper()
	ctx := r.Context()
	for _, name := range []string{files, results} {
		must(r.direct.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))(r)
	}
	must(dynamodb.NewFromConfig(cfg).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("rules"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
	}))(r)
	topic := must(sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("notices")}))(r)
	queue := must(r.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("notices"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}}))(r)
	r.queue = aws.ToString(queue.QueueUrl)
	must(sns.NewFromConfig(cfg).Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:" + account + ":notices"),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	}))(r)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// keep stores a rule.
func (r *rig) keep(id, document string) {
	r.Helper()
	must(r.converter.rules.Create(r.Context(), id, []byte(document)))(r)
}

// put puts a file into the bucket, its metadata name and value by turns, and
// returns S3's event of it.
func (r *rig) put(key, content string, metadata ...string) string {
	r.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String(files), Key: &key, Body: strings.NewReader(content), Metadata: map[string]string{}}
	for i := 0; i+1 < len(metadata); i += 2 {
		in.Metadata[metadata[i]] = metadata[i+1]
	}
	must(r.direct.PutObject(r.Context(), in))(r)
	return eventOf(key)
}

// eventOf is what S3 sends of a file.
func eventOf(key string) string {
	return fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":%q},"object":{"key":%q}}}]}`, files, url.QueryEscape(key))
}

// invoke runs the function on an event.
func (r *rig) invoke(text string) (any, error) {
	r.Helper()
	return r.handle(r.Context(), parsed(r, text))
}

// done runs the function, which is not to fail, and returns its notices.
func (r *rig) done(event string) []*place.Notice {
	r.Helper()
	return must(r.invoke(event))(r).([]*place.Notice)
}

// notices takes what the topic said off its queue.
func (r *rig) notices() (all []sqstypes.Message) {
	r.Helper()
	for {
		out := must(r.sqs.ReceiveMessage(r.Context(), &sqs.ReceiveMessageInput{QueueUrl: &r.queue, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}}))(r)
		if len(out.Messages) == 0 {
			return all
		}
		all = append(all, out.Messages...)
	}
}

// objects are the objects of the bucket of the results as text.
func (r *rig) objects() map[string]string {
	r.Helper()
	all := make(map[string]string)
	list := must(r.direct.ListObjectsV2(r.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(results)}))(r)
	for _, o := range list.Contents {
		all[aws.ToString(o.Key)] = r.object(aws.ToString(o.Key))
	}
	return all
}

func (r *rig) object(key string) string {
	r.Helper()
	out := must(r.direct.GetObject(r.Context(), &s3.GetObjectInput{Bucket: aws.String(results), Key: &key}))(r)
	defer out.Body.Close()
	return string(must(io.ReadAll(out.Body))(r))
}

func (r *rig) metadata(key string) map[string]string {
	r.Helper()
	return must(r.direct.HeadObject(r.Context(), &s3.HeadObjectInput{Bucket: aws.String(results), Key: &key}))(r).Metadata
}

// became is what became of files, as text: notices and objects.
func (r *rig) became() string {
	r.Helper()
	var b strings.Builder
	told := make(map[string]bool)
	for _, m := range r.notices() {
		fmt.Fprintf(&b, "notice")
		for _, name := range slices.Sorted(maps.Keys(m.MessageAttributes)) {
			fmt.Fprintf(&b, " %s=%s", name, aws.ToString(m.MessageAttributes[name].StringValue))
		}
		body := aws.ToString(m.Body)
		fmt.Fprintf(&b, ": %s\n", body)
		told[body+"\n"] = true
	}
	objects := r.objects()
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		fmt.Fprintf(&b, "object %s", key)
		metadata := r.metadata(key)
		for _, name := range slices.Sorted(maps.Keys(metadata)) {
			fmt.Fprintf(&b, " %s=%s", name, metadata[name])
		}
		if told[objects[key]] {
			b.WriteString(": the notice\n")
		} else {
			fmt.Fprintf(&b, ":\n%s\n", strings.TrimSuffix(objects[key], "\n"))
		}
	}
	return b.String()
}

// once calls do before the first request of a kind, such as
// "PUT json-data/a.json".
func (r *rig) once(request string, do func()) {
	r.before = func(got string) int {
		if got == request {
			r.before = nil
			do()
		}
		return 0
	}
}

// parsed reads an event.
func parsed(t testing.TB, text string) (e fileevent.Event) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}
