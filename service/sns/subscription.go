package sns

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Protocols (https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html)
// that messages are delivered by.
const (
	protoSQS      = "sqs"
	protoLambda   = "lambda"
	protoFirehose = "firehose"
	protoHTTP     = "http"
	protoHTTPS    = "https"
)

// notHere are AWS's other protocols.
var notHere = []string{"email", "email-json", "sms", "application"}

// maxFIFOSubscriptions is how many subscriptions a FIFO topic can have
// (https://docs.aws.amazon.com/general/latest/gr/sns.html).
const maxFIFOSubscriptions = 100

// subscription is a subscription's row.
type subscription struct {
	Topic      string
	ID         string
	Protocol   string
	Endpoint   string
	Attributes map[string]string // those that were set
	Principal  string            // ARN of who subscribed
	Token      string            `json:",omitempty"` // that confirms it, while it is pending

	// Authenticated says that the confirmation was signed; Locked that ending
	// the subscription must be, too.
	Authenticated, Locked bool
}

func (sub *subscription) key() subscriptionID { return subscriptionID{sub.Topic, sub.ID} }
func (sub *subscription) pending() bool       { return sub.Token != "" }
func (sub *subscription) raw() bool           { return sub.Attributes[attrRaw] == "true" }
func (sub *subscription) web() bool           { return isWeb(sub.Protocol) }

func isWeb(protocol string) bool { return protocol == protoHTTP || protocol == protoHTTPS }

// A subscription lies at its topic and id, and is found by its endpoint too,
// since one endpoint has one subscription.
func subscriptionSpace() store.Key { return store.K("sns", "sub") }

func subscriptionKey(id subscriptionID) store.Key { return store.K("sns", "sub", id.topic, id.id) }

func endpointKey(topic, protocol, endpoint string) store.Key {
	return store.K("sns", "endpoint", topic, protocol, endpoint)
}

func (s *Service) subscription(tx *store.Tx, id subscriptionID) *subscription {
	sub := &subscription{}
	if !tx.GetJSON(subscriptionKey(id), sub) {
		return nil
	}
	return sub
}

// subscriptionsOf are all subscriptions of a topic.
func (s *Service) subscriptionsOf(tx *store.Tx, topic string) []*subscription {
	var out []*subscription
	prefix := subscriptionSpace().Str(topic)
	for k := range tx.Scan(store.Prefix(prefix)) {
		sub := &subscription{}
		if tx.GetJSON(k.Clone(), sub) {
			out = append(out, sub)
		}
	}
	return out
}

func (sub *subscription) save(tx *store.Tx) {
	tx.PutJSON(subscriptionKey(sub.key()), sub)
	tx.Set(endpointKey(sub.Topic, sub.Protocol, sub.Endpoint), []byte(sub.ID))
}

// forget removes a subscription's rows and what waits to be sent to it.
func (s *Service) forget(tx *store.Tx, sub *subscription) {
	tx.Delete(subscriptionKey(sub.key()))
	tx.Delete(endpointKey(sub.Topic, sub.Protocol, sub.Endpoint))
	if sub.pending() {
		s.dropToken(tx, sub.Token)
	}
	if sub.web() {
		s.outbox.Drop(tx, s.subscriptionARN(sub.key()))
	}
}

// count adds a subscription to its topic's numbers, or takes it from them.
func (t *topic) count(sub *subscription, by int) {
	if sub.pending() {
		t.Pending += by
	} else {
		t.Confirmed += by
	}
}

// Subscribe subscribes an endpoint to a topic. A URL must confirm first.
func (s *Service) Subscribe(ctx context.Context, in *api.SubscribeInput) (*api.SubscribeOutput, error) {
	topic, err := s.topicName(in.TopicArn)
	if err != nil {
		return nil, err
	}
	sub, err := s.newSubscription(topic, in)
	if err != nil {
		return nil, err
	}
	sub.Principal = wire.RequestOf(ctx).Principal.ARN
	if err := s.signer.Ready(ctx); err != nil {
		return nil, err // who publishes in a transaction has to find it
	}
	var asked *confirmation
	if s.mustConfirm(sub) {
		if asked, err = s.askToConfirm(ctx, sub); err != nil {
			return nil, err
		}
	}
	err = s.store.Update(ctx, func(tx *store.Tx) (err error) {
		sub, err = s.subscribe(ctx, tx, sub, asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	if sub.pending() && !in.ReturnSubscriptionArn {
		return &api.SubscribeOutput{SubscriptionArn: aws.String("pending confirmation")}, nil
	}
	return &api.SubscribeOutput{SubscriptionArn: aws.String(s.subscriptionARN(sub.key()))}, nil
}

// newSubscription checks what a subscription is to be.
func (s *Service) newSubscription(topic string, in *api.SubscribeInput) (*subscription, error) {
	sub := &subscription{
		Topic: topic, ID: event.NewID(), Attributes: map[string]string{}, Authenticated: true,
		Protocol: strings.Clone(aws.ToString(in.Protocol)), Endpoint: strings.Clone(aws.ToString(in.Endpoint)),
	}
	if err := s.checkEndpoint(sub); err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(in.Attributes) {
		if err := s.setAttribute(sub, name, in.Attributes[name]); err != nil {
			return nil, among(name, err)
		}
	}
	if err := s.checkAttributes(sub); err != nil {
		return nil, among("", err)
	}
	return sub, nil
}

func (s *Service) checkEndpoint(sub *subscription) error {
	switch protocol, endpoint := sub.Protocol, sub.Endpoint; protocol {
	case protoSQS, protoLambda, protoFirehose:
		if isFIFO(sub.Topic) && protocol != protoSQS {
			return errInvalid("Invalid protocol type: %s", protocol)
		}
		return s.checkARN(sub)
	case protoHTTP, protoHTTPS:
		if isFIFO(sub.Topic) {
			return errInvalid("Invalid protocol type: %s", protocol)
		}
		if !strings.HasPrefix(strings.ToLower(endpoint), protocol+"://") {
			return errInvalid("Endpoint must match the specified protocol")
		}
		if err := s.sender.CheckEndpoint(protocol, endpoint); err != nil {
			return errInvalid("Endpoint Reason: %s", err)
		}
	default:
		if slices.Contains(notHere, protocol) {
			return errInvalid("Protocol Reason: %s is not supported here: use sqs, lambda, http or https", protocol)
		}
		return errInvalid("Amazon SNS does not support this protocol string: %s", protocol)
	}
	return nil
}

// endpointNames are AWS's names of endpoints in errors.
var endpointNames = map[string]string{protoSQS: "SQS", protoLambda: "Lambda", protoFirehose: "Firehose"}

// checkARN checks the endpoint of an AWS service. That the resource is there is
// not asked for: it may come later.
func (s *Service) checkARN(sub *subscription) error {
	a, err := arn.Parse(sub.Endpoint)
	resource := a.Resource
	switch sub.Protocol {
	case protoLambda:
		resource, _ = strings.CutPrefix(a.Resource, "function:")
	case protoFirehose:
		resource, _ = strings.CutPrefix(a.Resource, "deliverystream/")
	}
	named := resource != "" && (sub.Protocol == protoSQS) == (resource == a.Resource)
	if err != nil || a.Service != sub.Protocol || a.Region == "" || len(a.AccountID) != 12 || !allDigits(a.AccountID) || !named {
		return errInvalid("%s endpoint ARN", endpointNames[sub.Protocol])
	}
	if sub.Protocol == protoSQS && isFIFO(resource) && !isFIFO(sub.Topic) {
		return errInvalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	}
	return nil
}

// mustConfirm reports whether the endpoint's owner has yet to agree: a URL's,
// and those of other accounts.
func (s *Service) mustConfirm(sub *subscription) bool {
	if sub.web() {
		return true
	}
	a, err := arn.Parse(sub.Endpoint)
	return err != nil || a.AccountID != s.cfg.Account
}

// subscribe adds a subscription, or finds the one that the endpoint has. A
// pending one is asked to confirm again.
func (s *Service) subscribe(ctx context.Context, tx *store.Tx, sub *subscription, asked *confirmation) (*subscription, error) {
	t := s.load(tx, sub.Topic)
	if t == nil {
		return nil, errNoTopic()
	}
	if sub.Protocol == protoFirehose {
		if err := s.cfg.Router.Check(ctx, tx, sub.Endpoint, s.from(t)); errors.Is(err, event.ErrNotFound) {
			return nil, errInvalid("Endpoint Reason: %s", err)
		}
	}
	t = t.edit()
	id, known := tx.Get(endpointKey(sub.Topic, sub.Protocol, sub.Endpoint))
	if known {
		have := s.subscription(tx, subscriptionID{sub.Topic, string(id)})
		if have == nil {
			return nil, errDamaged
		}
		if len(sub.Attributes) > 0 && !maps.Equal(have.Attributes, sub.Attributes) {
			return nil, errInvalid("Attributes Reason: Subscription already exists with different attributes")
		}
		if !have.pending() {
			return have, nil
		}
		s.forget(tx, have)
		t.count(have, -1)
		sub.ID, sub.Attributes = have.ID, have.Attributes
	}
	if t.fifo && t.Confirmed+t.Pending >= maxFIFOSubscriptions {
		return nil, &types.SubscriptionLimitExceededException{Message: aws.String("Subscription limit exceeded for this topic")}
	}
	if asked != nil {
		sub.Token = asked.token
		sub.Authenticated = false
		s.ask(tx, t, sub, asked)
	}
	sub.save(tx)
	t.count(sub, +1)
	t.save(tx)
	return sub, nil
}

// Unsubscribe removes a subscription. One that does not exist is removed
// already. A URL is told, with a link by which it subscribes again.
func (s *Service) Unsubscribe(ctx context.Context, in *api.UnsubscribeInput) (*api.UnsubscribeOutput, error) {
	id, err := s.parseSubscriptionARN(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	var sub *subscription
	err = s.store.View(ctx, func(tx *store.Tx) error {
		sub = s.subscription(tx, id)
		return nil
	})
	if err != nil || sub == nil {
		return nil, err
	}
	if sub.Locked && wire.RequestOf(ctx).AccessKey == "" {
		return nil, &types.AuthorizationErrorException{Message: aws.String("This subscription requires authentication to unsubscribe")}
	}
	var bye *confirmation
	if sub.web() && !sub.pending() {
		if bye, err = s.sayBye(ctx, sub); err != nil {
			return nil, err
		}
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error { return s.unsubscribe(tx, id, bye) })
}

func (s *Service) unsubscribe(tx *store.Tx, id subscriptionID, bye *confirmation) error {
	sub, t := s.subscription(tx, id), s.load(tx, id.topic)
	if sub == nil || t == nil {
		return nil
	}
	s.forget(tx, sub)
	t = t.edit()
	t.count(sub, -1)
	t.Deleted++
	t.save(tx)
	if bye != nil {
		s.ask(tx, t, sub, bye)
	}
	return nil
}

// ListSubscriptions lists the account's subscriptions by topic.
func (s *Service) ListSubscriptions(ctx context.Context, in *api.ListSubscriptionsInput) (*api.ListSubscriptionsOutput, error) {
	out := &api.ListSubscriptionsOutput{}
	return out, s.store.View(ctx, func(tx *store.Tx) (err error) {
		out.Subscriptions, out.NextToken, err = s.list(tx, subscriptionSpace(), in.NextToken)
		return err
	})
}

// ListSubscriptionsByTopic lists the subscriptions of a topic.
func (s *Service) ListSubscriptionsByTopic(ctx context.Context, in *api.ListSubscriptionsByTopicInput) (*api.ListSubscriptionsByTopicOutput, error) {
	out := &api.ListSubscriptionsByTopicOutput{}
	return out, s.viewTopic(ctx, in.TopicArn, func(tx *store.Tx, t *topic) (err error) {
		out.Subscriptions, out.NextToken, err = s.list(tx, subscriptionSpace().Str(t.Name), in.NextToken)
		return err
	})
}

func (s *Service) list(tx *store.Tx, space store.Key, token *string) (out []types.Subscription, next *string, err error) {
	keys, err := pageOf(space, token)
	if err != nil {
		return nil, nil, err
	}
	out = []types.Subscription{}
	var last store.Key
	for k := range tx.Scan(keys) {
		if len(out) == pageSize {
			return out, nextToken(last), nil
		}
		last = k.Clone()
		sub := &subscription{}
		if tx.GetJSON(last, sub) {
			out = append(out, s.listed(sub))
		}
	}
	return out, nil, nil
}

func (s *Service) listed(sub *subscription) types.Subscription {
	shown := s.subscriptionARN(sub.key())
	if sub.pending() {
		shown = "PendingConfirmation"
	}
	return types.Subscription{
		Endpoint:        aws.String(sub.Endpoint),
		Owner:           aws.String(s.cfg.Account),
		Protocol:        aws.String(sub.Protocol),
		SubscriptionArn: aws.String(shown),
		TopicArn:        aws.String(s.topicARN(sub.Topic)),
	}
}
