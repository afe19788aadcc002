package sqs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

// What other services do with queues: send events to them, and feed functions
// from them.

// identified are services that send with the identity of a role of the
// account's, whose policies decide, and not as themselves: a queue's policy can
// only forbid it to them.
var identified = map[string]bool{
	"":                     true,
	"lambda.amazonaws.com": true,
}

// unordered are services that send no groups, so that FIFO queues are none of
// their destinations
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html).
var unordered = map[string]bool{"s3.amazonaws.com": true}

// Check implements [event.Target].
func (s *Service) Check(_ context.Context, tx *store.Tx, to event.ARN, from event.Sender) error {
	_, err := s.admit(tx, to, from)
	return err
}

// admit finds the queue of an ARN, if the sender may send to it.
func (s *Service) admit(tx *store.Tx, to event.ARN, from event.Sender) (*queue, error) {
	q, err := s.byARN(tx, to)
	if err != nil {
		return nil, err
	}
	if q.fifo && unordered[from.Service] {
		return nil, fmt.Errorf("%s does not send to FIFO queues such as %s: %w", from.Service, to, event.ErrDenied)
	}
	if identified[from.Service] && (from.Account == "" || from.Account == s.cfg.Account) {
		return q, nil
	}
	keys := map[string]string{}
	if from.ARN != "" {
		keys["aws:SourceArn"] = from.ARN
	}
	if from.Account != "" {
		keys["aws:SourceAccount"] = from.Account
	}
	if !policy.Allows(q.policy, from.Service, "sqs:SendMessage", s.arn(q.Name), keys) {
		return nil, fmt.Errorf("%s may not send to %s: %w", from.Service, to, event.ErrDenied)
	}
	return q, nil
}

func (s *Service) byARN(tx *store.Tx, a event.ARN) (*queue, error) {
	if a.AccountID == s.cfg.Account && a.Region == s.cfg.Region {
		if q := s.load(tx, a.Resource); q != nil {
			return q, nil
		}
	}
	return nil, fmt.Errorf("queue %s: %w", a, event.ErrNotFound)
}

// Accept implements [event.Target]: the event becomes a message. What a queue
// cannot take at all, such as one without a group in a FIFO queue or one that
// is longer than it allows, it does not permit: nothing but that event fails.
func (s *Service) Accept(_ context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	q, err := s.admit(tx, to, e.From)
	if err != nil {
		return err
	}
	o := s.arrival(e)
	if q.fifo {
		if err := checkGroup(optional(e.Group), optional(e.Dedup), true); err != nil {
			return fmt.Errorf("%s: %w: %w", to, err, event.ErrDenied)
		}
		o.identify(e.Dedup)
	}
	o.row = o.encode()
	r := s.rowsOf(tx, q)
	if err := r.put(o); err != nil {
		return fmt.Errorf("%s: %w: %w", to, err, event.ErrDenied)
	}
	return r.Save()
}

// arrival is the message of an event.
func (s *Service) arrival(e event.Event) *outgoing {
	m := newMessage(string(e.Body))
	m.sender, m.trace, m.group = e.From.Service, e.Trace, e.Group
	if m.sender == "" {
		m.sender = s.cfg.Account
	}
	o := &outgoing{message: m, size: len(m.body)}
	for _, name := range sortedKeys(e.Attributes) {
		a := attribute{name, e.Attributes[name].DataType, e.Attributes[name].String}
		if a.isBinary() {
			a.value = string(e.Attributes[name].Binary)
		}
		m.attributes = append(m.attributes, a)
		o.size += len(a.name) + len(a.dataType) + len(a.value)
	}
	return o
}

// Receive implements [event.Queue].
func (s *Service) Receive(_ context.Context, tx *store.Tx, from event.ARN, limit int, hide time.Duration) ([]event.Message, error) {
	q, err := s.byARN(tx, from)
	if err != nil {
		return nil, err
	}
	timeout := &hide
	if hide == 0 {
		timeout = nil
	}
	got, _, err := s.receive(tx, q, order{limit: limit, hide: timeout, lent: true})
	if over := (*types.OverLimit)(nil); errors.As(err, &over) {
		return nil, nil // pollers wait until some are deleted
	}
	if err != nil {
		return nil, err
	}
	out := make([]event.Message, 0, len(got))
	for _, t := range got {
		m, err := t.decode()
		if err != nil {
			return nil, err
		}
		out = append(out, m.event())
	}
	return out, nil
}

// event is the message as other services see it.
func (r *received) event() event.Message {
	m := event.Message{
		ID:      r.ID(),
		Receipt: r.receipt.String(),
		Body:    r.body,
		MD5:     hex.EncodeToString(r.sum[:]),
		System:  r.system(),
	}
	for _, a := range r.attributes {
		if m.Attributes == nil {
			m.Attributes = make(map[string]event.Attribute, len(r.attributes))
		}
		v := event.Attribute{DataType: a.dataType, String: a.value}
		if a.isBinary() {
			v.String, v.Binary = "", []byte(a.value)
		}
		m.Attributes[a.name] = v
	}
	return m
}

// Delete implements [event.Queue].
func (s *Service) Delete(_ context.Context, tx *store.Tx, from event.ARN, receipts []string) error {
	q, err := s.byARN(tx, from)
	if err != nil {
		return err
	}
	r := s.rowsOf(tx, q)
	deleted := false
	for _, handle := range receipts {
		if rc, err := receiptOf(q, handle); err == nil {
			one, _ := s.remove(r, rc, handle)
			deleted = deleted || one
		}
	}
	if !deleted {
		return r.Err()
	}
	return r.Save()
}

// Describe implements [event.Queue].
func (s *Service) Describe(_ context.Context, tx *store.Tx, from event.ARN) (event.QueueState, error) {
	q, err := s.byARN(tx, from)
	if err != nil {
		return event.QueueState{}, err
	}
	r := s.rowsOf(tx, q)
	return event.QueueState{Topic: q.topic, NextVisible: r.next(s.maxInFlight), VisibilityTimeout: q.visibility}, r.Err()
}
