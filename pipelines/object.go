package pipelines

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3 makes a client that has buckets in paths: not everywhere is there a host for
// each.
func (s *Session) S3() *s3.Client {
	return s3.NewFromConfig(s.AWS, func(o *s3.Options) { o.UsePathStyle = true })
}

// Lines counts the lines of an object.
func (s *Session) Lines(ctx context.Context, bucket, key string) (int, error) {
	out, err := s.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return 0, err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return bytes.Count(b, []byte("\n")), err
}
