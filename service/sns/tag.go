package sns

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/store"
)

// Limits of tags (https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func readTags(list []types.Tag) (map[string]string, error) {
	out := map[string]string{}
	for _, tag := range list {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		if _, twice := out[key]; twice {
			return nil, errInvalid("Duplicated keys are not allowed.")
		}
		switch n := len([]rune(key)); {
		case n == 0 || n > maxTagKey:
			return nil, errInvalid("Tags Reason: tag keys must be between 1 and %d characters in length", maxTagKey)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, errInvalid("Tags Reason: tag keys cannot begin with aws:")
		case len([]rune(value)) > maxTagValue:
			return nil, errInvalid("Tags Reason: tag values must be between 0 and %d characters in length", maxTagValue)
		}
		out[strings.Clone(key)] = strings.Clone(value)
	}
	return out, checkTagCount(out)
}

func checkTagCount(tags map[string]string) error {
	if len(tags) > maxTags {
		return &types.TagLimitExceededException{Message: aws.String("Could not complete request: tag quota of per resource exceeded")}
	}
	return nil
}

// resource is the name of the topic that tags belong to.
func (s *Service) resource(arn *string) (string, error) {
	return s.topicNameOf("ResourceArn", arn)
}

// retag changes the tags of a topic.
func (s *Service) retag(ctx context.Context, arn *string, fn func(tags map[string]string) error) error {
	name, err := s.resource(arn)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return errNoResource()
		}
		t = t.edit()
		if t.Tags == nil {
			t.Tags = map[string]string{}
		}
		if err := fn(t.Tags); err != nil {
			return err
		}
		t.save(tx)
		return nil
	})
}

// TagResource adds tags to a topic, in place of those with the same keys.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	add, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		maps.Copy(tags, add)
		return checkTagCount(tags)
	})
}

// UntagResource removes tags from a topic.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return nil, s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return nil
	})
}

// ListTagsForResource returns the tags of a topic.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	name, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListTagsForResourceOutput{Tags: []types.Tag{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		t := s.load(tx, name)
		if t == nil {
			return errNoResource()
		}
		for _, key := range sortedKeys(t.Tags) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String(t.Tags[key])})
		}
		return nil
	})
}
