package sampledata

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the samples")

// The sample of each kind is what its writer writes first of all.
func TestSamples(t *testing.T) {
	for _, d := range Documents() {
		var got bytes.Buffer
		if err := d.Write(&got, 2<<10); err != nil {
			t.Fatal(err)
		}
		file := "../sample-data/" + d.Name + ".xml"
		if *rewrite {
			if err := os.WriteFile(file, got.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is not what is written now", file)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, d := range Documents() {
		for _, size := range []int64{0, 1 << 10, 50 << 10, 3 << 20} {
			var b bytes.Buffer
			if err := d.Write(&b, size); err != nil {
				t.Fatal(err)
			}
			if n := int64(b.Len()); n < size || n > size+10<<10 {
				t.Errorf("%s of %d bytes has %d", d.Name, size, n)
			}
			for dec := xml.NewDecoder(&b); ; {
				if _, err := dec.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s of %d bytes: %v", d.Name, size, err)
				}
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteError(t *testing.T) {
	for _, d := range Documents() {
		if err := d.Write(full{}, 100<<10); err != io.ErrShortWrite {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, d := range Documents() {
		b.Run(d.Name, func(b *testing.B) {
			b.SetBytes(3 << 20)
			for b.Loop() {
				if err := d.Write(io.Discard, 3<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
