package cloudformation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Notices tell the topics of a stack of its events, to each in the order in
// which they came and once: a row stands in the topic's line from the transaction
// of the event to that in which the topic has it. A topic that fails keeps no
// other waiting.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html

const (
	noticeTopic   = "cloudformation/notice" // is woken when rows are in line
	noticeSubject = "AWS CloudFormation Notification"
	noticeBatch   = 10 // of one transaction: the topic signs in it
	maxTopics     = 5  // of a stack
)

func noticesKey() store.Key          { return store.K(keySpace, "notice") }
func lineKey(topic string) store.Key { return noticesKey().Str(topic) }

// checkTopics refuses what a stack cannot tell of its events.
func (s *Service) checkTopics(ctx context.Context, topics []string) error {
	switch {
	case len(topics) == 0:
		return nil
	case s.cfg.Router == nil:
		return invalid("NotificationARNs is not supported")
	case len(topics) > maxTopics:
		return invalid("1 validation error detected: Value '[%s]' at 'notificationARNs' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", strings.Join(topics, ", "), maxTopics)
	}
	return s.store.View(ctx, func(tx *store.Tx) error {
		for _, topic := range topics {
			err := s.cfg.Router.Check(ctx, tx, topic, event.Sender{Account: s.cfg.Account})
			switch {
			case errors.Is(err, event.ErrNotFound), errors.Is(err, event.ErrDenied), !strings.HasPrefix(topic, "arn:aws:sns:"),
				strings.HasSuffix(topic, ".fifo"): // which wants a group of each message
				return invalid("NotificationARNs: %s is not a topic that can be told", topic)
			case err != nil:
				return err
			}
		}
		return nil
	})
}

// notify puts an event in line for the stack's topics.
func notify(tx *store.Tx, st *stack, n uint64, e stackEvent) {
	for i, topic := range st.Notify {
		if slices.Index(st.Notify, topic) == i {
			tx.Set(lineKey(topic).Uint(n), []byte(e.notice(st)))
			tx.Wake(noticeTopic)
		}
	}
}

// notice is the text of an event's message, as subscribers of stacks on AWS get
// it. Whose request it was is not known: it is the account's.
func (e stackEvent) notice(st *stack) string {
	account := strings.Split(st.ID, ":")[4]
	or := func(text string) string {
		if text == "" {
			return "null"
		}
		return text
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"StackId", st.ID}, {"Timestamp", e.Time.UTC().Format("2006-01-02T15:04:05.000Z")}, {"EventId", e.ID},
		{"LogicalResourceId", e.Logical}, {"Namespace", account}, {"PhysicalResourceId", e.Physical}, {"PrincipalId", account},
		{"ResourceProperties", or(e.Props)}, {"ResourceStatus", e.Status}, {"ResourceStatusReason", e.Reason},
		{"ResourceType", e.Type}, {"StackName", st.Name}, {"ClientRequestToken", or(e.Token)},
	} {
		fmt.Fprintf(&b, "%s='%s'\n", line[0], line[1])
	}
	return b.String()
}

// tell sends what is in line until ctx ends.
func (s *Service) tell(ctx context.Context) error {
	if s.cfg.Router == nil {
		return nil // and so nothing is in line
	}
	watch := s.store.Watch(noticeTopic)
	defer watch.Close()
	for ctx.Err() == nil {
		if !s.tellAll(ctx) {
			s.pause(ctx)
			continue
		}
		select {
		case <-ctx.Done():
		case <-watch.C:
		}
	}
	return ctx.Err()
}

// tellAll goes through the lines once, and reports whether that emptied them.
func (s *Service) tellAll(ctx context.Context) bool {
	all := true
	for lines := store.Prefix(noticesKey()); ; {
		topic, err := s.tellSome(ctx, lines)
		if err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("stack notifications", "topic", topic, "error", err)
		}
		if err != nil {
			all = false
			lines.From = store.Prefix(lineKey(topic)).To
		}
		if topic == "" {
			return all
		}
	}
}

// tellSome sends the first of the first line, and returns whose line that is,
// "" if there is none. A topic that is gone, or does not take the message, is
// not told.
func (s *Service) tellSome(ctx context.Context, lines store.Range) (topic string, err error) {
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		var keys []store.Key
		var texts [][]byte
		for key, text := range tx.Scan(lines) {
			to := key.Parts(noticesKey()).Str()
			if len(keys) == noticeBatch || len(keys) > 0 && to != topic {
				break
			}
			topic, keys, texts = to, append(keys, key.Clone()), append(texts, bytes.Clone(text))
		}
		for i, key := range keys {
			tx.Delete(key)
			if err := s.send(ctx, tx, topic, texts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return topic, err
}

func (s *Service) send(ctx context.Context, tx *store.Tx, topic string, text []byte) error {
	err := s.cfg.Router.Accept(ctx, tx, topic, event.Event{
		ID: event.NewID(), Trace: event.NewTrace(tx.Now()), From: event.Sender{Account: s.cfg.Account},
		Time: tx.Now(), Subject: noticeSubject, Body: text,
	})
	if errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied) {
		tx.OnCommit(func() { s.cfg.Logger.Warn("stack notification is lost", "topic", topic, "error", err) })
		return nil
	}
	return err
}
