package sns

import (
	"bytes"
	"context"
	"errors"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// maxBatch is how many messages a batch may have.
const maxBatch = 10

// Publish sends a message to a topic's subscribers.
func (s *Service) Publish(ctx context.Context, in *api.PublishInput) (*api.PublishOutput, error) {
	name, err := s.publishTo(in)
	if err != nil {
		return nil, err
	}
	m, err := newMessage(&types.PublishBatchRequestEntry{
		Message: in.Message, MessageAttributes: in.MessageAttributes, MessageStructure: in.MessageStructure,
		MessageDeduplicationId: in.MessageDeduplicationId, MessageGroupId: in.MessageGroupId, Subject: in.Subject,
	}, 0)
	if err != nil {
		return nil, err
	}
	if m.size > maxMessage {
		return nil, errInvalid("Message too long")
	}
	m.trace = wire.RequestOf(ctx).Trace
	if err := s.publish(ctx, name, []*message{m}); err != nil {
		return nil, err
	}
	return &api.PublishOutput{MessageId: &m.id, SequenceNumber: m.sequenceNumber()}, nil
}

func (m *message) sequenceNumber() *string {
	if m.sequence == "" {
		return nil
	}
	return &m.sequence
}

var phoneNumber = regexp.MustCompile(`^\+[0-9]{1,15}$`)

// publishTo is the name of the topic that a message is for. TargetArn can name
// a topic too.
func (s *Service) publishTo(in *api.PublishInput) (string, error) {
	switch {
	case in.PhoneNumber != nil && !phoneNumber.MatchString(*in.PhoneNumber):
		return "", errInvalid("PhoneNumber Reason: %s is not valid to publish to", *in.PhoneNumber)
	case in.PhoneNumber != nil:
		return "", errInvalid("PhoneNumber Reason: text messages are not supported: publish to a topic")
	case in.TopicArn != nil && in.TargetArn != nil:
		return "", errInvalid("TopicArn or TargetArn Reason: only one of them can be given")
	case in.TopicArn != nil:
		return s.topicName(in.TopicArn)
	case in.TargetArn == nil:
		return "", errMissing("TopicArn or TargetArn")
	}
	parts, err := elements("TargetArn", *in.TargetArn)
	if err != nil {
		return "", err
	}
	if parts[2] != "sns" || len(parts) != 6 || !validTopicName(parts[5]) {
		return "", errInvalid("TargetArn Reason: No endpoint found for the target arn specified")
	}
	return s.topicNameOf("TargetArn", in.TargetArn)
}

// PublishBatch sends up to ten messages in one transaction. As in AWS, an entry
// that breaks a rule fails the request: none of them is sent.
func (s *Service) PublishBatch(ctx context.Context, in *api.PublishBatchInput) (*api.PublishBatchOutput, error) {
	name, err := s.topicName(in.TopicArn)
	if err != nil {
		return nil, err
	}
	entries := in.PublishBatchRequestEntries
	if err := checkBatch(entries); err != nil {
		return nil, err
	}
	batch, total := make([]*message, len(entries)), 0
	for i := range entries {
		if batch[i], err = newMessage(&entries[i], i+1); err != nil {
			return nil, err
		}
		batch[i].trace = wire.RequestOf(ctx).Trace
		total += batch[i].size
	}
	if total > maxMessage {
		return nil, &types.BatchRequestTooLongException{Message: aws.String("The length of all the messages put together is more than the limit.")}
	}
	if err := s.publish(ctx, name, batch); err != nil {
		return nil, err
	}
	out := &api.PublishBatchOutput{Failed: []types.BatchResultErrorEntry{}}
	for i, m := range batch {
		out.Successful = append(out.Successful, types.PublishBatchResultEntry{
			Id: entries[i].Id, MessageId: &m.id, SequenceNumber: m.sequenceNumber(),
		})
	}
	return out, nil
}

func checkBatch(entries []types.PublishBatchRequestEntry) error {
	switch n := len(entries); {
	case n == 0:
		return &types.EmptyBatchRequestException{Message: aws.String("The batch request doesn't contain any entries.")}
	case n > maxBatch:
		return &types.TooManyEntriesInBatchRequestException{Message: aws.String("The batch request contains more entries than permissible.")}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		id := aws.ToString(e.Id)
		if id == "" || len(id) > 80 || !all(id, isNameByte) {
			return &types.InvalidBatchEntryIdException{Message: aws.String("The Id of a batch entry in a batch request doesn't abide by the specification.")}
		}
		if seen[id] {
			return &types.BatchEntryIdsNotDistinctException{Message: aws.String("Two or more batch entries in the request have the same Id.")}
		}
		seen[id] = true
	}
	return nil
}

// errStale says that a topic is not as it was when the work was prepared.
var errStale = errors.New("topic has changed")

// maxPrepared is how often publish prepares its work anew, when others keep
// changing the topic, before it does it in the transaction.
const maxPrepared = 3

// publish sends messages in one transaction. What takes time (filters,
// signatures, envelopes) is done before it, on what the topic was like last; the
// transaction begins by asking whether it still is.
func (s *Service) publish(ctx context.Context, name string, batch []*message) error {
	now := s.store.Clock().Now()
	for _, m := range batch {
		m.time = now
	}
	for n := 0; ; n++ {
		t, audience, err := s.prepare(ctx, name)
		if err == nil && len(audience) > 0 {
			err = s.signer.Ready(ctx)
		}
		if err != nil {
			return err
		}
		if t.fifo || n == maxPrepared {
			return s.publishNow(ctx, name, batch)
		}
		if err := t.admits(batch); err != nil {
			return err
		}
		addressed := make([]*mail, len(batch))
		for i, m := range batch {
			if addressed[i], err = s.address(t, audience, m); err != nil {
				return err
			}
		}
		err = s.store.Update(ctx, func(tx *store.Tx) error { return s.sendIf(ctx, tx, t, addressed) })
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

// sendIf sends mail if the topic is still as it was when the mail was addressed.
func (s *Service) sendIf(ctx context.Context, tx *store.Tx, t *topic, addressed []*mail) error {
	switch now := s.load(tx, t.Name); {
	case now == nil:
		return errNoTopic()
	case !bytes.Equal(now.raw, t.raw):
		return errStale
	}
	for _, l := range addressed {
		if err := s.send(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}

// publishNow does all in the transaction. FIFO topics need it: what a message
// says of its place in the order is decided there. They are not signed.
func (s *Service) publishNow(ctx context.Context, name string, batch []*message) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return errNoTopic()
		}
		if err := t.admits(batch); err != nil {
			return err
		}
		for _, m := range batch {
			if err := s.accept(ctx, tx, t, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// accept sends one message inside a transaction.
func (s *Service) accept(ctx context.Context, tx *store.Tx, t *topic, m *message) error {
	if t.fifo && s.duplicate(tx, t, m) {
		s.countPublished(tx, t, m)
		return nil
	}
	l, err := s.address(t, s.audience(tx, t), m)
	if err != nil {
		return err
	}
	return s.send(ctx, tx, l)
}

// admits reports which message a topic cannot take, because of its type.
func (t *topic) admits(batch []*message) error {
	for _, m := range batch {
		switch {
		case !t.fifo && m.dedup != "":
			return errInvalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
		case t.fifo && m.group == "":
			return errInvalid("The MessageGroupId parameter is required for FIFO topics")
		case t.fifo && m.dedup == "" && t.Attributes[attrContentBased] != "true":
			return errInvalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
	}
	return nil
}
