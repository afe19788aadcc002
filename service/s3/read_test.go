package s3

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestReadOverwritten: a reader gets to its end what it began with, whatever
// happens to the object meanwhile; then the blobs go.
func TestReadOverwritten(t *testing.T) {
	first := string(randomBytes(minPart)) + "the end"
	objects := map[string]func(f *fixture, b string){
		"inline": func(f *fixture, b string) { f.put(b, "k", first[:100]) },
		"blob":   func(f *fixture, b string) { f.put(b, "k", first[:100<<10]) },
		"parts":  func(f *fixture, b string) { f.multipart(b, "k", first[:minPart], first[minPart:]) },
	}
	want := map[string]int{"inline": 100, "blob": 100 << 10, "parts": len(first)}
	for name, write := range objects {
		for _, after := range []string{"overwritten", "deleted", "copied"} {
			t.Run(name+"/"+after, func(t *testing.T) {
				f := newFixture(t)
				b := f.bucket("data")
				write(f, b)
				r := must(f.svc.open(f.ctx, place{b, "k"}, selectAll))(t)
				switch after {
				case "overwritten":
					f.put(b, "k", "other")
				case "copied":
					must(f.CopyObject(f.ctx, &s3.CopyObjectInput{Bucket: &b, Key: ptr("copy"), CopySource: ptr(b + "/k")}))(t)
					must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("copy")}))(t)
					fallthrough
				default:
					must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("k")}))(t)
				}
				if got := string(readBody(t, r.body)); got != first[:want[name]] {
					t.Errorf("read %d other bytes", len(got))
				}
				if n := f.blobs(); n != 0 {
					t.Errorf("%d blobs are left", n)
				}
			})
		}
	}
}

// TestReadCutShort: what a reader had pinned when the power went is released at
// the next start.
func TestReadCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.bucket("data")
		f.multipart(b, "k", strings.Repeat("x", minPart), "y")
		r := must(f.svc.open(f.ctx, place{b, "k"}, selectAll))(t)
		defer r.body.Close()
		must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("k")}))(t)
		if n := f.blobs(); n != 2 {
			t.Errorf("%d blobs are there for the reader, want 2", n)
		}
		if n := reopen(t, f.disk.PowerCut(1)).blobs(); n != 0 {
			t.Errorf("%d blobs are left", n)
		}
	})
}

// TestReadRaces reads an object while it is overwritten, small and large, whole
// and in parts: each answer is one version from end to end.
func TestReadRaces(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	bodies := []string{
		"small", strings.Repeat("large", 20<<10), strings.Repeat("p", minPart) + "parts",
	}
	known := map[string]bool{}
	for _, body := range bodies {
		known[fmt.Sprintf("%x", md5.Sum([]byte(body)))] = true
	}
	f.put(b, "k", bodies[0])
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 10 {
			f.put(b, "k", bodies[1])
			f.multipart(b, "k", bodies[2][:minPart], bodies[2][minPart:])
			f.put(b, "k", bodies[0])
		}
	})
	for range 2 {
		wg.Go(func() {
			for range 60 {
				if sum := fmt.Sprintf("%x", md5.Sum([]byte(f.get(b, "k")))); !known[sum] {
					t.Errorf("read what was never written")
				}
			}
		})
	}
	wg.Wait()
	if n := f.blobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestRanges compares every range of a body in parts with the slice.
func TestRanges(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	body := string(randomBytes(2*minPart)) + "tail"
	f.multipart(b, "k", body[:minPart], body[minPart:2*minPart], body[2*minPart:])
	for _, c := range [][2]int{
		{0, 0}, {0, 9}, {minPart - 1, minPart}, {minPart, minPart}, {minPart - 5, 2*minPart + 1},
		{2 * minPart, 2*minPart + 3}, {65535, 65536}, {0, len(body) - 1},
	} {
		header := fmt.Sprintf("bytes=%d-%d", c[0], c[1])
		out := must(f.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &b, Key: ptr("k"), Range: &header}))(t)
		if got := string(readBody(t, out.Body)); got != body[c[0]:c[1]+1] {
			t.Errorf("%s: %d other bytes", header, len(got))
		}
	}
	for n, want := range []string{body[:minPart], body[minPart : 2*minPart], body[2*minPart:]} {
		out := must(f.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &b, Key: ptr("k"), PartNumber: ptr(int32(n + 1))}))(t)
		if got := string(readBody(t, out.Body)); got != want || *out.PartsCount != 3 {
			t.Errorf("part %d: %d bytes, %d parts", n+1, len(got), *out.PartsCount)
		}
	}
}

// pattern is a body of n bytes that takes no memory.
type pattern struct{ n, at int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.at == p.n {
		return 0, io.EOF
	}
	c := int(min(int64(len(b)), p.n-p.at))
	for i := range c {
		b[i] = byte((p.at + int64(i)) >> 8)
	}
	p.at += int64(c)
	return c, nil
}

func (p *pattern) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += p.at
	case io.SeekEnd:
		off += p.n
	}
	p.at = off
	return off, nil
}

// TestConstantMemory streams a large object both ways and watches the heap.
func TestConstantMemory(t *testing.T) {
	const size, limit = 256 << 20, 64 << 20
	f := fixtureOn(t, onRealDisk(t))
	b := f.bucket("data")
	before := heap()
	up := &watched{pattern: pattern{n: size}}
	must(f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: up, ContentLength: aws.Int64(size)}))(t)
	out := must(f.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &b, Key: ptr("k")}))(t)
	defer out.Body.Close()
	peak, err := sameStream(out.Body, &pattern{n: size})
	if err != nil {
		t.Error(err)
	}
	if grown := int64(max(peak, up.peak)) - int64(before); grown > limit {
		t.Errorf("the heap grew by %d MiB for a body of %d MiB", grown>>20, size>>20)
	}
}

// heap is the number of bytes in use, garbage that is not collected included.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watched notes the heap as it is read.
type watched struct {
	pattern
	peak uint64
	next int64
}

func (w *watched) Read(b []byte) (int, error) {
	if w.at >= w.next {
		w.next = w.at + 16<<20
		w.peak = max(w.peak, heap())
	}
	return w.pattern.Read(b)
}

// sameStream compares two bodies, and notes the heap.
func sameStream(a, b io.Reader) (peak uint64, err error) {
	x, y := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := 0; ; off += len(x) {
		n, err := io.ReadFull(a, x)
		m, _ := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return peak, fmt.Errorf("bodies differ after byte %d", off)
		}
		if err != nil {
			return peak, nil
		}
		if off%(16<<20) == 0 {
			peak = max(peak, heap())
		}
	}
}
