package s3

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestOnlyOneCreates: of many writers with If-None-Match: * one succeeds.
func TestOnlyOneCreates(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: strings.NewReader("x"), IfNoneMatch: ptr("*")})
			if err == nil {
				won.Add(1)
				return
			}
			wantCode(t, err, "412 PreconditionFailed")
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d writers succeeded", n)
	}
}

// TestCounter increments a number in an object by If-Match, from many sides.
func TestCounter(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.put(b, "k", "0")
	increment := func() bool {
		out := must(f.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &b, Key: ptr("k")}))(t)
		n := must(strconv.Atoi(string(readBody(t, out.Body))))(t)
		_, err := f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: strings.NewReader(strconv.Itoa(n + 1)), IfMatch: out.ETag})
		return err == nil
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for done := 0; done < 10; {
				if increment() {
					done++
				}
			}
		})
	}
	wg.Wait()
	if got := f.get(b, "k"); got != "40" {
		t.Errorf("counted to %s, want 40", got)
	}
}

// TestConditionLost: a writer whose object was deleted or replaced while it
// wrote is told so, leaves no bytes behind, and its multipart upload stays.
func TestConditionLost(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	read := f.put(b, "k", "old").ETag
	body := strings.Repeat("x", 1<<20) // past what is kept in a row
	put := func(match, noneMatch *string) error {
		_, err := f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: strings.NewReader(body), IfMatch: match, IfNoneMatch: noneMatch})
		return err
	}
	u := must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: ptr("k")}))(t)
	p := must(f.UploadPart(f.ctx, &s3.UploadPartInput{Bucket: &b, Key: ptr("k"), UploadId: u.UploadId, PartNumber: ptr[int32](1), Body: strings.NewReader("new")}))(t)
	done := &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: ptr[int32](1), ETag: p.ETag}}}
	complete := func(match, noneMatch *string) error {
		_, err := f.CompleteMultipartUpload(f.ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: ptr("k"), UploadId: u.UploadId, MultipartUpload: done, IfMatch: match, IfNoneMatch: noneMatch})
		return err
	}
	before := f.blobs()
	for _, write := range []func(match, noneMatch *string) error{put, complete} {
		f.put(b, "k", "another's")
		wantCode(t, write(read, nil), "412 PreconditionFailed")
		wantCode(t, write(nil, ptr("*")), "412 PreconditionFailed")
		must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("k")}))(t)
		wantCode(t, write(read, nil), "404 NoSuchKey")
	}
	if n := f.blobs(); n != before {
		t.Errorf("%d blobs, not %d", n, before)
	}
	if err := complete(nil, ptr("*")); err != nil || f.get(b, "k") != "new" {
		t.Errorf("the upload is gone: %v", err)
	}
	if err := complete(nil, ptr("*")); err != nil {
		t.Errorf("the answer was lost, and asking again fails: %v", err)
	}
}

func TestMatches(t *testing.T) {
	for list, want := range map[string]bool{
		`"abc"`: true, `abc`: true, `*`: true, `W/"abc"`: true, `"x", "abc"`: true, `"x"`: false, ``: false, `"abcd"`: false,
	} {
		if got := matches(list, "abc"); got != want {
			t.Errorf("%s: %v", list, got)
		}
	}
}
