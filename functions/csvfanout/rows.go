package csvfanout

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/transform/csv"
)

// rows sends a message for each row: an object of its fields. The attributes say
// where it is from: Bucket, Key, Version and Line.
//
// A row whose message would be too large is sent in several, each with some of
// the fields, and with the attributes Part and Parts.
type rows struct {
	*queue.Sender
	names
	from  map[string]types.MessageAttributeValue
	extra int // messages that are not the first of their row
}

func (d destination) rows(ctx context.Context, from csvfile.Source, bad func(csvfile.BadRow) error) (csvfile.Sink, error) {
	n, err := namesOf(from.Columns)
	if err != nil {
		return nil, err
	}
	return &rows{Sender: d.sender(ctx, bad), names: n, from: attributes(from)}, nil
}

func attributes(from csvfile.Source) map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{"Bucket": text(from.Bucket), "Key": text(from.Key), "Version": text(from.Version)}
}

func text(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func number(n int) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(strconv.Itoa(n))}
}

// Row implements [csvfile.Sink].
func (r *rows) Row(row csv.Row) error {
	body, err := r.object(nil, row)
	if err != nil {
		return err
	}
	m := r.message(row, string(body))
	if m.Size() <= queue.MaxMessage {
		return r.Send(m)
	}
	bodies, err := r.split(row)
	if err != nil {
		return err
	}
	r.extra += len(bodies) - 1
	for i, body := range bodies {
		m := r.message(row, body)
		m.Attributes["Part"], m.Attributes["Parts"] = number(i+1), number(len(bodies))
		if err := r.Send(m); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) message(row csv.Row, body string) queue.Message {
	m := queue.Message{Body: body, Line: row.Line, Row: row.Text, Attributes: map[string]types.MessageAttributeValue{"Line": number(row.Line)}}
	for name, value := range r.from {
		m.Attributes[name] = value
	}
	return m
}

// beside is more than a message has beside its body: its attributes, whose
// longest is the key, of at most 1,024 bytes.
const beside = 2 << 10

// split divides a row into objects that fit a message each.
func (r *rows) split(row csv.Row) (bodies []string, err error) {
	part := []byte{'{'}
	for i, value := range row.Fields() {
		longer, err := r.member(part, i, value)
		if err != nil {
			return nil, err
		}
		if len(longer)+beside > queue.MaxMessage && len(part) > 1 {
			bodies = append(bodies, string(part)+"}")
			if longer, err = r.member([]byte{'{'}, i, value); err != nil {
				return nil, err
			}
		}
		if len(longer)+beside > queue.MaxMessage {
			return nil, &csvfile.Unfit{Reason: "column " + strconv.Itoa(i+1) + " alone is larger than a message may be"}
		}
		part = longer
	}
	return append(bodies, string(part)+"}"), nil
}

// Close implements [csvfile.Sink].
func (r *rows) Close(failed error) (sent int, err error) {
	sent, err = r.Sender.Close(failed)
	return sent - r.extra, err
}
