package dynamodb

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
)

// checkTags returns the tags of a request by their keys.
func checkTags(list []types.Tag) (map[string]string, error) {
	tags := make(map[string]string, len(list))
	for _, t := range list {
		key := aws.ToString(t.Key)
		switch {
		case t.Key == nil || t.Value == nil || key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(*t.Value) > 256:
			return nil, invalidParameter("Tag keys have 1 to 128 characters, and values up to 256")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, invalidParameter("Tag keys must not begin with aws:")
		}
		if _, twice := tags[key]; twice {
			return nil, invalidParameter("Duplicate tag key: %s", key)
		}
		tags[key] = *t.Value
	}
	if len(tags) > maxTagsOfResource {
		return nil, invalidParameter("A resource has at most %d tags", maxTagsOfResource)
	}
	return tags, nil
}

// tagged runs f on the tags of the table that arn names.
func (s *Service) tagged(tx *store.Tx, arn *string, f func(tags map[string]string) error) error {
	if arn == nil {
		return invalid("Invalid TableArn")
	}
	_, name, ok := strings.Cut(*arn, ":table/")
	if !ok || !strings.HasPrefix(*arn, "arn:") {
		return invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", *arn)
	}
	if s.load(tx, name) == nil || *arn != s.arn(name) {
		return &types.ResourceNotFoundException{Message: aws.String("Requested resource not found: ResourcArn: " + *arn + " not found")}
	}
	tags := make(map[string]string)
	tx.GetJSON(tagsKey(name), &tags)
	return f(tags)
}

func (s *Service) retag(ctx context.Context, arn *string, f func(tags map[string]string) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return s.tagged(tx, arn, func(tags map[string]string) error {
			if err := f(tags); err != nil {
				return err
			}
			tx.PutJSON(tagsKey(tableName(arn)), tags)
			return nil
		})
	})
}

// TagResource adds tags to a table, or changes their values.
func (s *Service) TagResource(ctx context.Context, in *dynamodb.TagResourceInput) (*dynamodb.TagResourceOutput, error) {
	add, err := checkTags(in.Tags)
	if err == nil && len(add) == 0 {
		err = invalid("Atleast one Tag needs to be provided as Input.")
	}
	if err != nil {
		return nil, err
	}
	return &dynamodb.TagResourceOutput{}, s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		for key, value := range add {
			tags[key] = value
		}
		if len(tags) > maxTagsOfResource {
			return invalidParameter("A resource has at most %d tags", maxTagsOfResource)
		}
		return nil
	})
}

// UntagResource takes tags off a table.
func (s *Service) UntagResource(ctx context.Context, in *dynamodb.UntagResourceInput) (*dynamodb.UntagResourceOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, invalid("Atleast one Tag Key needs to be provided as Input.")
	}
	return &dynamodb.UntagResourceOutput{}, s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return nil
	})
}

// ListTagsOfResource lists the tags of a table, all at once.
func (s *Service) ListTagsOfResource(ctx context.Context, in *dynamodb.ListTagsOfResourceInput) (*dynamodb.ListTagsOfResourceOutput, error) {
	out := &dynamodb.ListTagsOfResourceOutput{Tags: []types.Tag{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		return s.tagged(tx, in.ResourceArn, func(tags map[string]string) error {
			for _, key := range sortedNames(tags) {
				out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
			}
			return nil
		})
	})
}
