package proxy

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// TestPayload: whatever the body, the event is JSON and says it.
func TestPayload(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"", ""}, {"x", "x"}, {`"<a/>\ & é`, `"<a/>\ & é`}, {"\x00\r\n\u2028", "\x00\r\n\u2028"},
		{"\xff\xfea", "\ufffd\ufffda"}, {strings.Repeat("\"", 9999), strings.Repeat("\"", 9999)},
	} {
		for _, encoded := range []bool{false, true} {
			e := Event{Path: "/<&>", Body: []byte(c.body), Base64: encoded}
			payload, err := e.Payload()
			var got struct {
				Path            string
				Body            *string
				IsBase64Encoded bool
			}
			if err != nil || json.Unmarshal(payload, &got) != nil || got.Path != e.Path {
				t.Fatalf("%.20q: %s %v", c.body, payload, err)
			}
			want := c.want
			if encoded {
				want = base64.StdEncoding.EncodeToString(e.Body)
			}
			switch {
			case c.body == "":
				if got.Body != nil || got.IsBase64Encoded {
					t.Errorf("no body: %s", payload)
				}
			case *got.Body != want || got.IsBase64Encoded != encoded:
				t.Errorf("%.20q: %.200s", c.body, payload)
			}
		}
	}
}
