// Package metrics is the request metrics of S3, as
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
// defines them.
//
// What differs from AWS: every bucket has them, under the FilterId that the
// console proposes, where AWS wants a metrics configuration first;
// FirstByteLatency counts from the arrival of the request, not of its last byte;
// a request that is refused before it is understood, such as for its signature,
// is of no bucket and is not counted. The daily metrics of storage are not here:
// no bucket knows its size without a look at all of its objects.
package metrics

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/wire"
)

const (
	namespace    = "AWS/S3"
	entireBucket = "EntireBucket"
)

// requests are the metrics that count requests for objects and lists of them,
// by operation. What configures a bucket is in AllRequests alone, as are lists
// of uploads and parts.
var requests = map[string]string{
	"GetObject":           "GetRequests",
	"GetObjectAcl":        "GetRequests",
	"GetObjectAttributes": "GetRequests",
	"GetObjectTagging":    "GetRequests",

	"PutObject":        "PutRequests",
	"PutObjectAcl":     "PutRequests",
	"PutObjectTagging": "PutRequests",
	"CopyObject":       "PutRequests", // for the destination
	"UploadPart":       "PutRequests",
	"UploadPartCopy":   "PutRequests",

	"AbortMultipartUpload": "DeleteRequests",
	"DeleteObject":         "DeleteRequests",
	"DeleteObjects":        "DeleteRequests",
	"DeleteObjectTagging":  "DeleteRequests",

	"HeadBucket": "HeadRequests",
	"HeadObject": "HeadRequests",

	"CompleteMultipartUpload": "PostRequests",
	"CreateMultipartUpload":   "PostRequests",
	"PostObject":              "PostRequests",

	"ListObjects":        "ListRequests",
	"ListObjectsV2":      "ListRequests",
	"ListObjectVersions": "ListRequests",
}

// Observe counts a request that S3 has answered. Requests of other services, and
// those for no bucket or one that the answer says is not there, count nowhere.
func Observe(m event.Metrics, c wire.Call) {
	bucket := bucketOf(&c)
	if c.Service != "s3" || bucket == "" {
		return
	}
	s := seriesOf(m, bucket)
	s.observe("AllRequests", "Count", 1)
	if name := requests[c.Operation]; name != "" {
		s.observe(name, "Count", 1)
	}
	if c.BytesOut > 0 {
		s.observe("BytesDownloaded", "Bytes", float64(c.BytesOut))
	}
	if n := uploaded(&c); n > 0 {
		s.observe("BytesUploaded", "Bytes", float64(n))
	}
	s.observe("4xxErrors", "Count", oneIf(c.Status/100 == 4))
	s.observe("5xxErrors", "Count", oneIf(c.Status/100 == 5))
	s.observe("FirstByteLatency", "Milliseconds", milliseconds(c.FirstByte))
	s.observe("TotalRequestLatency", "Milliseconds", milliseconds(c.Duration))
	if source := copied(&c); source != "" {
		from := seriesOf(m, source)
		from.observe("GetRequests", "Count", 1)
	}
}

// series are the metrics of one bucket.
type series struct {
	to event.Metrics
	of event.Dimensions
}

func seriesOf(m event.Metrics, bucket string) series {
	return series{m, event.Dimensions{{Name: "BucketName", Value: bucket}, {Name: "FilterId", Value: entireBucket}}}
}

func (s *series) observe(name, unit string, value float64) {
	s.to.Observe(event.Metric{Namespace: namespace, Name: name, Unit: unit, Dimensions: s.of}, value)
}

// bucketOf is the bucket that a request is for, or "". It is "" too where the
// answer says that there is none by that name, or none can be.
func bucketOf(c *wire.Call) string {
	if c.Err != nil {
		switch c.Err.ErrorCode() {
		case "NoSuchBucket", "InvalidBucketName":
			return ""
		}
	}
	switch in := c.Input.(type) {
	case nil:
		return ""
	case *s3.GetObjectInput:
		return aws.ToString(in.Bucket)
	case *s3.PutObjectInput:
		return aws.ToString(in.Bucket)
	case *s3.HeadObjectInput:
		return aws.ToString(in.Bucket)
	case *s3.UploadPartInput:
		return aws.ToString(in.Bucket)
	}
	name := reflect.ValueOf(c.Input).Elem().FieldByName("Bucket")
	if p, ok := fieldOf(name); ok {
		return aws.ToString(p)
	}
	return ""
}

func fieldOf(v reflect.Value) (*string, bool) {
	if !v.IsValid() || !v.CanInterface() {
		return nil, false
	}
	p, ok := v.Interface().(*string)
	return p, ok
}

// uploaded is the size of a request's body, without the framing that a stream
// of signed chunks has.
func uploaded(c *wire.Call) int64 {
	if h := c.Header.Get("X-Amz-Decoded-Content-Length"); h != "" && c.Err == nil {
		if n, err := strconv.ParseInt(h, 10, 64); err == nil {
			return min(n, c.BytesIn) // nobody has checked it where there is no stream
		}
	}
	return c.BytesIn
}

// copied is the bucket that a copy was made from, or "".
func copied(c *wire.Call) string {
	var source *string
	switch in := c.Input.(type) {
	case *s3.CopyObjectInput:
		source = in.CopySource
	case *s3.UploadPartCopyInput:
		source = in.CopySource
	}
	if source == nil || c.Err != nil {
		return ""
	}
	path, _, _ := strings.Cut(*source, "?")
	path, err := url.PathUnescape(path) // the slash may be escaped too
	if err != nil {
		return ""
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return bucket
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
