package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/logs"
	s3service "github.com/runnel/runnel/service/s3"
	sqsservice "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account = "000000000000"
	region  = "us-east-1"
	role    = "arn:aws:iam::000000000000:role/worker"
)

// rig is the service with the neighbours that it works with, behind real
// clients.
type rig struct {
	t      testing.TB
	st     *store.Store
	s      *Service
	router *event.Router
	mux    *wire.Mux
	lambda *lambda.Client
	sqs    *sqs.Client
	s3     *s3.Client
	asked  *questions
	stop   func() // ends Run and the processes, as a test ends
	// stopRun is stop without an end to the questions.
	stopRun func()
}

func newRig(t testing.TB, options ...func(*Config)) *rig {
	t.Helper()
	return openRig(t, storetest.NewDisk(), options...)
}

func openRig(t testing.TB, disk *storetest.Disk, options ...func(*Config)) *rig {
	t.Helper()
	st, _ := disk.Open(t)
	return rigOn(t, st, options...)
}

// openStore is a store on the machine's disk.
func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = st.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func rigOn(t testing.TB, st *store.Store, options ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, st: st, router: event.NewRouter(), asked: newQuestions(t)}
	r.mux = wire.NewMux(wire.Config{Region: region, Account: account, Logger: quietLogger(t)})
	config := wiretest.Config(t, r.mux)
	queues := sqsservice.New(st, sqsservice.Config{Account: account, Region: region})
	buckets := s3service.New(st, s3service.Config{Account: account, Region: region, Router: r.router})
	cfg := Config{
		Account: account, Region: region, Router: r.router, AWS: config, Dir: t.TempDir(),
		Self: []string{os.Args[0], "function"}, Endpoint: "http://localhost:4566", Logger: quietLogger(t), Grace: -1,
	}
	for _, o := range options {
		o(&cfg)
	}
	lines := logs.New(st, logs.Config{Account: account, Region: region, Metrics: cfg.Metrics})
	cfg.Logs = lines
	var err error
	if r.s, err = New(st, cfg); err != nil {
		t.Fatal(err)
	}
	r.router.HandleTarget("sqs", queues)
	r.router.HandleQueue("sqs", queues)
	r.router.HandleTarget("lambda", r.s)
	r.router.HandleFunctions(r.s)
	for _, api := range []wire.API{r.s.API(), queues.API(), buckets.API(), lines.API()} {
		r.mux.Handle(api)
	}
	r.lambda, r.sqs, r.s3 = lambda.NewFromConfig(config), sqs.NewFromConfig(config), s3.NewFromConfig(config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = r.s.Run(ctx) }()
	r.stop = func() { r.asked.close(); r.stopRun() }
	r.stopRun = sync.OnceFunc(func() {
		cancel()
		<-ended
		if err := r.s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// quietLogger shows what services log only where a test fails.
func quietLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// questions are what functions ask the test.
type questions struct {
	server *httptest.Server
	c      chan question
	done   chan struct{}
	once   sync.Once
}

type question struct {
	Body   []byte
	Answer chan<- string
}

func newQuestions(t testing.TB) *questions {
	q := &questions{c: make(chan question), done: make(chan struct{})}
	q.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer := make(chan string, 1)
		select {
		case q.c <- question{body, answer}:
		case <-q.done:
			return
		case <-r.Context().Done():
			return
		}
		select {
		case a := <-answer:
			io.WriteString(w, a)
		case <-q.done:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(q.close)
	return q
}

func (q *questions) close() {
	q.once.Do(func() {
		close(q.done)
		q.server.CloseClientConnections()
		q.server.Close()
	})
}

// next waits for a function to ask, and answers it.
func (r *rig) next(answer string) string {
	r.t.Helper()
	select {
	case q := <-r.asked.c:
		q.Answer <- answer
		return string(q.Body)
	case <-r.t.Context().Done():
		r.t.Fatal("no function asked")
	}
	panic("unreachable")
}

func jsonReader(b []byte) io.Reader { return bytes.NewReader(b) }

// selfZip is a package whose bootstrap is the test binary.
func selfZip(t testing.TB) []byte {
	return zipOf(t, map[string]string{"bootstrap": "#!runnel\n"})
}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// create makes a function that runs one of the handlers of main_test.go.
func (r *rig) create(name, handler string, options ...func(*lambda.CreateFunctionInput)) *lambda.CreateFunctionOutput {
	r.t.Helper()
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Handler: &handler, Role: aws.String(role), Runtime: types.RuntimeProvidedal2023,
		MemorySize: aws.Int32(512), Timeout: aws.Int32(20),
		Code:        &types.FunctionCode{ZipFile: selfZip(r.t)},
		Environment: &types.Environment{Variables: map[string]string{"TEST_URL": r.asked.server.URL}},
	}
	for _, o := range options {
		o(in)
	}
	out, err := r.lambda.CreateFunction(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) createQueue(name string, attributes map[string]string) (url, arn string) {
	r.t.Helper()
	out, err := r.sqs.CreateQueue(r.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		r.t.Fatal(err)
	}
	return *out.QueueUrl, "arn:aws:sqs:" + region + ":" + account + ":" + name
}

// receive waits for a message and takes it from the queue.
func (r *rig) receive(url string) (body string, attributes map[string]string) {
	r.t.Helper()
	for {
		out, err := r.sqs.ReceiveMessage(r.t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &url, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			continue
		}
		m := out.Messages[0]
		attributes = make(map[string]string)
		for k, v := range m.MessageAttributes {
			attributes[k] = aws.ToString(v.StringValue)
		}
		if _, err := r.sqs.DeleteMessage(r.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			r.t.Fatal(err)
		}
		return *m.Body, attributes
	}
}

// fails checks an error's code and text.
func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got  %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
