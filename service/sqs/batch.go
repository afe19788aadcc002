package sqs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maxBatch is how many entries a batch may have.
const maxBatch = 10

// checkBatch checks the ids of a batch's entries; kind is the entries' type.
func checkBatch(kind string, ids []*string) error {
	switch n := len(ids); {
	case n == 0:
		return &types.EmptyBatchRequest{Message: aws.String("There should be at least one " + kind + " in the request.")}
	case n > maxBatch:
		return &types.TooManyEntriesInBatchRequest{Message: aws.String(fmt.Sprintf(
			"Maximum number of entries per request are %d. You have sent %d.", maxBatch, n))}
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if id == nil {
			return errMissing(kind + ".Id")
		}
		if !validID(*id) {
			return &types.InvalidBatchEntryId{Message: aws.String(
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")}
		}
		if seen[*id] {
			return &types.BatchEntryIdsNotDistinct{Message: aws.String("Id " + *id + " repeated.")}
		}
		seen[*id] = true
	}
	return nil
}

// idsOf collects the ids of entries.
func idsOf[E any](entries []E, id func(*E) *string) []*string {
	out := make([]*string, len(entries))
	for i := range entries {
		out[i] = id(&entries[i])
	}
	return out
}
