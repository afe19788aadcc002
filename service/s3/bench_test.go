package s3

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/store"
)

// The operations without HTTP, on the machine's disk, every write fsynced.

func BenchmarkPutObject(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("%dKiB/clients=%d", size>>10, clients), func(b *testing.B) {
				s := benchService(b)
				body := bytes.Repeat([]byte{'x'}, size)
				b.SetBytes(int64(size))
				b.SetParallelism(max(1, clients/2))
				if clients == 1 {
					for i := 0; b.Loop(); i++ {
						benchPut(b, s, fmt.Sprint(i), body)
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						benchPut(b, s, fmt.Sprintf("%p/%d", pb, i), body)
					}
				})
			})
		}
	}
}

func BenchmarkGetObject(b *testing.B) {
	s := benchService(b)
	benchPut(b, s, "k", bytes.Repeat([]byte{'x'}, 4<<10))
	for b.Loop() {
		out, err := s.GetObject(b.Context(), &s3.GetObjectInput{Bucket: ptr("data"), Key: ptr("k")})
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out.Body)
		out.Body.Close()
	}
}

// BenchmarkListPrefixes lists the 10 common prefixes of 10,000 keys.
func BenchmarkListPrefixes(b *testing.B) {
	s := benchService(b)
	err := s.st.Update(b.Context(), func(tx *store.Tx) error {
		for i := range 10000 {
			tx.Set(objectKey("data", fmt.Sprintf("%d/%d", i%10, i)), (&object{inline: true, etag: strings.Repeat("0", 32)}).encode())
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		out, err := s.ListObjectsV2(b.Context(), &s3.ListObjectsV2Input{Bucket: ptr("data"), Delimiter: ptr("/")})
		if err != nil || len(out.CommonPrefixes) != 10 {
			b.Fatal(err)
		}
	}
}

// BenchmarkComplete completes an upload of 10,000 parts, as it does while it holds
// the store.
func BenchmarkComplete(b *testing.B) {
	s := benchService(b)
	in := &s3.CompleteMultipartUploadInput{Bucket: ptr("data"), Key: ptr("k"), MultipartUpload: &types.CompletedMultipartUpload{}}
	row := (&uploaded{part: part{1, minPart, 1, "AAAAAAAAAAA="}, md5: strings.Repeat("0", 32)}).encode()
	for i := range maxParts {
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, types.CompletedPart{PartNumber: ptr(int32(i + 1)), ETag: ptr(strings.Repeat("0", 32))})
	}
	for b.Loop() {
		b.StopTimer()
		up, err := s.CreateMultipartUpload(b.Context(), &s3.CreateMultipartUploadInput{Bucket: in.Bucket, Key: in.Key})
		if err == nil {
			err = s.st.Update(b.Context(), func(tx *store.Tx) error {
				tx.Delete(objectKey("data", "k"))
				for i := range maxParts {
					tx.Set(partKey("data", *up.UploadId, uint64(i+1)), row)
				}
				return nil
			})
		}
		if err != nil {
			b.Fatal(err)
		}
		in.UploadId = up.UploadId
		b.StartTimer()
		if _, err := s.CompleteMultipartUpload(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

func benchService(b *testing.B) *Service {
	b.Helper()
	s := newService(onRealDisk(b))
	if _, err := s.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: ptr("data")}); err != nil {
		b.Fatal(err)
	}
	return s
}

func benchPut(b *testing.B, s *Service, key string, body []byte) {
	b.Helper()
	n := int64(len(body))
	_, err := s.PutObject(b.Context(), &s3.PutObjectInput{Bucket: ptr("data"), Key: &key, Body: bytes.NewReader(body), ContentLength: &n})
	if err != nil {
		b.Error(err)
	}
}
