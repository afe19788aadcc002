package iotmessages

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/functions/backoff"
)

const (
	// writeBatch is the most items of one BatchWriteItem (DynamoDB API reference).
	writeBatch = 25
	// writeAttempts is how often items that the table leaves unprocessed are
	// written before their messages fail.
	writeAttempts = 6
)

var errUnprocessed = errors.New("the table left the item unprocessed")

// putAll writes items, as many at once as there may be, and tells fail of the
// messages whose items were not written.
func (t table) putAll(ctx context.Context, puts []put, fail func(error, ...string)) {
	for chunk := range slices.Chunk(puts, writeBatch) {
		left, err := t.putBatch(ctx, chunk)
		switch {
		case err == nil:
		case isInvalid(err) && len(left) > 1:
			// One bad item fails the request for all; alone it fails alone.
			for _, p := range left {
				if err := t.put(ctx, p.item); err != nil {
					fail(err, p.ids...)
				}
			}
		default:
			for _, p := range left {
				fail(err, p.ids...)
			}
		}
	}
}

// putBatch writes up to writeBatch items and returns those that are left when it
// gives up, with the reason.
func (t table) putBatch(ctx context.Context, puts []put) (left []put, err error) {
	for attempt := 1; ; attempt++ {
		out, err := t.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{t.name: writes(puts)},
		})
		if err != nil {
			return puts, err
		}
		puts = unprocessed(puts, out.UnprocessedItems[t.name])
		switch {
		case len(puts) == 0:
			return nil, nil
		case attempt == writeAttempts:
			return puts, errUnprocessed
		}
		if err := backoff.Pause(ctx, attempt); err != nil {
			return puts, err
		}
	}
}

func writes(puts []put) []types.WriteRequest {
	out := make([]types.WriteRequest, len(puts))
	for i, p := range puts {
		out[i].PutRequest = &types.PutRequest{Item: p.item}
	}
	return out
}

// unprocessed finds the puts that a table gave back.
func unprocessed(puts []put, back []types.WriteRequest) []put {
	var left []put
	for _, w := range back {
		if w.PutRequest == nil {
			continue
		}
		k, _ := item(w.PutRequest.Item).key()
		if i := slices.IndexFunc(puts, func(p put) bool { return p.key == k }); i >= 0 {
			left = append(left, puts[i])
		}
	}
	return left
}

func (t table) put(ctx context.Context, i item) error {
	_, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: i})
	return err
}

// keyName stands for the attribute date, a reserved word, in the condition that
// an item exists. Its own prefix keeps it apart from the names of a request.
const keyName = "#iot_messages_key"

var itemExists = aws.String("attribute_exists(" + keyName + ")")

// update changes an item that exists. If there is none, the error is a
// *types.ConditionalCheckFailedException.
func (t table) update(ctx context.Context, k key, r request) error {
	names := map[string]string{keyName: "date"}
	for name, attribute := range r.ExpressionAttributeNames {
		if name == keyName {
			return refusal("the name " + keyName + " is taken")
		}
		names[name] = attribute
	}
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: k.attributes(),
		UpdateExpression: &r.UpdateExpression, ConditionExpression: itemExists,
		ExpressionAttributeNames: names, ExpressionAttributeValues: r.ExpressionAttributeValues,
	})
	return err
}

// Which items delete takes.
const (
	anyItem      = false // also one that is not there, so that twice is as once
	existingItem = true
)

// delete removes an item. If it must exist and does not, the error is a
// *types.ConditionalCheckFailedException.
func (t table) delete(ctx context.Context, k key, mustExist bool) error {
	in := &dynamodb.DeleteItemInput{TableName: &t.name, Key: k.attributes()}
	if mustExist {
		in.ConditionExpression = itemExists
		in.ExpressionAttributeNames = map[string]string{keyName: "date"}
	}
	_, err := t.db.DeleteItem(ctx, in)
	return err
}

// isInvalid says that the request itself is at fault, and will be next time.
func isInvalid(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == "ValidationException"
}

func isMissing(err error) bool {
	var e *types.ConditionalCheckFailedException
	return errors.As(err, &e)
}
