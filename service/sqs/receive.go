package sqs

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

const (
	// maxInFlight is how many messages of a queue may be received and not
	// deleted
	// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html).
	maxInFlight = 120_000

	// receiveBudget is how many messages one receive looks at beyond those that
	// it takes: some go to the dead-letter queue, or are too old.
	receiveBudget = 100
)

// taken is a message as a receive took it, not yet decoded: that is left until
// after the transaction.
type taken struct {
	row     []byte
	receipt receipt
	state   backlog.State
}

func (t taken) decode() (*received, error) {
	m, err := decodeMessage(t.row)
	if err != nil {
		return nil, err
	}
	return &received{message: m, receipt: t.receipt, count: t.state.Count, first: t.state.First}, nil
}

// receive takes up to limit messages that are visible and hides them.
type receive struct {
	*rows
	service *Service
	order   order
	hide    time.Duration
	dead    *rows // of the dead-letter queue, once a message goes there
	got     []taken
	wrote   bool
}

// order is what one receive is to do.
type order struct {
	limit   int
	hide    *time.Duration // nil: as the queue says
	attempt string         // of a FIFO queue: what a repetition goes by
	lent    bool           // the messages stay in the process; see [Service.Recover]
}

// receive takes messages, and saves the rows if it changed any. It returns
// also when it can be expected to get more.
func (s *Service) receive(tx *store.Tx, q *queue, o order) ([]taken, time.Time, error) {
	rc := receive{rows: s.rowsOf(tx, q), service: s, order: o, hide: q.visibility}
	if o.hide != nil {
		rc.hide = *o.hide
	}
	if rc.repeat() {
		return rc.got, rc.next(), rc.end()
	}
	room := rc.Room(s.maxInFlight, o.limit)
	if room == 0 {
		// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-fifo.html
		// has no error for FIFO queues.
		if q.fifo {
			return nil, rc.next(), rc.Err()
		}
		return nil, rc.next(), &types.OverLimit{Message: aws.String("Too many messages in flight.")}
	}
	if err := rc.fill(room); err != nil {
		return nil, time.Time{}, err
	}
	return rc.got, rc.next(), rc.end()
}

// next is when a message can be received, if nothing happens before; the zero
// time if none can.
func (r *rows) next(most uint64) time.Time {
	if r.Room(most, 1) == 0 {
		return r.NextReturn()
	}
	return r.NextVisible()
}

func (rc *receive) next() time.Time { return rc.rows.next(rc.service.maxInFlight) }

// fill takes messages until there are limit of them, or no more, and then
// files them all: those that are hidden for no time are not to be found twice.
func (rc *receive) fill(limit int) error {
	for budget, more := limit+receiveBudget, true; more && budget > 0 && len(rc.got) < limit; {
		var list []backlog.Candidate
		list, more = rc.Due(min(limit-len(rc.got), budget))
		budget -= len(list)
		for _, c := range list {
			if err := rc.take(c); err != nil {
				return err
			}
		}
	}
	for _, t := range rc.got {
		rc.Hold(t.receipt.seq, t.state)
	}
	if len(rc.got) > 0 {
		rc.note().received += len(rc.got)
	}
	rc.remember()
	rc.Settle()
	return rc.Err()
}

func (rc *receive) end() error {
	if !rc.wrote && !rc.Changed() {
		return rc.Err()
	}
	if rc.dead != nil {
		if err := rc.dead.Save(); err != nil {
			return err
		}
	}
	return rc.Save()
}

// take takes one message out of its place to receive it, unless it is too old,
// or was received too often.
func (rc *receive) take(c backlog.Candidate) error {
	rc.wrote = true
	row, ok := rc.Body(c.Seq)
	if !ok {
		return backlog.ErrRow
	}
	sent, _, err := stampOf(row)
	if err != nil {
		return err
	}
	st := backlog.State{Group: c.Group}
	if c.Held {
		st, _ = rc.State(c.Seq)
	}
	switch {
	case !sent.Add(rc.q.retention).After(rc.tx.Now()):
		rc.Remove(c)
		return nil
	case rc.tooOften(st):
		return rc.service.bury(rc.rows, rc.dead, c, st, row)
	}
	rc.Take(c)
	if !c.Held {
		st.First = rc.tx.Now()
	}
	st.Count++
	rc.hideUntil(&st)
	rc.got = append(rc.got, taken{row, receipt{rc.q.ID, c.Seq, st.Count}, st})
	return nil
}

func (rc *receive) hideUntil(st *backlog.State) {
	st.Received = rc.Now()
	st.At = backlog.Nanos(rc.tx.Now().Add(rc.hide))
	st.Lent = rc.order.lent
}

// tooOften reports whether a message is to go to the dead-letter queue, and
// opens that. Where there is none a message stays, however often it comes.
func (rc *receive) tooOften(st backlog.State) bool {
	if rc.q.redrive == nil || st.Count < rc.q.redrive.MaxReceive {
		return false
	}
	if rc.dead == nil {
		if dead := rc.service.deadLetters(rc.tx, rc.q); dead != nil {
			rc.dead = rc.service.rowsOf(rc.tx, dead)
		}
	}
	return rc.dead != nil
}

// ReceiveMessage receives messages, and waits for the first if there is none
// and the client, or the queue, says so.
func (s *Service) ReceiveMessage(ctx context.Context, in *ReceiveMessageInput) (*api.ReceiveMessageOutput, error) {
	w, err := newWish(in, addressesFIFO(in.QueueUrl))
	if err != nil {
		return nil, err
	}
	name, err := s.nameOf(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	got, err := s.await(ctx, name, w)
	if err != nil {
		return nil, err
	}
	out := &api.ReceiveMessageOutput{}
	if len(got) == 0 {
		s.countEmpty(name)
	}
	for _, t := range got {
		m, err := t.decode()
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, w.show(m))
	}
	return out, nil
}

// wish is what a receive asks for.
type wish struct {
	order
	wait   *time.Duration // nil: as the queue says
	system []string       // names of system attributes
	user   []string       // names and prefixes of message attributes
}

func newWish(in *ReceiveMessageInput, fifo bool) (*wish, error) {
	w := &wish{order: order{limit: 1}}
	if n := in.MaxNumberOfMessages; n != nil {
		if *n < 1 || *n > maxBatch {
			return nil, errValue(*n, "MaxNumberOfMessages", "Must be between 1 and %d, if provided.", maxBatch)
		}
		w.limit = int(*n)
	}
	if n := in.WaitTimeSeconds; n != nil {
		if *n < 0 || *n > maxWait {
			return nil, errValue(*n, "WaitTimeSeconds", "Must be >= 0 and <= %d, if provided.", maxWait)
		}
		w.wait = aws.Duration(time.Duration(*n) * time.Second)
	}
	if n := in.VisibilityTimeout; n != nil {
		if err := checkVisibility(n); err != nil {
			return nil, err
		}
		w.hide = aws.Duration(time.Duration(*n) * time.Second)
	}
	if id := in.ReceiveRequestAttemptId; id != nil && !fifo {
		return nil, errQueueType(*id, "ReceiveRequestAttemptId")
	} else if err := checkToken(id, "ReceiveRequestAttemptId"); err != nil {
		return nil, err
	}
	w.attempt = aws.ToString(in.ReceiveRequestAttemptId)
	w.user = in.MessageAttributeNames
	return w, w.askSystem(slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames))
}

func (w *wish) askSystem(names []string) error {
	known := types.MessageSystemAttributeName("").Values()
	for _, name := range names {
		if !slices.Contains(known, types.MessageSystemAttributeName(name)) {
			return errAttributeName(name)
		}
	}
	w.system = names
	return nil
}

// show is a message with the attributes that are asked for.
func (w *wish) show(m *received) types.Message {
	out := types.Message{
		MessageId:     aws.String(m.ID()),
		ReceiptHandle: aws.String(m.receipt.String()),
		Body:          aws.String(m.body),
		MD5OfBody:     aws.String(hex.EncodeToString(m.sum[:])),
	}
	if len(w.system) > 0 {
		out.Attributes = m.system()
		if !slices.Contains(w.system, string(types.MessageSystemAttributeNameAll)) {
			for name := range out.Attributes {
				if !slices.Contains(w.system, name) {
					delete(out.Attributes, name)
				}
			}
		}
		if len(out.Attributes) == 0 {
			out.Attributes = nil
		}
	}
	var shown []attribute
	for _, a := range m.attributes {
		if w.wants(a.name) {
			shown = append(shown, a)
		}
	}
	out.MD5OfMessageAttributes = digest(shown)
	out.MessageAttributes = attributeValues(shown)
	return out
}

// wants reports whether a message attribute is asked for: by its name, by a
// prefix ("bar.*"), or with all (All or ".*").
func (w *wish) wants(name string) bool {
	return slices.ContainsFunc(w.user, func(asked string) bool {
		prefix, ok := strings.CutSuffix(asked, ".*")
		return asked == name || asked == "All" || ok && (prefix == "" || name == prefix || strings.HasPrefix(name, prefix+"."))
	})
}

func attributeValues(list []attribute) map[string]types.MessageAttributeValue {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]types.MessageAttributeValue, len(list))
	for _, a := range list {
		v := types.MessageAttributeValue{DataType: aws.String(a.dataType)}
		if a.isBinary() {
			v.BinaryValue = []byte(a.value)
		} else {
			v.StringValue = aws.String(a.value)
		}
		out[a.name] = v
	}
	return out
}
