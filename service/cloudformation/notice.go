package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Notices tell the topics of a stack of its events, in the order in which they
// came, each once: a row stands in line from the transaction of the event to that
// in which the topic has it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html

const (
	noticeTopic   = "cloudformation/notice" // is woken when rows are in line
	noticeSubject = "AWS CloudFormation Notification"
	noticeBatch   = 10 // of one transaction: the topic signs in it
	maxTopics     = 5  // of a stack
)

func noticesKey() store.Key { return store.K(keySpace, "notice") }

// notice is a message that a topic is to have.
type notice struct{ Topic, Text string }

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
			case errors.Is(err, event.ErrNotFound), errors.Is(err, event.ErrDenied), !strings.HasPrefix(topic, "arn:aws:sns:"):
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
			tx.PutJSON(noticesKey().Uint(n).Str(topic), notice{topic, e.notice(st)})
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
	for {
		more, err := s.tellSome(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.cfg.Logger.Error("stack notifications", "error", err)
			s.pause(ctx)
			continue
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-watch.C:
		}
	}
}

// tellSome sends the first of the line. A topic that is gone, or does not take
// the message, is not told.
func (s *Service) tellSome(ctx context.Context) (more bool, err error) {
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		var keys []store.Key
		for key := range tx.Scan(store.Prefix(noticesKey())) {
			if keys = append(keys, key.Clone()); len(keys) == noticeBatch {
				break
			}
		}
		for _, key := range keys {
			var n notice
			tx.GetJSON(key, &n)
			tx.Delete(key)
			err := s.cfg.Router.Accept(ctx, tx, n.Topic, event.Event{
				ID: event.NewID(), Trace: event.NewTrace(tx.Now()), From: event.Sender{Account: s.cfg.Account},
				Time: tx.Now(), Subject: noticeSubject, Body: []byte(n.Text),
			})
			if errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied) {
				s.cfg.Logger.Warn("stack notification is lost", "topic", n.Topic, "error", err)
			} else if err != nil {
				return err
			}
		}
		more = len(keys) == noticeBatch
		return nil
	})
	return more, err
}
