package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// inbox is a destination of events: it keeps them as rows of the store, as a
// queue does. Resources named "absent" are not there, "denied" let nobody in.
type inbox struct{}

func inboxKey(to event.ARN) store.Key { return store.K("inbox", to.Resource) }

func (inbox) Check(_ context.Context, _ *store.Tx, to event.ARN, _ event.Sender) error {
	switch {
	case strings.HasSuffix(to.Resource, "absent"):
		return event.ErrNotFound
	case strings.HasSuffix(to.Resource, "denied"):
		return event.ErrDenied
	}
	return nil
}

func (b inbox) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	if strings.HasSuffix(to.Resource, "broken") {
		return errors.New("the inbox is broken")
	}
	if err := b.Check(ctx, tx, to, e.From); err != nil {
		return err
	}
	tx.Set(inboxKey(to).Uint(tx.NextID()), e.Body)
	tx.Set(store.K("subject", to.Resource), []byte(e.Subject))
	return nil
}

func newService(st *store.Store) *Service {
	r := event.NewRouter()
	r.HandleTarget("sqs", inbox{})
	r.HandleTarget("lambda", inbox{})
	r.HandleTarget("sns", inbox{})
	r.HandleTarget("events", inbox{})
	return New(st, Config{Account: "000000000000", Region: "us-east-1", Router: r})
}

// fixture is the service behind the SDK's client.
type fixture struct {
	*s3.Client
	t   testing.TB
	svc *Service
	st  *store.Store
	mux *wire.Mux
	ctx context.Context

	disk *storetest.Disk
}

func fixtureOn(t testing.TB, st *store.Store) *fixture {
	t.Helper()
	svc := newService(st)
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(svc.API())
	client := s3.NewFromConfig(wiretest.Config(t, mux), func(o *s3.Options) {
		// What config.LoadDefaultConfig gives.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	})
	return &fixture{Client: client, t: t, svc: svc, st: st, mux: mux, ctx: context.Background()}
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

func (f *fixture) bucket(name string) string {
	f.t.Helper()
	must(f.CreateBucket(f.ctx, &s3.CreateBucketInput{Bucket: &name}))(f.t)
	return name
}

func (f *fixture) put(bucket, key, body string) *s3.PutObjectOutput {
	f.t.Helper()
	return must(f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}))(f.t)
}

func (f *fixture) get(bucket, key string) string {
	f.t.Helper()
	out := must(f.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}))(f.t)
	return string(readBody(f.t, out.Body))
}

func readBody(t testing.TB, r io.ReadCloser) []byte {
	t.Helper()
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inbox is what arrived at a destination.
func (f *fixture) inbox(resource string) (bodies []string) {
	f.t.Helper()
	return readInbox(f.t, f.st, resource)
}

// subject is that of the last event which arrived at a destination.
func (f *fixture) subject(resource string) (subject string) {
	f.t.Helper()
	err := f.st.View(f.ctx, func(tx *store.Tx) error {
		b, _ := tx.Get(store.K("subject", resource))
		subject = string(b)
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return subject
}

func readInbox(t testing.TB, st *store.Store, resource string) (bodies []string) {
	t.Helper()
	err := st.View(context.Background(), func(tx *store.Tx) error {
		for _, v := range tx.Scan(store.Prefix(store.K("inbox", resource))) {
			bodies = append(bodies, string(v))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return bodies
}

// code is the code of an error, with its HTTP status; "" for none.
func code(err error) string {
	var e smithy.APIError
	var status interface{ HTTPStatusCode() int }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && errors.As(err, &status):
		return fmt.Sprintf("%d %s", status.HTTPStatusCode(), e.ErrorCode())
	case errors.As(err, &e):
		return e.ErrorCode()
	}
	return err.Error()
}

func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("got error %q (%v), want %q", got, err, want)
	}
}

// raw sends a request as it is.
func (f *fixture) raw(method, path string, body string, header ...string) *http.Response {
	f.t.Helper()
	req := must(http.NewRequest(method, "http://s3.localhost:4566"+path, strings.NewReader(body)))(f.t)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res := must(wire.InProcess(f.mux).RoundTrip(req))(f.t)
	res.Body = io.NopCloser(bytes.NewReader(readBody(f.t, res.Body)))
	return res
}

func ptr[T any](v T) *T { return &v }

func newFixture(t testing.TB) *fixture {
	t.Helper()
	d := storetest.NewDisk()
	st, _ := d.Open(t)
	f := fixtureOn(t, st)
	f.disk = d
	return f
}

// blobs is the number of blobs on disk.
func (f *fixture) blobs() int { return len(must(f.disk.FS.List("data/blobs"))(f.t)) }

// multipart uploads an object in parts.
func (f *fixture) multipart(bucket, key string, bodies ...string) {
	f.t.Helper()
	up := must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}))(f.t)
	var done types.CompletedMultipartUpload
	for i, body := range bodies {
		n := int32(i + 1)
		p := must(f.UploadPart(f.ctx, &s3.UploadPartInput{
			Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: &n, Body: strings.NewReader(body),
		}))(f.t)
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: &n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32})
	}
	must(f.CompleteMultipartUpload(f.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: up.UploadId, MultipartUpload: &done,
	}))(f.t)
}

// onRealDisk is a store on the machine's disk, for bodies that a disk in memory
// would hold in memory.
func onRealDisk(t testing.TB) *store.Store {
	t.Helper()
	st := must(store.Open(t.TempDir(), store.Options{}))(t)
	t.Cleanup(func() { st.Close() })
	return st
}

// in is the fixture as a part of a test uses it.
func (f *fixture) in(t testing.TB) *fixture {
	g := *f
	g.t = t
	return &g
}
