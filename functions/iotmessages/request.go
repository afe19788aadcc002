package iotmessages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/aws/aws-lambda-go/events"
)

// A request is what a message asks of the table: the members of a DynamoDB
// PutItem, UpdateItem or DeleteItem request that the pipeline knows.
type request struct {
	Item                      item
	Key                       item
	UpdateExpression          string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues item
}

// readRequest reads the body of a message, a request for the named table.
func readRequest(body []byte, table string) (request, error) {
	var in struct {
		TableName                 string
		Item                      typedItem
		Key                       typedItem
		UpdateExpression          string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues typedItem
	}
	if err := decodeStrict(body, &in); err != nil {
		return request{}, refusal("the body is not a DynamoDB request: " + err.Error())
	}
	if in.TableName != "" && in.TableName != table {
		return request{}, refusal(fmt.Sprintf("TableName is %q; this queue is for %q", abridge(in.TableName), table))
	}
	r := request{UpdateExpression: in.UpdateExpression, ExpressionAttributeNames: in.ExpressionAttributeNames}
	for _, items := range []struct {
		name string
		from typedItem
		to   *item
	}{
		{"Item", in.Item, &r.Item},
		{"Key", in.Key, &r.Key},
		{"ExpressionAttributeValues", in.ExpressionAttributeValues, &r.ExpressionAttributeValues},
	} {
		var err error
		if *items.to, err = items.from.item(); err != nil {
			return request{}, refusal(items.name + ": " + err.Error())
		}
	}
	return r, nil
}

// A job is one message of the queue, read and checked.
type job struct {
	id     string // of the message
	method string // POST, PUT or DELETE
	key    key
	request
}

// readJob reads a message for the named table. A message that cannot be read is
// a refusal: it will never succeed, and belongs in the dead-letter queue.
func readJob(m events.SQSMessage, table string) (job, error) {
	j := job{id: m.MessageId}
	attribute, ok := m.MessageAttributes["Method"]
	if !ok || attribute.StringValue == nil {
		return j, refusal("the message attribute Method is missing; it is POST, PUT or DELETE")
	}
	j.method = *attribute.StringValue
	var err error
	if j.request, err = readRequest([]byte(m.Body), table); err != nil {
		return j, err
	}
	err = j.check()
	return j, err
}

// check finds the key of a job and what its method must have with it.
func (j *job) check() (err error) {
	update := j.UpdateExpression != "" || j.ExpressionAttributeNames != nil || j.ExpressionAttributeValues != nil
	switch j.method {
	case "POST":
		if j.Item == nil || j.Key != nil || update {
			return refusal("POST takes an Item and nothing else")
		}
		j.key, err = j.Item.key()
		return err
	case "PUT":
		if j.Key == nil || j.Item != nil || j.UpdateExpression == "" {
			return refusal("PUT takes a Key and an UpdateExpression")
		}
	case "DELETE":
		if j.Key == nil || j.Item != nil || update {
			return refusal("DELETE takes a Key and nothing else")
		}
	default:
		return refusal(fmt.Sprintf("the message attribute Method is %q; it is POST, PUT or DELETE", abridge(j.method)))
	}
	if len(j.Key) > 2 {
		return refusal("Key has more than date and time")
	}
	j.key, err = j.Key.key()
	return err
}

// decodeStrict reads one JSON value, with the names of v and no others, and
// keeps numbers as text.
func decodeStrict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		if err == io.EOF {
			return fmt.Errorf("it is empty")
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is more after its end")
	}
	return nil
}
