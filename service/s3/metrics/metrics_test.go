package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/event"
	service "github.com/runnel/runnel/service/s3"
	"github.com/runnel/runnel/service/s3/metrics"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// ledger keeps what is measured, as text.
type ledger struct {
	event.NoMetrics
	lines []string
}

func (l *ledger) Observe(m event.Metric, value float64) {
	line := fmt.Sprintf("%s=%g", m.Name, value)
	if m.Unit == "Milliseconds" {
		line = m.Name
	}
	if m.Namespace != "AWS/S3" || m.Dimensions[1] != (event.Dimension{Name: "FilterId", Value: "EntireBucket"}) {
		line = fmt.Sprint(m)
	}
	if bucket := m.Dimensions[0].Value; bucket != "bbb" {
		line = bucket + ":" + line
	}
	l.lines = append(l.lines, line)
}

// told is what was measured since the last call, without what is of every
// request.
func (l *ledger) told() string {
	var s []string
	for _, line := range l.lines {
		if !slices.Contains([]string{"AllRequests=1", "4xxErrors=0", "5xxErrors=0", "FirstByteLatency", "TotalRequestLatency"}, line) {
			s = append(s, line)
		}
	}
	l.lines = nil
	return strings.Join(s, " ")
}

func newClient(t testing.TB, l event.Metrics) *s3.Client {
	st := storetest.Open(t)
	buckets := service.New(st, service.Config{Account: "000000000000", Region: "us-east-1", Router: event.NewRouter()})
	mux := wire.NewMux(wire.Config{Account: "000000000000", Region: "us-east-1", Observe: func(c wire.Call) { metrics.Observe(l, c) }})
	mux.Handle(buckets.API())
	return s3.NewFromConfig(wiretest.Config(t, mux), func(o *s3.Options) { o.UsePathStyle = true })
}

// TestObserve is one request of each kind, and what AWS's definitions make of
// it.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		c, ctx := newClient(t, &l), t.Context()
		b, k, other := aws.String("bbb"), aws.String("k"), aws.String("other")
		var upload string
		for _, step := range []struct {
			name string
			do   func() error
			want string
		}{
			{"CreateBucket", func() error { return errOf(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b})) }, ""},
			{"another", func() error { return errOf(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: other})) },
				"other:AllRequests=1 other:4xxErrors=0 other:5xxErrors=0 other:FirstByteLatency other:TotalRequestLatency"},
			{"PutObject", func() error {
				return errOf(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("hello")}))
			}, "PutRequests=1 BytesUploaded=5"},
			{"GetObject", func() error {
				out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
				if err == nil {
					_, err = io.Copy(io.Discard, out.Body)
				}
				return err
			}, "GetRequests=1 BytesDownloaded=5"},
			{"HeadObject", func() error { return errOf(c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: k})) }, "HeadRequests=1"},
			{"HeadBucket", func() error { return errOf(c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b})) }, "HeadRequests=1"},
			{"CopyObject", func() error {
				return errOf(c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: other, Key: k, CopySource: aws.String("bbb/k")}))
			}, "other:AllRequests=1 other:PutRequests=1 other:BytesDownloaded=N other:4xxErrors=0 other:5xxErrors=0 other:FirstByteLatency other:TotalRequestLatency GetRequests=1"},
			{"CreateMultipartUpload", func() error {
				out, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
				if err == nil {
					upload = *out.UploadId
				}
				return err
			}, "PostRequests=1 BytesDownloaded=N"},
			{"AbortMultipartUpload", func() error {
				return errOf(c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: &upload}))
			}, "DeleteRequests=1"},
			{"ListObjectsV2", func() error { return errOf(c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b})) }, "ListRequests=1 BytesDownloaded=N"},
			{"DeleteObjects", func() error {
				return errOf(c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: k}}}}))
			}, "DeleteRequests=1 BytesDownloaded=N BytesUploaded=N"},
			{"DeleteObject", func() error { return errOf(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})) }, "DeleteRequests=1"},
			{"GetBucketVersioning", func() error {
				return errOf(c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: b}))
			}, "BytesDownloaded=N"},
			{"ListBuckets", func() error { return errOf(c.ListBuckets(ctx, &s3.ListBucketsInput{})) }, ""},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			synctest.Wait() // the request is counted after it is answered
			if got := l.told(); !alike(got, step.want) {
				t.Errorf("%s\ngot  %s\nwant %s", step.name, got, step.want)
			}
		}
	})
}

// TestObserveErrors: what fails is counted if it is of a bucket.
func TestObserveErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		c, ctx := newClient(t, &l), t.Context()
		if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bbb")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		l.told()
		for bucket, want := range map[string]string{"bbb": "GetRequests=1 BytesDownloaded=N 4xxErrors=1", "none": ""} {
			if _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("none")}); err == nil {
				t.Fatal("it is there")
			}
			synctest.Wait()
			if got := l.told(); !alike(got, want) {
				t.Errorf("%s\ngot  %s\nwant %s", bucket, got, want)
			}
		}
	})
}

// TestObserveLength: what a request says of its length is not believed where
// nothing came.
func TestObserveLength(t *testing.T) {
	for header, want := range map[string]string{"9223372036854775807": "BytesUploaded=70", "50": "BytesUploaded=50", "-1": "", "many": "BytesUploaded=70"} {
		var l ledger
		metrics.Observe(&l, wire.Call{
			Request: &wire.Request{Service: "s3", Operation: "PutBucketTagging", Header: http.Header{"X-Amz-Decoded-Content-Length": {header}}},
			Input:   &s3.PutBucketTaggingInput{Bucket: aws.String("bbb")}, Status: 200, BytesIn: 70,
		})
		if got := l.told(); got != want {
			t.Errorf("%s: %s", header, got)
		}
	}
}

// TestObserveCopy: the source of a copy is counted under its bucket, however the
// client has written it.
func TestObserveCopy(t *testing.T) {
	for _, source := range []string{"bbb/a/k", "/bbb/a/k", "bbb%2Fa%2Fk", "%2Fbbb%2Fk", "bbb/k%3F?versionId=null"} {
		var l ledger
		metrics.Observe(&l, wire.Call{
			Request: &wire.Request{Service: "s3", Operation: "CopyObject"},
			Input:   &s3.CopyObjectInput{Bucket: aws.String("bbb"), Key: aws.String("k"), CopySource: &source}, Status: 200,
		})
		if got := l.told(); got != "PutRequests=1 GetRequests=1" {
			t.Errorf("%s: %s", source, got)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// alike compares texts in which N is any number.
func alike(got, want string) bool {
	g, w := strings.Fields(got), strings.Fields(want)
	return slices.EqualFunc(g, w, func(g, w string) bool {
		name, any := strings.CutSuffix(w, "=N")
		return g == w || any && strings.HasPrefix(g, name+"=")
	})
}

func BenchmarkObserve(b *testing.B) {
	c := wire.Call{
		Request: &wire.Request{Service: "s3", Operation: "PutObject"}, Status: 200, BytesIn: 1000,
		Input: &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")},
	}
	b.ReportAllocs()
	for b.Loop() {
		metrics.Observe(event.NoMetrics{}, c)
	}
}
