// Package tag is the tags of objects and buckets: their limits and their forms.
package tag

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
)

// Tag is as rows hold it.
type Tag struct{ Key, Value string }

// Limits of tags (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html).
const (
	MaxObject = 10
	MaxBucket = 50
	MaxKey    = 128 // characters
	MaxValue  = 256
)

// Parse reads the x-amz-tagging header: URL query parameters.
func Parse(header string) ([]Tag, error) {
	if header == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(header)
	bad := fault.InvalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", header)
	if err != nil || !utf8.ValidString(header) {
		return nil, bad
	}
	var set []types.Tag
	for k, v := range values {
		if len(v) != 1 {
			return nil, bad
		}
		set = append(set, types.Tag{Key: &k, Value: &v[0]})
	}
	slices.SortFunc(set, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return Of(set, MaxObject)
}

// Of checks a set of tags.
func Of(set []types.Tag, limit int) ([]Tag, error) {
	if len(set) > limit {
		what := "Object tags cannot be greater than 10"
		if limit == MaxBucket {
			what = "Bucket tag count cannot be greater than 50"
		}
		return nil, fault.New("BadRequest", what)
	}
	seen := make(map[string]bool, len(set))
	tags := make([]Tag, 0, len(set))
	for _, t := range set {
		k, v := aws.ToString(t.Key), aws.ToString(t.Value)
		switch {
		case t.Key == nil || t.Value == nil:
			return nil, fault.MalformedXML()
		case !valid(k, 1, MaxKey) || strings.HasPrefix(strings.ToLower(k), "aws:"):
			return nil, fault.New("InvalidTag", "The TagKey you have provided is invalid", "TagKey", k)
		case !valid(v, 0, MaxValue):
			return nil, fault.New("InvalidTag", "The TagValue you have provided is invalid", "TagKey", k, "TagValue", v)
		case seen[k]:
			return nil, fault.New("InvalidTag", "Cannot provide multiple Tags with the same key", "TagKey", k)
		}
		seen[k] = true
		tags = append(tags, Tag{k, v})
	}
	return tags, nil
}

func valid(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	if n < least || n > most || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func Set(tags []Tag) []types.Tag {
	set := make([]types.Tag, len(tags))
	for i := range tags {
		set[i] = types.Tag{Key: &tags[i].Key, Value: &tags[i].Value}
	}
	return set
}
