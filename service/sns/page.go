package sns

import (
	"bytes"
	"encoding/base64"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/store"
)

// pageSize is how many topics or subscriptions a list has at most.
const pageSize = 100

// nextToken is the token of a list that goes on after a key.
func nextToken(last store.Key) *string {
	return aws.String(base64.StdEncoding.EncodeToString(last))
}

// pageOf is the keys of a space that a list has yet to show.
func pageOf(space store.Key, token *string) (store.Range, error) {
	keys := store.Prefix(space)
	if aws.ToString(token) == "" {
		return keys, nil
	}
	after, err := base64.StdEncoding.DecodeString(*token)
	if err != nil || !bytes.HasPrefix(after, space) {
		return keys, errInvalid("NextToken")
	}
	return keys.After(after), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
