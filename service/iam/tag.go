package iam

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxTags = 50

func sortedKeys[V any](m map[string]V) []string {
	keys := slices.AppendSeq([]string{}, maps.Keys(m))
	slices.Sort(keys)
	return keys
}

func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

func tagList(m map[string]string) []types.Tag {
	tags := []types.Tag{}
	for _, k := range sortedKeys(m) {
		v := m[k]
		tags = append(tags, types.Tag{Key: &k, Value: &v})
	}
	return tags
}

// withTags is m with tags added.
func withTags(m map[string]string, tags []types.Tag) (map[string]string, error) {
	all := tagMap(tags)
	for k, v := range m {
		if _, replaced := all[k]; !replaced {
			all[k] = v
		}
	}
	if len(all) > maxTags {
		return nil, errLimit("The number of tags has reached the maximum limit.")
	}
	return all, nil
}
