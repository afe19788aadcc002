package sqs

import (
	"context"
	"maps"
	"slices"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/store"
)

// Limits of tags
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return errInvalid("Too many tags for resource")
	}
	for key, value := range tags {
		switch n := len([]rune(key)); {
		case n == 0 || n > maxTagKey:
			return errInvalid("Tag keys must be between 1 and %d characters in length.", maxTagKey)
		case len([]rune(value)) > maxTagValue:
			return errInvalid("Tag values must be between 0 and %d characters in length.", maxTagValue)
		}
	}
	return nil
}

// TagQueue adds tags to a queue, in place of those with the same keys.
func (s *Service) TagQueue(ctx context.Context, in *api.TagQueueInput) (*api.TagQueueOutput, error) {
	if len(in.Tags) == 0 {
		return nil, errMissing("Tags")
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		q = q.edit()
		if q.Tags == nil {
			q.Tags = map[string]string{}
		}
		maps.Copy(q.Tags, in.Tags)
		if err := checkTags(q.Tags); err != nil {
			return err
		}
		q.save(tx)
		return nil
	})
}

// UntagQueue removes tags from a queue.
func (s *Service) UntagQueue(ctx context.Context, in *api.UntagQueueInput) (*api.UntagQueueOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, errMissing("TagKeys")
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		q = q.edit()
		for _, key := range in.TagKeys {
			delete(q.Tags, key)
		}
		q.save(tx)
		return nil
	})
}

// ListQueueTags returns the tags of a queue.
func (s *Service) ListQueueTags(ctx context.Context, in *api.ListQueueTagsInput) (*api.ListQueueTagsOutput, error) {
	out := &api.ListQueueTagsOutput{}
	return out, s.view(ctx, in.QueueUrl, func(_ *store.Tx, q *queue) error {
		if len(q.Tags) > 0 {
			out.Tags = q.Tags
		}
		return nil
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
