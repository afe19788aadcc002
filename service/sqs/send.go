package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// outgoing is a message that was checked and encoded, all but for what only
// the queue knows.
type outgoing struct {
	*message
	row    []byte
	size   int            // in bytes, as the limits count them
	delay  *time.Duration // nil: the queue's
	system *string        // MD5 of the system attributes

	// Of a FIFO queue.
	hashed   bool    // the deduplication ID is made of the body
	sequence *string // once it was put
}

// prepare checks a message and encodes it, before any transaction.
func (s *Service) prepare(ctx context.Context, in *SendMessageBatchRequestEntry, fifo bool) (*outgoing, error) {
	if aws.ToString(in.MessageBody) == "" {
		return nil, errMissing("MessageBody")
	}
	if err := checkText(*in.MessageBody, "message body"); err != nil {
		return nil, err
	}
	o := &outgoing{message: newMessage(*in.MessageBody), size: len(*in.MessageBody)}
	if err := o.setDelay(in.DelaySeconds, fifo); err != nil {
		return nil, err
	}
	if err := checkGroup(in.MessageGroupId, in.MessageDeduplicationId, fifo); err != nil {
		return nil, err
	}
	o.group = aws.ToString(in.MessageGroupId)
	if fifo {
		o.identify(aws.ToString(in.MessageDeduplicationId))
	}
	if err := o.setAttributes(in); err != nil {
		return nil, err
	}
	req := wire.RequestOf(ctx)
	if o.trace == "" {
		o.trace = req.Trace
	}
	o.sender = senderID(req, s.cfg.Account)
	o.row = o.encode()
	return o, nil
}

// identify sets the deduplication ID of a FIFO queue's message: the one that it
// was given, or the SHA-256 of its body, in case that the queue wants that.
func (o *outgoing) identify(given string) {
	if o.dedup = given; given == "" {
		sum := sha256.Sum256([]byte(o.body))
		o.dedup, o.hashed = hex.EncodeToString(sum[:]), true
	}
}

func (o *outgoing) setDelay(seconds *int32, fifo bool) error {
	if seconds == nil {
		return nil
	}
	if fifo && *seconds != 0 {
		return errQueueType(*seconds, "DelaySeconds")
	}
	if *seconds < 0 || *seconds > maxDelay {
		return errValue(*seconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= %d.", maxDelay)
	}
	o.delay = aws.Duration(time.Duration(*seconds) * time.Second)
	return nil
}

func (o *outgoing) setAttributes(in *SendMessageBatchRequestEntry) (err error) {
	if o.attributes, err = readAttributes(in.MessageAttributes); err != nil {
		return err
	}
	for _, a := range o.attributes {
		o.size += len(a.name) + len(a.dataType) + len(a.value)
	}
	trace, err := readSystem(in.MessageSystemAttributes)
	if trace != nil {
		o.trace = trace.value
		o.system = digest([]attribute{*trace})
	}
	return err
}

// senderID is the caller's user id, or, for the account's root, the account.
func senderID(req *wire.Request, account string) string {
	if id := req.Principal.UserID; id != "" {
		return id
	}
	return account
}

// put adds a message to a queue. Its errors say why the queue does not take it;
// those of rows come with Save.
func (r *rows) put(o *outgoing) error {
	if o.size > r.q.maxSize {
		return errInvalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", r.q.maxSize)
	}
	delay := r.q.delay
	if o.delay != nil {
		delay = *o.delay
	}
	if r.q.fifo {
		return r.putInOrder(o)
	}
	r.insert(r.tx.NextID(), o.row, o.group, r.tx.Now(), delay)
	r.sent(o)
	return nil
}

// putInOrder adds a message to a FIFO queue, unless it is the copy of one that
// was sent in the last five minutes: then it takes on what that was given.
func (r *rows) putInOrder(o *outgoing) error {
	if o.dedup == "" {
		return errMissing("MessageGroupId") // the URL did not look like a FIFO queue's
	}
	if o.needsID(r.q) {
		return errDeduplication()
	}
	words := []string{memoryOfSend, o.dedup}
	if r.q.attribute("DeduplicationScope") == "messageGroup" {
		words = append(words, o.group)
	}
	if v, ok := r.Recall(words...); ok && len(v) == len(o.id)+8 {
		copy(o.id[:], v)
		o.sequence = aws.String(sequenceNumber(binary.BigEndian.Uint64(v[len(o.id):])))
		r.note().deduplicated++
		return nil
	}
	seq := r.tx.NextID()
	o.sequence = aws.String(sequenceNumber(seq))
	r.insert(seq, o.row, o.group, r.tx.Now(), 0)
	r.sent(o)
	r.Remember(binary.BigEndian.AppendUint64(o.id[:], seq), words...)
	return nil
}

func (r *rows) sent(o *outgoing) {
	u := r.note()
	u.sizes = append(u.sizes, o.size)
}

// needsID reports whether a message should have come with a deduplication ID.
func (o *outgoing) needsID(q *queue) bool {
	return o.hashed && q.attribute("ContentBasedDeduplication") != "true"
}

func errDeduplication() error {
	return errInvalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
}

// What a FIFO queue remembers.
const (
	memoryOfSend    = "send"
	memoryOfReceive = "receive"
)

// SendMessage adds a message to a queue.
func (s *Service) SendMessage(ctx context.Context, in *SendMessageInput) (*api.SendMessageOutput, error) {
	o, err := s.prepare(ctx, &SendMessageBatchRequestEntry{
		MessageBody: in.MessageBody, DelaySeconds: in.DelaySeconds,
		MessageAttributes: in.MessageAttributes, MessageSystemAttributes: in.MessageSystemAttributes,
		MessageDeduplicationId: in.MessageDeduplicationId, MessageGroupId: in.MessageGroupId,
	}, addressesFIFO(in.QueueUrl))
	if err != nil {
		return nil, err
	}
	err = s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := s.rowsOf(tx, q)
		if err := r.put(o); err != nil {
			return err
		}
		return r.Save()
	})
	if err != nil {
		return nil, err
	}
	return &api.SendMessageOutput{
		MessageId:                    aws.String(o.ID()),
		MD5OfMessageBody:             aws.String(hex.EncodeToString(o.sum[:])),
		MD5OfMessageAttributes:       digest(o.attributes),
		MD5OfMessageSystemAttributes: o.system,
		SequenceNumber:               o.sequence,
	}, nil
}

// SendMessageBatch adds up to ten messages to a queue, all of those that are
// in order in one transaction.
func (s *Service) SendMessageBatch(ctx context.Context, in *SendMessageBatchInput) (*api.SendMessageBatchOutput, error) {
	ids := idsOf(in.Entries, func(e *SendMessageBatchRequestEntry) *string { return e.Id })
	if err := checkBatch("SendMessageBatchRequestEntry", ids); err != nil {
		return nil, err
	}
	list := make([]*outgoing, len(in.Entries))
	faults := make([]error, len(in.Entries))
	total, fifo := 0, addressesFIFO(in.QueueUrl)
	for i := range in.Entries {
		list[i], faults[i] = s.prepare(ctx, &in.Entries[i], fifo)
		if list[i] != nil {
			total += list[i].size
		}
	}
	if total > maxMessage {
		return nil, &types.BatchRequestTooLong{Message: aws.String(fmt.Sprintf(
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, total))}
	}
	err := s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := s.rowsOf(tx, q)
		sent := false
		for i, o := range list {
			if faults[i] == nil {
				faults[i] = r.put(o)
			}
			sent = sent || faults[i] == nil
		}
		if !sent {
			return r.Err()
		}
		return r.Save()
	})
	if err != nil {
		return nil, err
	}
	return sendResults(ids, list, faults)
}

func sendResults(ids []*string, list []*outgoing, faults []error) (*api.SendMessageBatchOutput, error) {
	out := &api.SendMessageBatchOutput{}
	for i, o := range list {
		if err := faults[i]; err != nil {
			entry, ok := entryError(ids[i], err)
			if !ok {
				return nil, err
			}
			out.Failed = append(out.Failed, entry)
			continue
		}
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{
			Id:                           ids[i],
			MessageId:                    aws.String(o.ID()),
			MD5OfMessageBody:             aws.String(hex.EncodeToString(o.sum[:])),
			MD5OfMessageAttributes:       digest(o.attributes),
			MD5OfMessageSystemAttributes: o.system,
			SequenceNumber:               o.sequence,
		})
	}
	return out, nil
}
