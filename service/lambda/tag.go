package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

const maxTags = 50

// checkTags holds tags to AWS's rules:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fault.Invalid("Number of tags exceeds resource tag limit.")
	}
	for k, v := range tags {
		switch {
		case k == "" || len([]rune(k)) > 128:
			return fault.Invalid("Tag key %q must have 1 to 128 characters.", k)
		case len([]rune(v)) > 256:
			return fault.Invalid("The value of tag %q must have at most 256 characters.", k)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fault.Invalid("Tag key %q: the prefix aws: is reserved.", k)
		}
	}
	return nil
}

// tagged calls change with the tags of a function or of an event source
// mapping, and writes what it leaves.
func (s *Service) tagged(tx *store.Tx, resource string, change func(tags map[string]string) error) error {
	a, err := arn.Parse(resource)
	if err != nil {
		var v fault.Constraints
		v.Fail("resource", resource, fault.MustMatch, `arn:(aws[a-zA-Z-]*):lambda:.*`)
		return v.Err()
	}
	if uuid, ok := strings.CutPrefix(a.Resource, "event-source-mapping:"); ok && a.Service == "lambda" {
		m, err := getMapping(tx, uuid)
		if err != nil {
			return err
		}
		m.Tags = orEmpty(m.Tags)
		return s.tag(tx, mappingKey(uuid), m.Tags, change, &m)
	}
	r, ok := refOf(a)
	if !ok || r.Qualifier != "" {
		return fault.Invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	f, err := s.getFunction(tx, r.Name)
	if err != nil {
		return err
	}
	f.Tags = orEmpty(f.Tags)
	return s.tag(tx, functionKey(r.Name), f.Tags, change, &f)
}

func orEmpty(tags map[string]string) map[string]string {
	if tags == nil {
		return make(map[string]string)
	}
	return tags
}

// tag changes the tags of row and writes it, if it was changed.
func (s *Service) tag(tx *store.Tx, k store.Key, tags map[string]string, change func(map[string]string) error, row any) error {
	before := maps.Clone(tags)
	if err := change(tags); err != nil {
		return err
	}
	if !maps.Equal(before, tags) {
		tx.PutJSON(k, row)
	}
	return nil
}

// TagResource adds tags.
func (s *Service) TagResource(ctx context.Context, in *lambda.TagResourceInput) (*lambda.TagResourceOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		return s.tagged(tx, aws.ToString(in.Resource), func(tags map[string]string) error {
			maps.Copy(tags, in.Tags)
			return checkTags(tags)
		})
	})
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *lambda.UntagResourceInput) (*lambda.UntagResourceOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		return s.tagged(tx, aws.ToString(in.Resource), func(tags map[string]string) error {
			for _, k := range in.TagKeys {
				delete(tags, k)
			}
			return nil
		})
	})
}

// ListTags returns a resource's tags.
func (s *Service) ListTags(ctx context.Context, in *lambda.ListTagsInput) (*lambda.ListTagsOutput, error) {
	out := &lambda.ListTagsOutput{}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		return s.tagged(tx, aws.ToString(in.Resource), func(tags map[string]string) error {
			out.Tags = tags
			return nil
		})
	})
}
