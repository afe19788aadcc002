package sqs

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs/backlog"
)

// message is what was sent. Its row is written once, and never again while the
// message stays in its queue.
type message struct {
	id     [16]byte
	sent   time.Time
	sum    [md5.Size]byte // of the body
	sender string
	trace  string // AWSTraceHeader
	group  string // MessageGroupId
	dedup  string // MessageDeduplicationId, in FIFO queues

	// Of a message that came from another queue: the ARN of that queue, how
	// often it was received there, and when first.
	source        string
	receivedThere uint64
	firstReceived time.Time

	attributes []attribute // by name
	body       string
}

// attribute is a message attribute.
type attribute struct {
	name     string
	dataType string
	value    string // of Binary ones the bytes
}

// newMessage is a message with a body, not yet sent.
func newMessage(body string) *message {
	return &message{id: newMessageID(), body: body, sum: md5.Sum([]byte(body))}
}

// newMessageID is a random UUID (RFC 9562, version 4).
func newMessageID() (id [16]byte) {
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ID is the message's id, a UUID.
func (m *message) ID() string {
	h := hex.EncodeToString(m.id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// The row of a message: a version, then at fixed places what a receive looks
// at without decoding, then strings with their lengths before them, and the
// body as the rest. That of a FIFO queue has one string more.
const (
	messageVersion     = 1
	messageVersionFIFO = 2

	sentAt    = 1  // time of sending, nanoseconds
	visibleAt = 9  // when it was to become visible first, nanoseconds
	idAt      = 17 // id
	sumAt     = 33 // MD5 of the body
	restAt    = 49
)

// encode is the row of m, with the times still to be set; see stamp.
func (m *message) encode() []byte {
	b := make([]byte, restAt, restAt+len(m.body)+len(m.sender)+len(m.trace)+64)
	b[0] = messageVersion
	if m.dedup != "" {
		b[0] = messageVersionFIFO
	}
	copy(b[idAt:], m.id[:])
	copy(b[sumAt:], m.sum[:])
	for _, s := range []string{m.sender, m.trace, m.group, m.source} {
		b = appendText(b, s)
	}
	if m.dedup != "" {
		b = appendText(b, m.dedup)
	}
	b = binary.AppendUvarint(b, m.receivedThere)
	b = binary.AppendVarint(b, millis(m.firstReceived))
	b = binary.AppendUvarint(b, uint64(len(m.attributes)))
	for _, a := range m.attributes {
		b = appendText(appendText(appendText(b, a.name), a.dataType), a.value)
	}
	return append(b, m.body...)
}

// stamp sets the times in an encoded row.
func stamp(row []byte, sent, visible time.Time) {
	binary.BigEndian.PutUint64(row[sentAt:], uint64(sent.UnixNano()))
	binary.BigEndian.PutUint64(row[visibleAt:], uint64(visible.UnixNano()))
}

// stampOf reads the times of an encoded row.
func stampOf(row []byte) (sent, visible time.Time, err error) {
	if len(row) < restAt || row[0] < messageVersion || row[0] > messageVersionFIFO {
		return time.Time{}, time.Time{}, backlog.ErrRow
	}
	return nanos(row[sentAt:]), nanos(row[visibleAt:]), nil
}

func decodeMessage(row []byte) (*message, error) {
	sent, _, err := stampOf(row)
	if err != nil {
		return nil, err
	}
	m := &message{sent: sent}
	copy(m.id[:], row[idAt:])
	copy(m.sum[:], row[sumAt:])
	r := textReader{rest: string(row[restAt:])}
	m.sender, m.trace, m.group, m.source = r.text(), r.text(), r.text(), r.text()
	if row[0] == messageVersionFIFO {
		m.dedup = r.text()
	}
	m.receivedThere = r.uvarint()
	m.firstReceived = fromMillis(r.varint())
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		m.attributes = append(m.attributes, attribute{r.text(), r.text(), r.text()})
	}
	m.body = r.rest
	if r.bad {
		return nil, backlog.ErrRow
	}
	return m, nil
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// textReader reads what appendText and its kin wrote, without copying.
type textReader struct {
	rest string
	bad  bool
}

func (r *textReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *textReader) uvarint() (n uint64) {
	for shift := uint(0); shift < 64 && len(r.rest) > 0; shift += 7 {
		c := r.rest[0]
		r.rest = r.rest[1:]
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *textReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func nanos(b []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC()
}

// millis is t as AWS writes times of messages; 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// sequenceNumber is how clients see the number of a FIFO queue's message: 20
// digits, so that it is in order also as text.
func sequenceNumber(seq uint64) string { return fmt.Sprintf("%020d", seq) }

// received is a message in the hands of a consumer.
type received struct {
	*message
	receipt receipt
	count   uint64    // in this queue
	first   time.Time // in this queue
}

// system is all system attributes that the message has.
func (r *received) system() map[string]string {
	first := r.first
	if !r.firstReceived.IsZero() {
		first = r.firstReceived
	}
	m := map[string]string{
		string(types.MessageSystemAttributeNameSenderId):                         r.sender,
		string(types.MessageSystemAttributeNameSentTimestamp):                    strconv.FormatInt(millis(r.sent), 10),
		string(types.MessageSystemAttributeNameApproximateReceiveCount):          strconv.FormatUint(r.receivedThere+r.count, 10),
		string(types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp): strconv.FormatInt(millis(first), 10),
	}
	for name, value := range map[types.MessageSystemAttributeName]string{
		types.MessageSystemAttributeNameAWSTraceHeader:           r.trace,
		types.MessageSystemAttributeNameMessageGroupId:           r.group,
		types.MessageSystemAttributeNameMessageDeduplicationId:   r.dedup,
		types.MessageSystemAttributeNameDeadLetterQueueSourceArn: r.source,
	} {
		if value != "" {
			m[string(name)] = value
		}
	}
	if r.dedup != "" {
		m[string(types.MessageSystemAttributeNameSequenceNumber)] = sequenceNumber(r.receipt.seq)
	}
	return m
}
