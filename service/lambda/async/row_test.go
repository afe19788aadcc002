package async

import (
	"bytes"
	"testing"
	"time"
)

func FuzzDecodeBody(f *testing.F) {
	f.Add(encodeBody(&Invocation{Name: "f", Qualifier: "live", ID: "id", Trace: "t", Payload: []byte("{}")}, time.UnixMilli(5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeBody("f", b)
		if err == nil && !bytes.HasSuffix(b, c.Payload) {
			t.Errorf("payload %q of %q at %v", c.Payload, b, c.At)
		}
	})
}
