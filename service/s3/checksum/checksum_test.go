package checksum

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestMembers: every type that carries checksums has a member for each algorithm.
func TestMembers(t *testing.T) {
	for _, a := range supported {
		for _, v := range []any{
			&s3.PutObjectOutput{}, &s3.HeadObjectOutput{}, &s3.UploadPartOutput{}, &s3.CompleteMultipartUploadInput{},
			&s3.CompleteMultipartUploadOutput{}, &types.CompletedPart{}, &types.CopyObjectResult{}, &types.CopyPartResult{},
			&types.Checksum{}, &types.Part{}, &types.ObjectPart{},
		} {
			if got := Given(v, a); got != "" {
				t.Errorf("%T has %s %q", v, a, got)
			}
			Sum{Algorithm: a, Value: "x"}.Show(v)
			if got := Given(v, a); got != "x" {
				t.Errorf("%T has %s %q, want x", v, a, got)
			}
		}
	}
}

func TestDeclared(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          Algorithm
	}{
		{"X-Amz-Checksum-Crc32", "AAAAAA==", types.ChecksumAlgorithmCrc32},
		{"X-Amz-Trailer", "x-amz-checksum-crc32c", types.ChecksumAlgorithmCrc32c},
		{"X-Amz-Trailer", "X-Amz-Checksum-Sha256, x-other", types.ChecksumAlgorithmSha256},
		{"X-Amz-Checksum-Md5", "x", ""},
		{"Content-Md5", "x", ""},
	} {
		if got := Declared(http.Header{c.header: {c.value}}); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.header, c.value, got, c.want)
		}
	}
}
