package sns

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

// What other services do with topics: publish to them.

// identified are services that publish with the identity of a role of the
// account's, whose policies decide, and not as themselves.
var identified = map[string]bool{
	"":                     true,
	"lambda.amazonaws.com": true,
}

// owned are services that say aws:SourceOwner of whom they publish for, by
// which the default policy of a topic lets them in. Others, S3 among them, have
// to be named by the topic's policy
// (https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#source-account-versus-source-owner).
var owned = map[string]bool{
	"apigateway.amazonaws.com": true,
	"cloudwatch.amazonaws.com": true,
	"events.amazonaws.com":     true,
}

// Check implements [event.Target].
func (s *Service) Check(_ context.Context, tx *store.Tx, to event.ARN, from event.Sender) error {
	_, err := s.admit(tx, to, from)
	return err
}

// admit finds the topic of an ARN, if the sender may publish to it.
func (s *Service) admit(tx *store.Tx, to event.ARN, from event.Sender) (*topic, error) {
	var t *topic
	if to.AccountID == s.cfg.Account && to.Region == s.cfg.Region {
		t = s.load(tx, to.Resource)
	}
	if t == nil {
		return nil, fmt.Errorf("topic %s: %w", to, event.ErrNotFound)
	}
	if t.fifo && from.Service == "s3.amazonaws.com" {
		return nil, fmt.Errorf("S3 sends to no FIFO topic: %s: %w", to, event.ErrDenied)
	}
	if identified[from.Service] && (from.Account == "" || from.Account == s.cfg.Account) {
		return t, nil
	}
	if !policy.Allows(t.policy, from.Service, "SNS:Publish", t.arn, conditionKeys(from)) {
		return nil, fmt.Errorf("%s may not publish to %s: %w", from.Service, to, event.ErrDenied)
	}
	return t, nil
}

func conditionKeys(from event.Sender) map[string]string {
	keys := map[string]string{}
	if from.ARN != "" {
		keys["aws:SourceArn"] = from.ARN
	}
	if from.Account != "" {
		keys["aws:SourceAccount"] = from.Account
		if owned[from.Service] {
			keys["aws:SourceOwner"] = from.Account
		}
	}
	return keys
}

// Accept implements [event.Target]: the event's body is published, with its
// subject, its attributes and, to a FIFO topic, its group. What no topic takes
// (too long, empty, without a group where there must be one) is denied.
//
// It signs the message inside the sender's transaction, which takes about a
// millisecond, if there are subscribers to whom the signature is shown.
func (s *Service) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	t, err := s.admit(tx, to, e.From)
	if err != nil {
		return err
	}
	text := string(e.Body)
	m := &message{
		id: event.NewID(), time: tx.Now(), text: text, content: text, subject: subjectOf(e.Subject), trace: e.Trace,
		attributes: e.Attributes, group: e.Group, dedup: e.Dedup, size: len(e.Body),
	}
	for name, a := range e.Attributes {
		m.size += len(name) + len(a.DataType) + len(a.String) + len(a.Binary)
	}
	if !t.fifo {
		m.dedup = ""
	}
	switch {
	case m.text == "":
		err = errInvalid("Empty message")
	case m.size > maxMessage:
		err = errInvalid("Message too long")
	case !utf8.ValidString(m.text):
		err = errInvalid("Message Reason: the message is not UTF-8")
	default:
		err = t.admits([]*message{m})
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w: %w", to, err, event.ErrDenied)
	}
	return s.accept(ctx, tx, t, m)
}

// subjectOf is the part of a subject that a message can have.
func subjectOf(subject string) string {
	subject = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, subject))
	if utf8.RuneCountInString(subject) <= maxSubject {
		return subject
	}
	return string([]rune(subject)[:maxSubject])
}
