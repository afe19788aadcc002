package s3

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
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

func TestMatches(t *testing.T) {
	for list, want := range map[string]bool{
		`"abc"`: true, `abc`: true, `*`: true, `W/"abc"`: true, `"x", "abc"`: true, `"x"`: false, ``: false, `"abcd"`: false,
	} {
		if got := matches(list, "abc"); got != want {
			t.Errorf("%s: %v", list, got)
		}
	}
}
