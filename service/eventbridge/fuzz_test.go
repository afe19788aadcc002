package eventbridge

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzPost puts what a stranger sends into the form of an event.
func FuzzPost(f *testing.F) {
	f.Add("shop", "order", `{"a": [1, {"b": null}], "a": "\ud800"}`, "default")
	f.Add("s", "d\xff", `{"x": 1e999}`, "arn:aws:events:us-east-1:000000000000:event-bus/x")
	s := &Service{cfg: Config{Account: "000000000000", Region: "us-east-1"}}
	f.Fuzz(func(t *testing.T, source, detailType, detail, bus string) {
		p := s.post(&types.PutEventsRequestEntry{Source: &source, DetailType: &detailType, Detail: &detail, EventBusName: &bus}, time.Unix(0, 0))
		if p.err != nil {
			return
		}
		object, ok := p.value.(map[string]any)
		if _, inside := object["detail"].(map[string]any); !ok || !inside || !jsontext.Value(p.json).IsValid(lenient) {
			t.Errorf("%q makes the event %q", detail, p.json)
		}
	})
}

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{
		`{}`: 1, `{"a": [{"b": "[{\"["}], "c": {}}`: 3, strings.Repeat("[", 1200) + strings.Repeat("]", 1200): 1200,
	} {
		if got := depth(jsontext.Value(text)); got != want {
			t.Errorf("%.40s: %d, want %d", text, got, want)
		}
	}
}

// FuzzPolicy changes a policy that somebody wrote.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Sid":"a"}}`, "a")
	f.Add(`{"Statement":[1,{"Sid":"b"}]}`, "b")
	f.Fuzz(func(t *testing.T, text, sid string) {
		b := &busRow{Policy: text}
		d, err := b.editPolicy()
		if err != nil {
			return
		}
		d.Remove(sid)
		if err := b.setPolicy(d); err == nil && len(b.Policy) > maxPolicy {
			t.Errorf("a policy of %d bytes", len(b.Policy))
		}
	})
}
