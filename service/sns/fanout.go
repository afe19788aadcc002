package sns

import (
	"context"
	"fmt"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// How a message reaches its subscribers.
//
// Who they are and what they want (their audience) is read once for a topic,
// filter policies compiled, and kept with the topic's row as it was read. Each
// change of a topic or of one of its subscriptions writes that row with a new
// revision, in the same transaction; so an audience is that of a transaction
// exactly if the topic's row is still the same, which costs one read to find
// out, and nothing need be invalidated.

// subscriber is a confirmed subscription, read for delivery.
type subscriber struct {
	id          subscriptionID
	arn         string
	protocol    string
	endpoint    string
	raw         bool
	fifo        bool // a FIFO queue
	scope       string
	filter      *pattern.Pattern // nil: wants all
	contentType string           // of URLs
}

// maxKept is how many subscribers of a topic are kept in memory; those of
// larger topics are read for each message.
const maxKept = 10_000

// audience is the topic's subscribers.
func (s *Service) audience(tx *store.Tx, t *topic) []*subscriber {
	if kept := t.audience.Load(); kept != nil {
		return *kept
	}
	var out []*subscriber
	for _, sub := range s.subscriptionsOf(tx, t.Name) {
		if !sub.pending() {
			out = append(out, s.subscriber(t, sub))
		}
	}
	if len(out) <= maxKept {
		t.audience.Store(&out)
	}
	return out
}

func (s *Service) subscriber(t *topic, sub *subscription) *subscriber {
	r := &subscriber{
		id: sub.key(), arn: s.subscriptionARN(sub.key()), protocol: sub.Protocol, endpoint: sub.Endpoint,
		raw: sub.raw(), fifo: sub.Protocol == protoSQS && isFIFO(sub.Endpoint), scope: sub.Attributes[attrScope],
	}
	r.filter, _ = sub.filter() // it was checked when it was set
	if sub.web() {
		r.contentType = sub.deliveryPolicy(t).ContentType
	}
	return r
}

// deliveryPolicy is the policy in effect for a URL.
func (sub *subscription) deliveryPolicy(t *topic) delivery.Policy {
	own, _ := delivery.ParseSubscriptionPolicy(sub.Attributes[attrDeliveryPolicy])
	return delivery.Effective(t.delivery, own)
}

// find returns a topic as it was last read, or reads it.
func (s *Service) find(ctx context.Context, name string) (*topic, error) {
	if t, ok := s.topics.Load(name); ok {
		return t.(*topic), nil
	}
	var t *topic
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if t = s.load(tx, name); t == nil {
			return errNoTopic()
		}
		return nil
	})
	return t, err
}

// prepare is a topic and its audience, as last read.
func (s *Service) prepare(ctx context.Context, name string) (*topic, []*subscriber, error) {
	if t, ok := s.topics.Load(name); ok {
		t := t.(*topic)
		if kept := t.audience.Load(); kept != nil || t.fifo {
			return t, deref(kept), nil
		}
	}
	var t *topic
	var audience []*subscriber
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if t = s.load(tx, name); t == nil {
			return errNoTopic()
		}
		audience = s.audience(tx, t)
		return nil
	})
	return t, audience, err
}

func deref[T any](p *[]T) []T {
	if p == nil {
		return nil
	}
	return *p
}

// from is whom a topic's messages come from: policies of queues and functions
// know it.
func (s *Service) from(t *topic) event.Sender {
	return event.Sender{Service: "sns.amazonaws.com", ARN: t.arn, Account: s.cfg.Account}
}

// mail is a message as it goes to each of its subscribers.
type mail struct {
	post  *post
	items []item
	count counts
}

// item is a message for one subscriber: an event, or, for a URL, a payload.
type item struct {
	to      *subscriber
	event   event.Event
	payload []byte
	fault   error // why it cannot be delivered, known before it is tried
}

// address makes a message's mail for the audience of a topic. It writes
// nothing, so it needs no transaction.
func (s *Service) address(t *topic, audience []*subscriber, m *message) (*mail, error) {
	l := &mail{post: &post{s: s, t: t, m: m}, items: make([]item, 0, len(audience))}
	for _, to := range audience {
		if !l.wants(to) {
			continue
		}
		it, err := l.post.item(to)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, it)
	}
	return l, nil
}

// wants reports whether a subscriber's filter policy passes the message, and
// counts it if not.
func (l *mail) wants(to *subscriber) bool {
	if to.filter == nil {
		return true
	}
	m := l.post.m
	if to.scope != scopeBody {
		switch {
		case to.filter.MatchAttributes(m.attributes):
			return true
		case len(m.attributes) == 0:
			l.count.filtered[noMessageAttributes]++
		default:
			l.count.filtered[messageAttributes]++
		}
		return false
	}
	value, err := m.decoded(m.textFor(to.protocol))
	switch {
	case err != nil:
		l.count.filtered[invalidMessageBody]++
		return false
	case !to.filter.Match(value):
		l.count.filtered[messageBody]++
		return false
	}
	return true
}

// send delivers mail, in a transaction: to queues and functions at once, to
// URLs by the outbox. What can never be delivered goes to dead-letter queues.
func (s *Service) send(ctx context.Context, tx *store.Tx, l *mail) error {
	for i := range l.items {
		it := &l.items[i]
		if it.payload != nil {
			s.outbox.Put(tx, it.to.arn, it.payload)
			continue
		}
		err := it.fault
		if err == nil {
			err = s.cfg.Router.Accept(ctx, tx, it.to.endpoint, it.event)
		}
		switch {
		case err == nil:
			l.count.delivered++
		case !undeliverable(err):
			return fmt.Errorf("deliver to %s: %w", it.to.endpoint, err)
		default:
			l.count.failed++
			if err := s.bury(ctx, tx, l, it.to, err); err != nil {
				return err
			}
		}
	}
	s.countMail(tx, l)
	return nil
}

// bury puts a message into the dead-letter queue of a subscriber, if it has one.
func (s *Service) bury(ctx context.Context, tx *store.Tx, l *mail, to *subscriber, cause error) error {
	dead, err := l.post.letter(to)
	if err != nil {
		return err
	}
	done, err := s.deadLetter(ctx, tx, to.id, dead)
	switch {
	case err != nil:
		return err
	case done == buried:
		l.count.redriven++
	case done == lost:
		l.count.unredriven++
	}
	s.warnUndelivered(tx, l.post.t, to, cause, done)
	s.cfg.Logger.Debug("message is undeliverable", "subscription", to.arn, "message", l.post.m.id, "err", cause)
	return nil
}

// burial is what became of a dead letter.
type burial int

const (
	noGrave burial = iota // the subscription has no dead-letter queue
	buried
	lost // the queue is gone, or does not let the topic in
)

// String says where the message is kept.
func (b burial) String() string {
	switch b {
	case buried:
		return "in the dead-letter queue"
	case lost:
		return "nowhere: the dead-letter queue does not take it"
	}
	return "nowhere: there is no dead-letter queue"
}

// deadLetter puts a message into the dead-letter queue of a subscription.
func (s *Service) deadLetter(ctx context.Context, tx *store.Tx, id subscriptionID, e event.Event) (burial, error) {
	sub := s.subscription(tx, id)
	if sub == nil {
		return noGrave, nil
	}
	target, err := s.parseRedrive(sub, sub.Attributes[attrRedrive])
	if err == nil && target == "" {
		return noGrave, nil
	}
	if err == nil { // it was checked when it was set, for the region that the runtime had then
		err = s.cfg.Router.Accept(ctx, tx, target, e)
	}
	switch {
	case err == nil:
		return buried, nil
	case undeliverable(err):
		s.warnUnburied(tx, id, target, err)
		return lost, nil
	}
	return noGrave, err
}
