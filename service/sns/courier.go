package sns

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// courier takes messages to URLs, one lane for each subscription.
type courier struct{ s *Service }

// Limits implements [outbox.Courier].
func (c *courier) Limits(tx *store.Tx, lane string) outbox.Limits {
	return outbox.Limits{PerSecond: c.policy(tx, lane).PerSecond}
}

// policy is the delivery policy of a lane; AWS's own if it is that of a
// confirmation.
func (c *courier) policy(tx *store.Tx, lane string) delivery.Policy {
	if id, err := c.s.parseSubscriptionARN(&lane); err == nil {
		if sub, t := c.s.subscription(tx, id), c.s.load(tx, id.topic); sub != nil && t != nil {
			return sub.deliveryPolicy(t)
		}
	}
	return delivery.Effective(nil, nil)
}

// Deliver implements [outbox.Courier].
func (c *courier) Deliver(ctx context.Context, d outbox.Delivery) error {
	p, err := decodeParcel(d.Payload)
	if err != nil {
		return err
	}
	err = c.s.sender.Send(ctx, delivery.Request{
		Endpoint: p.endpoint, Type: p.kind, MessageID: p.id, TopicARN: p.topic, SubscriptionARN: p.subscription,
		Raw: p.raw, ContentType: p.contentType, Body: p.body,
	})
	if err != nil && ctx.Err() == nil && p.kind == delivery.Notification {
		c.observe(p, "NumberOfNotificationsFailed") // each attempt counts
	}
	return err
}

// Next implements [outbox.Courier]: the delivery policy, with the jitter that
// SNS adds.
func (c *courier) Next(tx *store.Tx, d outbox.Delivery, cause error) (time.Duration, bool) {
	var f *delivery.Failure
	if !errors.As(cause, &f) || f.Permanent {
		return 0, false
	}
	delay, again := c.policy(tx, d.Lane).Retry.Delay(d.Attempt)
	return delay + rand.N(delay/10+1), again
}

// GiveUp implements [outbox.Courier]: the message goes to the subscription's
// dead-letter queue.
func (c *courier) GiveUp(ctx context.Context, tx *store.Tx, d outbox.Delivery, cause error) error {
	p, err := decodeParcel(d.Payload)
	if err != nil {
		c.s.cfg.Logger.Error("malformed delivery is dropped", "lane", d.Lane, "err", err)
		return nil
	}
	c.s.cfg.Logger.Debug("message is undeliverable", "subscription", d.Lane, "message", p.id, "err", cause)
	id, err := c.s.parseSubscriptionARN(&d.Lane)
	if err != nil || p.kind != delivery.Notification {
		c.s.warnGivenUp(tx, p, cause, noGrave)
		return nil // a confirmation
	}
	done, err := c.s.deadLetter(ctx, tx, id, event.Event{
		ID: p.id, Trace: p.trace, Time: tx.Now(), Body: p.body, Attributes: p.attributes, Group: p.group,
		From: event.Sender{Service: "sns.amazonaws.com", ARN: p.topic, Account: c.s.cfg.Account},
	})
	if err != nil {
		return err
	}
	c.s.warnGivenUp(tx, p, cause, done)
	switch done {
	case buried:
		tx.OnCommit(func() { c.observe(p, "NumberOfNotificationsRedrivenToDlq") })
	case lost:
		tx.OnCommit(func() { c.observe(p, "NumberOfNotificationsFailedToRedriveToDlq") })
	}
	return nil
}

// Done implements [outbox.Courier].
func (c *courier) Done(d outbox.Delivery) {
	if p, err := decodeParcel(d.Payload); err == nil && p.kind == delivery.Notification {
		c.observe(p, "NumberOfNotificationsDelivered")
	}
}

func (c *courier) observe(p *parcel, name string) {
	c.s.observe(p.topic[strings.LastIndexByte(p.topic, ':')+1:], name, "Count", 1)
}
