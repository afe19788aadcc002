package sqs

import (
	"testing"
	"time"

	"github.com/runnel/runnel/service/sqs/redrive"
)

func FuzzReceipt(f *testing.F) {
	f.Add(receipt{1, 2, 3}.String())
	f.Add("AQ==")
	f.Add("")
	f.Fuzz(func(t *testing.T, handle string) {
		r, ok := parseReceipt(handle)
		if ok && r.String() != handle {
			t.Fatalf("%q was read as %+v, which is written %q", handle, r, r)
		}
	})
}

func TestReceiptRefuses(t *testing.T) {
	good := receipt{1 << 40, 1<<41 + 7, 2}.String()
	if _, ok := parseReceipt(good); !ok {
		t.Fatalf("%q is refused", good)
	}
	for i := range len(good) {
		for _, c := range []byte{'A', 'b', '=', '\n', 0} {
			if bad := good[:i] + string(c) + good[i+1:]; bad != good {
				if _, ok := parseReceipt(bad); ok {
					t.Errorf("%q is accepted", bad)
				}
			}
		}
		if _, ok := parseReceipt(good[:i]); ok {
			t.Errorf("%q is accepted", good[:i])
		}
	}
}

func TestMessageRow(t *testing.T) {
	m := newMessage("body")
	m.sender, m.trace, m.group, m.source = "s", "t", "g", "arn"
	m.receivedThere, m.firstReceived = 300, time.UnixMilli(1234567890123).UTC()
	m.attributes = []attribute{{"a", "String", "v"}, {"b", "Binary", "\x00\xff"}}
	row := m.encode()
	sent := time.Unix(1700000000, 123456789).UTC()
	stamp(row, sent, sent.Add(time.Second))
	got, err := decodeMessage(row)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID() != m.ID() || got.body != m.body || got.sum != m.sum || !got.sent.Equal(sent) || got.receivedThere != 300 ||
		!got.firstReceived.Equal(m.firstReceived) || got.source != "arn" || len(got.attributes) != 2 || got.attributes[1] != m.attributes[1] {
		t.Errorf("got %+v, want %+v", got, m)
	}
	m.dedup = "d"
	if got, err := decodeMessage(m.encode()); err != nil || got.dedup != "d" || got.source != "arn" || got.body != m.body {
		t.Errorf("of a FIFO queue: %+v, %v", got, err)
	}
	for i := range len(row) - len(m.body) {
		if m, err := decodeMessage(row[:i]); err == nil {
			t.Errorf("a row cut at %d is read as %+v", i, m)
		}
	}
}

func FuzzMessageRow(f *testing.F) {
	f.Add(newMessage("body").encode())
	m := newMessage("body")
	m.group, m.dedup = "g", "d"
	f.Add(m.encode())
	f.Fuzz(func(_ *testing.T, row []byte) { _, _ = decodeMessage(row) })
}

func FuzzPolicies(f *testing.F) {
	f.Add(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:d","maxReceiveCount":"3"}`)
	f.Add(`{"redrivePermission":"byQueue","sourceQueueArns":["a"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		policy, _ := settingOf("RedrivePolicy", false)
		if kept, err := policy.check(text); err == nil && kept != "" {
			p, err := redrive.Parse(kept)
			if err != nil || p == nil || p.MaxReceive < 1 || p.MaxReceive > 1000 {
				t.Fatalf("%q is kept as %q, which is %+v, %v", text, kept, p, err)
			}
		}
		_, _ = redrive.ParseAllow(text)
	})
}
