package sns

import (
	"bytes"
	"context"
	"maps"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// topic is a topic's row, and what follows from it.
type topic struct {
	ID         uint64
	Name       string
	Attributes map[string]string // those that were set
	Tags       map[string]string `json:",omitempty"`
	Created    time.Time

	// Revision is another one after each change, those of the topic's
	// subscriptions included: what was read at a revision holds while it lasts.
	Revision uint64

	Confirmed, Pending, Deleted int // subscriptions

	raw      []byte // the row
	arn      string
	fifo     bool
	policy   *policy.Document
	delivery *delivery.TopicPolicy
	audience atomic.Pointer[[]*subscriber] // as of Revision, once it was needed
}

func topicSpace() store.Key             { return store.K("sns", "topic") }
func topicKey(name string) store.Key    { return store.K("sns", "topic", name) }
func topicNameOfKey(k store.Key) string { return k.Parts(topicSpace()).Str() }

// load returns the topic of a name, or nil. It must not be changed: see edit.
func (s *Service) load(tx *store.Tx, name string) *topic {
	raw, ok := tx.Get(topicKey(name))
	if !ok {
		return nil
	}
	if t, ok := s.topics.Load(name); ok && bytes.Equal(t.(*topic).raw, raw) {
		return t.(*topic)
	}
	t := &topic{raw: raw}
	if !tx.GetJSON(topicKey(name), t) {
		return nil
	}
	t.derive(s)
	s.topics.Store(t.Name, t)
	return t
}

// derive reads the attributes, all of which were checked when they were set.
func (t *topic) derive(s *Service) {
	t.arn = s.topicARN(t.Name)
	t.fifo = isFIFO(t.Name)
	t.policy, _ = policy.Parse(t.policyText(s))
	t.delivery, _ = delivery.ParseTopicPolicy(t.Attributes[attrDeliveryPolicy])
}

// edit is a copy of t that may be changed and saved.
func (t *topic) edit() *topic {
	return &topic{
		ID: t.ID, Name: t.Name, Attributes: maps.Clone(t.Attributes), Tags: maps.Clone(t.Tags), Created: t.Created,
		Revision: t.Revision, Confirmed: t.Confirmed, Pending: t.Pending, Deleted: t.Deleted,
		arn: t.arn, fifo: t.fifo, delivery: t.delivery,
	}
}

func (t *topic) save(tx *store.Tx) {
	t.Revision = tx.NextID()
	tx.PutJSON(topicKey(t.Name), t)
}

// updateTopic runs fn over a copy of the topic behind an ARN, in a transaction.
func (s *Service) updateTopic(ctx context.Context, arn *string, fn func(tx *store.Tx, t *topic) error) error {
	name, err := s.topicName(arn)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return errNoTopic()
		}
		return fn(tx, t.edit())
	})
}

// viewTopic runs fn over the topic behind an ARN.
func (s *Service) viewTopic(ctx context.Context, arn *string, fn func(tx *store.Tx, t *topic) error) error {
	name, err := s.topicName(arn)
	if err != nil {
		return err
	}
	return s.store.View(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return errNoTopic()
		}
		return fn(tx, t)
	})
}

// CreateTopic makes a topic, or finds the one that is as it is asked for.
func (s *Service) CreateTopic(ctx context.Context, in *api.CreateTopicInput) (*api.CreateTopicOutput, error) {
	name := aws.ToString(in.Name)
	attributes, err := newTopicAttributes(name, in.Attributes)
	if err != nil {
		return nil, err
	}
	tags, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.DataProtectionPolicy) != "" {
		return nil, errInvalid("DataProtectionPolicy Reason: data protection policies are not supported")
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if t := s.load(tx, name); t != nil {
			return t.sameAs(s, attributes, tags)
		}
		t := &topic{ID: tx.NextID(), Name: name, Attributes: attributes, Tags: tags, Created: tx.Now()}
		t.save(tx)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateTopicOutput{TopicArn: aws.String(s.topicARN(name))}, nil
}

// newTopicAttributes checks what a topic is to be made with.
func newTopicAttributes(name string, in map[string]string) (map[string]string, error) {
	if !validTopicName(name) {
		return nil, errInvalid("Topic Name")
	}
	fifo := in[attrFifoTopic]
	if fifo != "" && fifo != "true" && fifo != "false" {
		return nil, errInvalid("Attributes Reason: FifoTopic: Invalid value [%s]. Must be true or false.", fifo)
	}
	if isFIFO(name) != (fifo == "true") {
		return nil, errInvalid("Topic Name")
	}
	out := map[string]string{}
	for _, attribute := range sortedKeys(in) {
		if attribute == attrFifoTopic {
			continue // the name says it
		}
		if err := checkTopicAttribute(name, attribute, in[attribute]); err != nil {
			return nil, among(attribute, err)
		}
		out[attribute] = normal(attribute, in[attribute])
	}
	return out, nil
}

// sameAs reports how t is not as asked for. What was not asked for does not
// matter.
func (t *topic) sameAs(s *Service, attributes, tags map[string]string) error {
	for name, value := range attributes {
		if !sameValue(name, t.attribute(s, name), value) {
			return errInvalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	for key, value := range tags {
		if have, ok := t.Tags[key]; !ok || have != value {
			return errInvalid("Tags Reason: Topic already exists with different tags")
		}
	}
	return nil
}

// DeleteTopic removes a topic and its subscriptions. One that does not exist
// is removed already.
func (s *Service) DeleteTopic(ctx context.Context, in *api.DeleteTopicInput) (*api.DeleteTopicOutput, error) {
	name, err := s.topicName(in.TopicArn)
	if err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return nil
		}
		for _, sub := range s.subscriptionsOf(tx, name) {
			s.forget(tx, sub)
		}
		s.clearDuplicates(tx, t)
		tx.Delete(topicKey(name))
		tx.OnCommit(func() { s.topics.CompareAndDelete(name, t) })
		return nil
	})
}

// ListTopics lists topics by name.
func (s *Service) ListTopics(ctx context.Context, in *api.ListTopicsInput) (*api.ListTopicsOutput, error) {
	keys, err := pageOf(topicSpace(), in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListTopicsOutput{Topics: []types.Topic{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		var last store.Key
		for k := range tx.Scan(keys) {
			if len(out.Topics) == pageSize {
				out.NextToken = nextToken(last)
				break
			}
			last = k.Clone()
			out.Topics = append(out.Topics, types.Topic{TopicArn: aws.String(s.topicARN(topicNameOfKey(k)))})
		}
		return nil
	})
}
