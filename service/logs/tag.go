package logs

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/runnel/runnel/store"
)

// maxTags is how many tags a group may have.
const maxTags = 50

// TagResource implements the operation of that name.
func (s *Service) TagResource(ctx context.Context, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	return nil, s.tag(ctx, aws.String(groupOfARN(aws.ToString(in.ResourceArn))), in.Tags)
}

// TagLogGroup implements the operation of that name.
func (s *Service) TagLogGroup(ctx context.Context, in *cloudwatchlogs.TagLogGroupInput) (*cloudwatchlogs.TagLogGroupOutput, error) {
	return nil, s.tag(ctx, in.LogGroupName, in.Tags)
}

func (s *Service) tag(ctx context.Context, name *string, tags map[string]string) error {
	return s.updateGroup(ctx, name, func(_ *store.Tx, g *logGroup) error {
		if g.Tags == nil {
			g.Tags = make(map[string]string)
		}
		maps.Copy(g.Tags, tags)
		if len(g.Tags) > maxTags {
			return errTooManyTags()
		}
		return nil
	})
}

func errTooManyTags() error { return errParameter("A log group can have at most %d tags.", maxTags) }

// UntagResource implements the operation of that name.
func (s *Service) UntagResource(ctx context.Context, in *cloudwatchlogs.UntagResourceInput) (*cloudwatchlogs.UntagResourceOutput, error) {
	return nil, s.untag(ctx, aws.String(groupOfARN(aws.ToString(in.ResourceArn))), in.TagKeys)
}

// UntagLogGroup implements the operation of that name.
func (s *Service) UntagLogGroup(ctx context.Context, in *cloudwatchlogs.UntagLogGroupInput) (*cloudwatchlogs.UntagLogGroupOutput, error) {
	return nil, s.untag(ctx, in.LogGroupName, in.Tags)
}

func (s *Service) untag(ctx context.Context, name *string, keys []string) error {
	return s.updateGroup(ctx, name, func(_ *store.Tx, g *logGroup) error {
		for _, k := range keys {
			delete(g.Tags, k)
		}
		return nil
	})
}

// ListTagsForResource implements the operation of that name.
func (s *Service) ListTagsForResource(ctx context.Context, in *cloudwatchlogs.ListTagsForResourceInput) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	tags, err := s.tags(ctx, aws.String(groupOfARN(aws.ToString(in.ResourceArn))))
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: tags}, err
}

// ListTagsLogGroup implements the operation of that name.
func (s *Service) ListTagsLogGroup(ctx context.Context, in *cloudwatchlogs.ListTagsLogGroupInput) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	tags, err := s.tags(ctx, in.LogGroupName)
	return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: tags}, err
}

func (s *Service) tags(ctx context.Context, name *string) (map[string]string, error) {
	n, err := nameOf(name, nil)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	return tags, s.st.View(ctx, func(tx *store.Tx) error {
		g, err := loadGroup(tx, n)
		if err == nil {
			maps.Copy(tags, g.Tags)
		}
		return err
	})
}
