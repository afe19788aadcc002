package apigateway

import (
	"io"
	"net/http"
	"testing"
)

// arriving is a body of n bytes of which 16 KiB come at a time. It keeps the
// largest room that was made for more than eight times what had come.
type arriving struct{ n, came, room int }

func (a *arriving) Read(p []byte) (int, error) {
	if len(p) > 8*a.came {
		a.room = max(a.room, len(p))
	}
	n := min(len(p), a.n-a.came, 16<<10)
	if n == 0 {
		return 0, io.EOF
	}
	a.came += n
	return n, nil
}

func (a *arriving) Close() error { return nil }

// TestBodyRoom: whoever tells a length and sends nothing takes no memory, and
// bodies are whole however long they said to be.
func TestBodyRoom(t *testing.T) {
	const trusted = 64 << 10 // for which room is made before it comes
	for _, c := range []struct {
		n    int
		told int64
		want int
	}{
		{0, 0, 0}, {1, 1, 1}, {1 << 10, -1, 1 << 10}, {trusted, trusted, trusted}, {trusted + 1, trusted + 1, trusted + 1},
		{MaxBody, MaxBody, MaxBody}, {MaxBody, -1, MaxBody}, {MaxBody + 9, MaxBody + 9, MaxBody + 1}, {MaxBody + 9, 1 << 40, MaxBody + 1},
	} {
		body := &arriving{n: c.n}
		got, ok := bodyOf(&http.Request{Body: body, ContentLength: c.told})
		if !ok || len(got) != c.want {
			t.Errorf("%d bytes, %d told: %d, %v", c.n, c.told, len(got), ok)
		}
		if body.room > 2*trusted {
			t.Errorf("%d bytes, %d told: room for %d before they came", c.n, c.told, body.room)
		}
	}
	for _, expect := range []string{"", "100-continue"} { // which the first Read answers
		long := &arriving{n: 20 << 20}
		r := &http.Request{Header: http.Header{"Expect": {expect}}, Body: long, ContentLength: 20 << 20}
		if _, ok := bodyOf(r); !ok || long.came != long.n {
			t.Errorf("expect %q: %d bytes of a long body were read: its sender still writes", expect, long.came)
		}
	}
	if _, ok := bodyOf(&http.Request{Body: &arriving{}, ContentLength: MaxBody}); ok {
		t.Error("a body that did not come was taken")
	}
}
