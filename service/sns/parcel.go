package sns

import (
	"encoding/binary"

	"github.com/runnel/runnel/event"
)

// parcel is what waits in the outbox for a URL: all that an attempt needs, so
// that none has to look up the subscription, and all that the dead-letter queue
// gets.
type parcel struct {
	kind         string // Notification, ...
	id           string // of the message
	endpoint     string
	topic        string // ARN
	subscription string // ARN; "" before the endpoint has confirmed
	contentType  string
	trace        string
	group        string // of fair queues, for the dead-letter queue
	raw          bool
	body         []byte
	attributes   map[string]event.Attribute // of a raw message, for the dead-letter queue
}

const parcelVersion = 1

func (p *parcel) strings() []*string {
	return []*string{&p.kind, &p.id, &p.endpoint, &p.topic, &p.subscription, &p.contentType, &p.trace, &p.group}
}

// encode is the parcel as a row: the version, whether it is raw, then the
// strings, the body and the attributes, each with its length before it.
func (p *parcel) encode() []byte {
	b := make([]byte, 0, 512+len(p.body))
	b = append(b, parcelVersion, 0)
	if p.raw {
		b[1] = 1
	}
	for _, s := range p.strings() {
		b = appendSized(b, *s)
	}
	b = appendSized(b, p.body)
	b = binary.AppendUvarint(b, uint64(len(p.attributes)))
	for _, name := range sortedKeys(p.attributes) {
		a := p.attributes[name]
		b = appendSized(appendSized(appendSized(appendSized(b, name), a.DataType), a.String), a.Binary)
	}
	return b
}

func appendSized[S string | []byte](b []byte, s S) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func decodeParcel(b []byte) (*parcel, error) {
	if len(b) < 2 || b[0] != parcelVersion || b[1] > 1 {
		return nil, errDamaged
	}
	p, r := &parcel{raw: b[1] == 1}, &reader{rest: b[2:]}
	for _, s := range p.strings() {
		*s = string(r.bytes())
	}
	p.body = r.bytes()
	for n := r.uint(); n > 0 && !r.bad; n-- {
		name, dataType, text, blob := string(r.bytes()), string(r.bytes()), string(r.bytes()), r.bytes()
		a := event.Attribute{DataType: dataType, String: text}
		if len(blob) > 0 {
			a.Binary = blob
		}
		set(&p.attributes, name, a)
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errDamaged
	}
	return p, nil
}

// reader reads what appendSized wrote. After the first fault it gives nothing.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}
