package sns

import (
	"errors"
	"net/url"
	"sync"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// SNS tells nobody that a subscriber's policy keeps its messages out, or that
// its queue is gone: metrics count them, and dead-letter queues have them, where
// there are some. Whoever wires a pipeline together is told here, once for each
// subscription and cause, what is wrong and what to do.

// cause is why messages do not arrive.
type cause int

const (
	missing    cause = iota // the queue or the function is not there
	denied                  // its policy does not let the topic in
	unfit                   // it takes others, but not such messages
	unanswered              // the URL does not take it
	graveless               // the dead-letter queue takes none either
)

func causeOf(err error) cause {
	var f *delivery.Failure
	var api smithy.APIError
	switch {
	case errors.As(err, &f):
		return unanswered
	case errors.Is(err, event.ErrNotFound):
		return missing
	case errors.As(err, &api):
		return unfit
	}
	return denied
}

// maxWarnings bounds how many warnings are remembered. Beyond it all are
// forgotten, and may be given again.
const maxWarnings = 1000

// warnings are those that were given since the start.
type warnings struct {
	mu    sync.Mutex
	given map[warning]bool
}

// warning is what one is about: the ARN of a subscription, or the URL of one
// that was not confirmed.
type warning struct {
	about string
	cause cause
}

// first reports whether a warning is given for the first time.
func (w *warnings) first(about string, c cause) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := warning{about, c}
	if w.given[k] {
		return false
	}
	if len(w.given) >= maxWarnings {
		clear(w.given)
	}
	set(&w.given, k, true)
	return true
}

// warn logs what keeps messages from arriving, when tx has committed, if it was
// not logged before. args are pairs as of [slog.Logger.Warn].
func (s *Service) warn(tx *store.Tx, about string, c cause, text string, args ...any) {
	tx.OnCommit(func() {
		if s.warnings.first(about, c) {
			s.cfg.Logger.Warn(text, args...)
		}
	})
}

// warnUndelivered tells that a queue or a function did not take a message.
func (s *Service) warnUndelivered(tx *store.Tx, t *topic, to *subscriber, err error, done burial) {
	c := causeOf(err)
	s.warn(tx, to.arn, c, "messages of a topic do not arrive", "subscription", to.arn, "protocol", to.protocol,
		"endpoint", to.endpoint, "err", err, "kept", done.String(), "do", remedy(c, to.protocol, to.endpoint, t.arn))
}

// warnUnburied tells that a dead-letter queue did not take a message.
func (s *Service) warnUnburied(tx *store.Tx, id subscriptionID, queue string, err error) {
	arn := s.subscriptionARN(id)
	s.warn(tx, arn, graveless, "messages of a topic do not arrive, nor does the dead-letter queue take them",
		"subscription", arn, "queue", queue, "err", err, "do", remedy(causeOf(err), protoSQS, queue, s.topicARN(id.topic)))
}

// warnGivenUp tells that no attempt to send to a URL succeeded.
func (s *Service) warnGivenUp(tx *store.Tx, p *parcel, err error, done burial) {
	about, do := p.subscription, "see that the URL answers 2xx within 15 seconds; "+keepThem
	switch p.kind {
	case delivery.SubscriptionConfirmation:
		about, do = p.endpoint, "see that the URL answers 2xx within 15 seconds, and subscribe it again"
	case delivery.UnsubscribeConfirmation:
		return // who ended the subscription wants no more of it
	}
	s.warn(tx, about, causeOf(err), "messages of a topic do not arrive", "subscription", p.subscription, "topic", p.topic,
		"type", p.kind, "endpoint", redacted(p.endpoint), "err", err, "kept", done.String(), "do", do)
}

const keepThem = "a RedrivePolicy on the subscription keeps what it cannot take"

// remedy is what to do about a cause.
func remedy(c cause, protocol, endpoint, topic string) string {
	switch {
	case c == unfit:
		return keepThem
	case c == missing:
		return "create " + endpoint + ", or unsubscribe it"
	case protocol == protoLambda:
		return "aws lambda add-permission --function-name " + endpoint + " --statement-id sns --action lambda:InvokeFunction" +
			" --principal sns.amazonaws.com --source-arn " + topic
	case protocol == protoSQS:
		return `add a statement to the queue's policy: {"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},` +
			`"Action":"sqs:SendMessage","Resource":"` + endpoint + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}`
	}
	return "let sns.amazonaws.com send to " + endpoint
}

// redacted is a URL without its password.
func redacted(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Redacted()
}
