package iotmessages

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/functions/answer"
)

// GetMessages opens GET /message: the items of the table, a page at a time. It
// takes limit, the most items of the page, and next, from the page before.
func GetMessages(ctx context.Context) (any, error) { return openAPI(ctx, table.list) }

// GetMessage opens GET /message/{date}?time=: one item.
func GetMessage(ctx context.Context) (any, error) { return openAPI(ctx, table.get) }

// PostMessage opens POST /message: {"Item": {...}}, with or without the
// TableName, or the item itself. It answers 201 with the item. An item with the
// same date and time is replaced.
func PostMessage(ctx context.Context) (any, error) { return openAPI(ctx, table.create) }

// PutMessage opens PUT /message/{date}?time=: {"UpdateExpression": ...,
// "ExpressionAttributeValues": {...}, "ExpressionAttributeNames": {...}}, the
// values as plain JSON. It changes an item that exists and answers 204.
func PutMessage(ctx context.Context) (any, error) { return openAPI(ctx, table.change) }

// DeleteMessage opens DELETE /message/{date}?time=: it removes an item that
// exists and answers 204.
func DeleteMessage(ctx context.Context) (any, error) { return openAPI(ctx, table.remove) }

// How many items a page has.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// A page is a part of the table. Next, if there is more, is what to ask the next
// page with.
type page struct {
	Items []plainItem `json:"items"`
	Count int         `json:"count"`
	Next  string      `json:"next,omitempty"`
}

func (t table) list(ctx context.Context, r events.APIGatewayProxyRequest) (answer.Answer, error) {
	limit, err := readLimit(r.QueryStringParameters["limit"])
	if err != nil {
		return answer.Answer{}, err
	}
	in := &dynamodb.ScanInput{TableName: &t.name, Limit: aws.Int32(limit)}
	if next := r.QueryStringParameters["next"]; next != "" {
		after, err := readNext(next)
		if err != nil {
			return answer.Answer{}, err
		}
		in.ExclusiveStartKey = after.attributes()
	}
	out, err := t.db.Scan(ctx, in)
	if err != nil {
		return answer.Answer{}, err
	}
	p := page{Items: make([]plainItem, len(out.Items)), Count: len(out.Items)}
	for i := range out.Items {
		p.Items[i] = item(out.Items[i]).plain()
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, err := item(out.LastEvaluatedKey).key()
		if err != nil {
			return answer.Answer{}, fmt.Errorf("last key of a page: %v", err)
		}
		p.Next = writeNext(last)
	}
	return answer.Answer{Status: http.StatusOK, Body: p}, nil
}

func readLimit(s string) (int32, error) {
	if s == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, refusal(fmt.Sprintf("limit: %q is not a number from 1 to %d", abridge(s), maxLimit))
	}
	return int32(n), nil
}

// The token of the next page is the last key of this one.
func writeNext(k key) string {
	b, _ := json.Marshal(k) // two strings
	return base64.RawURLEncoding.EncodeToString(b)
}

func readNext(token string) (key, error) {
	var k key
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil {
		err = decodeStrict(b, &k)
	}
	if err != nil || k.check() != nil {
		return key{}, refusal("next is not a token that this API gave out")
	}
	return k, nil
}

func (t table) get(ctx context.Context, r events.APIGatewayProxyRequest) (answer.Answer, error) {
	k, err := keyOf(r)
	if err != nil {
		return answer.Answer{}, err
	}
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: k.attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return answer.Answer{}, err
	}
	if out.Item == nil {
		return notFound(k), nil
	}
	return answer.Answer{Status: http.StatusOK, Body: item(out.Item).plain()}, nil
}

func (t table) create(ctx context.Context, r events.APIGatewayProxyRequest) (answer.Answer, error) {
	body, err := bodyOf(r)
	if err != nil {
		return answer.Answer{}, err
	}
	i, err := t.readItem(body)
	if err != nil {
		return answer.Answer{}, err
	}
	if err := t.put(ctx, i); err != nil {
		return answer.Answer{}, err
	}
	return answer.Answer{Status: http.StatusCreated, Body: i.plain()}, nil
}

// readItem reads the body of a POST, an item or a request with an Item.
func (t table) readItem(body []byte) (item, error) {
	var plain plainItem
	if err := readBody(body, &plain); err != nil {
		return nil, err
	}
	if _, ok := plain["Item"].(map[string]any); ok {
		var wrapped struct {
			TableName string
			Item      plainItem
		}
		if err := readBody(body, &wrapped); err != nil {
			return nil, err
		}
		if wrapped.TableName != "" && wrapped.TableName != t.name {
			return nil, refusal(fmt.Sprintf("TableName is %q; this API is for %q, and TableName can be left out", abridge(wrapped.TableName), t.name))
		}
		plain = wrapped.Item
	}
	i, err := plain.item()
	if err != nil {
		return nil, err
	}
	if _, err := i.key(); err != nil {
		return nil, err
	}
	return i, nil
}

func (t table) change(ctx context.Context, r events.APIGatewayProxyRequest) (answer.Answer, error) {
	k, err := keyOf(r)
	if err != nil {
		return answer.Answer{}, err
	}
	body, err := bodyOf(r)
	if err != nil {
		return answer.Answer{}, err
	}
	update, err := t.readUpdate(body)
	if err != nil {
		return answer.Answer{}, err
	}
	err = t.update(ctx, k, update)
	if isMissing(err) {
		return notFound(k), nil
	}
	return answer.Answer{Status: http.StatusNoContent}, err
}

func (t table) readUpdate(body []byte) (request, error) {
	var in struct {
		TableName                 string
		UpdateExpression          string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues plainItem
	}
	if err := readBody(body, &in); err != nil {
		return request{}, err
	}
	switch {
	case in.UpdateExpression == "":
		return request{}, refusal(`UpdateExpression is missing, as in {"UpdateExpression": "SET remote_avg = :v", "ExpressionAttributeValues": {":v": 9.5}}`)
	case in.TableName != "" && in.TableName != t.name:
		return request{}, refusal(fmt.Sprintf("TableName is %q; this API is for %q, and TableName can be left out", abridge(in.TableName), t.name))
	}
	values, err := in.ExpressionAttributeValues.item()
	return request{
		UpdateExpression:          in.UpdateExpression,
		ExpressionAttributeNames:  in.ExpressionAttributeNames,
		ExpressionAttributeValues: values,
	}, err
}

func (t table) remove(ctx context.Context, r events.APIGatewayProxyRequest) (answer.Answer, error) {
	k, err := keyOf(r)
	if err != nil {
		return answer.Answer{}, err
	}
	err = t.delete(ctx, k, existingItem)
	if isMissing(err) {
		return notFound(k), nil
	}
	return answer.Answer{Status: http.StatusNoContent}, err
}

// keyOf is the key that a path /message/{date}?time= names.
func keyOf(r events.APIGatewayProxyRequest) (key, error) {
	k := key{Date: r.PathParameters["date"], Time: r.QueryStringParameters["time"]}
	if k.Time == "" {
		return k, refusal("time is missing; ask for /message/" + abridge(k.Date) + "?time=HH:MM:SS")
	}
	return k, k.check()
}

func bodyOf(r events.APIGatewayProxyRequest) ([]byte, error) {
	if !r.IsBase64Encoded {
		return []byte(r.Body), nil
	}
	b, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		return nil, refusal("the body is not base64")
	}
	return b, nil
}

// readBody reads a body that must be a JSON object.
func readBody(body []byte, v any) error {
	if start := bytes.TrimSpace(body); len(start) > 0 && start[0] != '{' {
		return refusal("the body is not a JSON object")
	}
	if err := decodeStrict(body, v); err != nil {
		return refusal("the body does not read as JSON: " + err.Error())
	}
	return nil
}
