package cloudwatch

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// tagged finds the alarm of an ARN, which is all that has tags here.
func (s *Service) tagged(tx *store.Tx, resource string) (*alarm.Alarm, error) {
	if name := s.alarmName(resource); name != resource {
		if a := getAlarm(tx, name); a != nil {
			return a, nil
		}
	}
	return nil, &types.ResourceNotFoundException{
		ResourceType: aws.String("alarm"), ResourceId: aws.String(resource),
		Message: aws.String("The specified resource does not exist: " + resource),
	}
}

// TagResource adds tags to an alarm, in place of those with the same keys.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	f := faults{code: codeValue}
	f.text(in.ResourceARN, "ResourceARN", 1, maxActionLength)
	if in.Tags == nil {
		f.required("Tags")
	}
	tags := f.tags(in.Tags)
	if err := f.err(); err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.tagged(tx, *in.ResourceARN)
		if err != nil {
			return err
		}
		if a.Tags == nil {
			a.Tags = make(map[string]string)
		}
		maps.Copy(a.Tags, tags)
		if len(a.Tags) > maxTags {
			f.size("Tags", len(a.Tags), maxTags)
			return f.err()
		}
		putAlarm(tx, a)
		return nil
	})
}

// UntagResource removes tags from an alarm.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	f := faults{code: codeValue}
	f.text(in.ResourceARN, "ResourceARN", 1, maxActionLength)
	if in.TagKeys == nil {
		f.required("TagKeys")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.tagged(tx, *in.ResourceARN)
		if err != nil {
			return err
		}
		for _, key := range in.TagKeys {
			delete(a.Tags, key)
		}
		putAlarm(tx, a)
		return nil
	})
}

// ListTagsForResource returns the tags of an alarm, by their keys.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	f := faults{code: codeValue}
	f.text(in.ResourceARN, "ResourceARN", 1, maxActionLength)
	if err := f.err(); err != nil {
		return nil, err
	}
	out := &api.ListTagsForResourceOutput{Tags: []types.Tag{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		a, err := s.tagged(tx, *in.ResourceARN)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String(a.Tags[key])})
		}
		return nil
	})
}
