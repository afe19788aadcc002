package sns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

const (
	tokenTimer = "sns.token" // id: the token

	// tokenLife is how long a token confirms, and a subscription waits for it
	// (https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html).
	tokenLife = 48 * time.Hour

	tokenBytes = 96
)

// token is the row of a token that was sent to a URL.
type token struct {
	Topic, ID string
	TopicID   uint64 // the name may be another topic's by now

	// Restore is a subscription that was ended, to be as it was.
	Restore *subscription `json:",omitempty"`
}

func tokenKey(text string) store.Key { return store.K("sns", "token", text) }

// dropToken takes a token back, and the message that asks for it if that is
// still on its way.
func (s *Service) dropToken(tx *store.Tx, text string) {
	tx.Delete(tokenKey(text))
	tx.ClearTimer(tokenTimer, text)
	s.outbox.Drop(tx, laneOf(text))
}

func newToken() string {
	var b [tokenBytes]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func isToken(s string) bool { return len(s) == 2*tokenBytes && all(s, isHex) }

// confirmation is a message that asks a URL's owner to visit a link.
type confirmation struct {
	token   string
	restore *subscription
	message delivery.Message
}

// askToConfirm is what asks for a new subscription.
func (s *Service) askToConfirm(ctx context.Context, sub *subscription) (*confirmation, error) {
	return s.confirmation(ctx, sub, delivery.SubscriptionConfirmation, fmt.Sprintf(
		"You have chosen to subscribe to the topic %s.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
		s.topicARN(sub.Topic)))
}

// sayBye is what tells that a subscription has ended, in case that was unintended.
func (s *Service) sayBye(ctx context.Context, sub *subscription) (*confirmation, error) {
	c, err := s.confirmation(ctx, sub, delivery.UnsubscribeConfirmation, fmt.Sprintf(
		"You have chosen to deactivate subscription %s.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
		s.subscriptionARN(sub.key())))
	if err == nil {
		c.restore = sub
	}
	return c, err
}

func (s *Service) confirmation(ctx context.Context, sub *subscription, kind, text string) (*confirmation, error) {
	t, err := s.find(ctx, sub.Topic)
	if err != nil {
		return nil, err
	}
	c := &confirmation{token: newToken()}
	c.message = delivery.Message{
		Type: kind, MessageID: event.NewID(), Token: c.token, TopicARN: t.arn, Message: text,
		Timestamp:    s.store.Clock().Now(),
		SubscribeURL: s.cfg.Endpoint + "/?Action=ConfirmSubscription&TopicArn=" + t.arn + "&Token=" + c.token,
	}
	if err := s.signer.Ready(ctx); err != nil {
		return nil, err
	}
	return c, s.sign(&c.message, t.signatureVersion())
}

// ask sends a confirmation, with the transaction, and keeps its token.
func (s *Service) ask(tx *store.Tx, t *topic, sub *subscription, c *confirmation) {
	tx.PutJSON(tokenKey(c.token), token{Topic: sub.Topic, TopicID: t.ID, ID: sub.ID, Restore: c.restore})
	tx.SetTimer(tokenTimer, c.token, tx.Now().Add(tokenLife))
	if !sub.web() {
		return // of another account, where nobody is told
	}
	p := &parcel{
		kind: c.message.Type, id: c.message.MessageID, endpoint: sub.Endpoint, topic: c.message.TopicARN,
		body: c.message.Encode(),
	}
	if c.restore != nil {
		p.subscription = s.subscriptionARN(sub.key())
	}
	s.outbox.Put(tx, laneOf(c.token), p.encode())
}

// laneOf is the lane of a confirmation, which a subscription's end must not
// drop.
func laneOf(token string) string { return "confirm " + token }

// ConfirmSubscription confirms a subscription by the token that was sent to
// its URL, or restores one that was ended. It does so again while the token
// lasts.
func (s *Service) ConfirmSubscription(ctx context.Context, in *api.ConfirmSubscriptionInput) (*api.ConfirmSubscriptionOutput, error) {
	text := aws.ToString(in.Token)
	if !isToken(text) {
		return nil, errInvalid("Token")
	}
	name, err := s.topicName(in.TopicArn)
	if err != nil {
		return nil, errInvalid("Topic")
	}
	if err := s.signer.Ready(ctx); err != nil {
		return nil, err // a restored subscription may be the only one
	}
	signed := wire.RequestOf(ctx).AccessKey != ""
	locked := signed && aws.ToString(in.AuthenticateOnUnsubscribe) == "true"
	out := &api.ConfirmSubscriptionOutput{}
	return out, s.store.Update(ctx, func(tx *store.Tx) error {
		var row token
		if !tx.GetJSON(tokenKey(text), &row) || row.Topic != name {
			return &types.InvalidParameterException{Message: aws.String("Invalid token")}
		}
		t := s.load(tx, name)
		if t == nil || t.ID != row.TopicID {
			return errNoTopic()
		}
		id, err := s.confirm(tx, t.edit(), row, signed, locked)
		out.SubscriptionArn = aws.String(s.subscriptionARN(id))
		return err
	})
}

func (s *Service) confirm(tx *store.Tx, t *topic, row token, signed, locked bool) (subscriptionID, error) {
	id := subscriptionID{row.Topic, row.ID}
	sub := s.subscription(tx, id)
	switch {
	case sub != nil && !sub.pending():
		return id, nil
	case sub != nil:
		t.count(sub, -1)
	case row.Restore == nil:
		return id, &types.InvalidParameterException{Message: aws.String("Invalid token")}
	default:
		sub = row.Restore
		if have, ok := tx.Get(endpointKey(sub.Topic, sub.Protocol, sub.Endpoint)); ok {
			return subscriptionID{row.Topic, string(have)}, nil // subscribed anew meanwhile
		}
	}
	sub.Token, sub.Authenticated, sub.Locked = "", signed, locked
	t.count(sub, +1)
	sub.save(tx)
	t.save(tx)
	return id, nil
}

// expireToken ends a token, and a subscription that still waits for it.
func (s *Service) expireToken(_ context.Context, tx *store.Tx, text string) error {
	var row token
	found := tx.GetJSON(tokenKey(text), &row)
	s.dropToken(tx, text)
	if !found {
		return nil
	}
	sub, t := s.subscription(tx, subscriptionID{row.Topic, row.ID}), s.load(tx, row.Topic)
	if sub == nil || t == nil || sub.Token != text {
		return nil
	}
	s.forget(tx, sub)
	t = t.edit()
	t.count(sub, -1)
	t.save(tx)
	return nil
}
