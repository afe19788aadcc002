package s3

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/checksum"
)

// TestMultipartChecksums uploads in parts with each kind of checksum and
// compares what the object has with that of the same bytes put whole.
func TestMultipartChecksums(t *testing.T) {
	for _, c := range []struct {
		algorithm checksum.Algorithm
		kind      checksum.Kind
		want      checksum.Kind
	}{
		{types.ChecksumAlgorithmCrc32, "", types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmCrc32, types.ChecksumTypeFullObject, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject, types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmCrc64nvme, "", types.ChecksumTypeFullObject},
		{types.ChecksumAlgorithmSha1, "", types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmSha256, types.ChecksumTypeComposite, types.ChecksumTypeComposite},
		{types.ChecksumAlgorithmSha512, "", types.ChecksumTypeComposite},
	} {
		t.Run(fmt.Sprintf("%s_%s", c.algorithm, c.kind), func(t *testing.T) {
			u := beginUpload(t, &s3.CreateMultipartUploadInput{ChecksumAlgorithm: c.algorithm, ChecksumType: c.kind})
			body := []string{strings.Repeat("a", minPart), "tail"}
			u.part(body[0])
			u.part(body[1])
			done := u.complete(nil)
			if done.ChecksumType != c.want {
				t.Errorf("type %s", done.ChecksumType)
			}
			whole := must(u.PutObject(u.ctx, &s3.PutObjectInput{
				Bucket: u.in.Bucket, Key: ptr("whole"), Body: strings.NewReader(strings.Join(body, "")), ChecksumAlgorithm: c.algorithm,
			}))(t)
			want := checksum.Given(whole, c.algorithm)
			got := checksum.Given(done, c.algorithm)
			if c.want == types.ChecksumTypeFullObject && got != want {
				t.Errorf("checksum %s, of the whole %s", got, want)
			}
			if c.want == types.ChecksumTypeComposite && !strings.HasSuffix(got, "-2") {
				t.Errorf("checksum %s", got)
			}
			out := must(u.GetObject(u.ctx, &s3.GetObjectInput{Bucket: u.in.Bucket, Key: u.in.Key, ChecksumMode: types.ChecksumModeEnabled}))(t)
			if readBody(t, out.Body); out.ChecksumType != c.want { // the client verifies what it can
				t.Errorf("read: type %s", out.ChecksumType)
			}
			u.wantParts(c.want)
		})
	}
}

// uploading is an upload that goes on.
type uploading struct {
	*fixture
	in   *s3.CreateMultipartUploadInput
	id   *string
	done types.CompletedMultipartUpload
}

func beginUpload(t *testing.T, in *s3.CreateMultipartUploadInput) *uploading {
	t.Helper()
	f := newFixture(t)
	in.Bucket, in.Key = ptr(f.bucket("data")), ptr("k")
	return &uploading{fixture: f, in: in, id: must(f.CreateMultipartUpload(f.ctx, in))(t).UploadId}
}

func (u *uploading) part(body string) {
	u.t.Helper()
	n := int32(len(u.done.Parts) + 1)
	p := must(u.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: u.in.Bucket, Key: u.in.Key, UploadId: u.id, PartNumber: &n,
		Body: strings.NewReader(body), ChecksumAlgorithm: u.in.ChecksumAlgorithm,
	}))(u.t)
	u.done.Parts = append(u.done.Parts, types.CompletedPart{
		PartNumber: &n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32, ChecksumCRC32C: p.ChecksumCRC32C,
		ChecksumCRC64NVME: p.ChecksumCRC64NVME, ChecksumSHA1: p.ChecksumSHA1, ChecksumSHA256: p.ChecksumSHA256, ChecksumSHA512: p.ChecksumSHA512,
	})
}

func (u *uploading) tryComplete(change func(*s3.CompleteMultipartUploadInput)) (*s3.CompleteMultipartUploadOutput, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: u.in.Bucket, Key: u.in.Key, UploadId: u.id, MultipartUpload: &u.done, ChecksumType: u.in.ChecksumType}
	if change != nil {
		change(in)
	}
	return u.CompleteMultipartUpload(u.ctx, in)
}

func (u *uploading) complete(change func(*s3.CompleteMultipartUploadInput)) *s3.CompleteMultipartUploadOutput {
	u.t.Helper()
	return must(u.tryComplete(change))(u.t)
}

func (u *uploading) wantParts(kind checksum.Kind) {
	u.t.Helper()
	out := must(u.GetObjectAttributes(u.ctx, &s3.GetObjectAttributesInput{
		Bucket: u.in.Bucket, Key: u.in.Key, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectParts}, MaxParts: ptr[int32](1),
	}))(u.t)
	p := out.ObjectParts
	if *p.TotalPartsCount != 2 {
		u.t.Errorf("%d parts", *p.TotalPartsCount)
	}
	if kind == types.ChecksumTypeComposite && (len(p.Parts) != 1 || *p.Parts[0].Size != minPart || !*p.IsTruncated || *p.NextPartNumberMarker != "1") {
		u.t.Errorf("parts %+v", p)
	}
}

// TestCompleteConditions: an upload that may not be completed now can be later.
func TestCompleteConditions(t *testing.T) {
	u := beginUpload(t, &s3.CreateMultipartUploadInput{ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme})
	u.put(*u.in.Bucket, "k", "in the way")
	u.part("hello")
	try := func(want string, change func(*s3.CompleteMultipartUploadInput)) {
		t.Helper()
		_, err := u.tryComplete(change)
		wantCode(t, err, want)
	}
	try("412 PreconditionFailed", func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = ptr("*") })
	try("412 PreconditionFailed", func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = ptr("x") })
	try("400 BadDigest", func(in *s3.CompleteMultipartUploadInput) { in.ChecksumCRC64NVME = ptr("AAAAAAAAAAA=") })
	try("400 InvalidRequest", func(in *s3.CompleteMultipartUploadInput) { in.ChecksumType = types.ChecksumTypeComposite })
	try("400 InvalidRequest", func(in *s3.CompleteMultipartUploadInput) { in.MpuObjectSize = ptr[int64](4) })
	if got := u.get(*u.in.Bucket, "k"); got != "in the way" {
		t.Errorf("the object is %q", got)
	}
	try("", func(in *s3.CompleteMultipartUploadInput) { in.MpuObjectSize = ptr[int64](5) })
	if again := u.complete(nil); *again.Location != "http://data.localhost:4566/k" { // the first answer was lost
		t.Errorf("location %s", *again.Location)
	}
	if got := u.get(*u.in.Bucket, "k"); got != "hello" {
		t.Errorf("the object is %q", got)
	}
	u.put(*u.in.Bucket, "k", "another")
	try("404 NoSuchUpload", nil)
}

// TestPartReplaced: a part sent again takes the place of the first, whose blob
// goes; parts that are not listed go when the upload is completed.
func TestPartReplaced(t *testing.T) {
	u := beginUpload(t, &s3.CreateMultipartUploadInput{})
	u.part("first")
	u.done.Parts = nil
	u.part("second")
	u.part("not listed")
	u.done.Parts = u.done.Parts[:1]
	if n := u.blobs(); n != 2 {
		t.Errorf("%d blobs for 2 parts", n)
	}
	u.complete(nil)
	if got, n := u.get(*u.in.Bucket, "k"), u.blobs(); got != "second" || n != 1 {
		t.Errorf("the object is %q, %d blobs", got, n)
	}
}

// TestSparseParts: parts keep the numbers that the client gave them.
func TestSparseParts(t *testing.T) {
	u := beginUpload(t, &s3.CreateMultipartUploadInput{})
	bodies := map[int32]string{2: strings.Repeat("a", minPart), 10000: "tail"}
	for _, n := range []int32{2, 10000} {
		p := must(u.UploadPart(u.ctx, &s3.UploadPartInput{Bucket: u.in.Bucket, Key: u.in.Key, UploadId: u.id, PartNumber: &n, Body: strings.NewReader(bodies[n])}))(t)
		u.done.Parts = append(u.done.Parts, types.CompletedPart{PartNumber: &n, ETag: p.ETag})
	}
	u.complete(nil)
	for n, want := range bodies {
		out := must(u.GetObject(u.ctx, &s3.GetObjectInput{Bucket: u.in.Bucket, Key: u.in.Key, PartNumber: &n}))(t)
		if got := string(readBody(t, out.Body)); got != want || *out.PartsCount != 2 {
			t.Errorf("part %d has %d bytes, of %d parts", n, len(got), *out.PartsCount)
		}
	}
	_, err := u.GetObject(u.ctx, &s3.GetObjectInput{Bucket: u.in.Bucket, Key: u.in.Key, PartNumber: ptr[int32](1)})
	wantCode(t, err, "416 InvalidPartNumber")
}

func TestUploadPartCopy(t *testing.T) {
	u := beginUpload(t, &s3.CreateMultipartUploadInput{})
	source := string(randomBytes(minPart + 100))
	u.put(*u.in.Bucket, "source ü", source)
	for n, r := range []string{fmt.Sprintf("bytes=0-%d", minPart-1), "bytes=7-20"} {
		number := int32(n + 1)
		out := must(u.UploadPartCopy(u.ctx, &s3.UploadPartCopyInput{
			Bucket: u.in.Bucket, Key: u.in.Key, UploadId: u.id, PartNumber: &number,
			CopySource: ptr("data/source%20%C3%BC"), CopySourceRange: &r,
		}))(t)
		u.done.Parts = append(u.done.Parts, types.CompletedPart{PartNumber: &number, ETag: out.CopyPartResult.ETag})
	}
	u.complete(nil)
	if got := u.get(*u.in.Bucket, "k"); got != source[:minPart]+source[7:21] {
		t.Errorf("%d other bytes", len(got))
	}
}

// TestPartCopyWithChecksumHeader: a checksum in the header of a copy is none of
// the source's, and the part has its own all the same.
func TestPartCopyWithChecksumHeader(t *testing.T) {
	u := beginUpload(t, &s3.CreateMultipartUploadInput{ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: types.ChecksumTypeFullObject})
	want := u.put(*u.in.Bucket, "source", "hello")
	res := u.raw("PUT", "/data/k?partNumber=1&uploadId="+*u.id, "", "X-Amz-Copy-Source", "/data/source", "X-Amz-Checksum-Crc32", "AAAAAA==")
	if body := string(readBody(t, res.Body)); !strings.Contains(body, "<ChecksumCRC32>"+*want.ChecksumCRC32+"<") {
		t.Errorf("%d %s, want the checksum %s", res.StatusCode, body, *want.ChecksumCRC32)
	}
}
