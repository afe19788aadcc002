package csvfanout

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/functions/upload"
	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/csv"
)

// documents is the prefix of the keys of documents too large for a message.
const documents = "documents/"

// document sends one message for a file:
//
//	{"bucket":..., "key":..., "version":..., "columns":[...], "rows":[{...}, ...]}
//
// A document that is too large for a message is put into the file's bucket, and
// the message refers to it:
//
//	{"bucket":..., "key":..., "version":..., "count":..., "document":{"bucket":..., "key":..., "size":...}}
//
// In memory is the beginning of it, as large as a message may be, or one part of
// its upload.
type document struct {
	ctx    context.Context
	s3     *s3.Client
	sender *queue.Sender
	from   csvfile.Source
	names
	count int
	row   []byte
	body  []byte         // until it is too large
	large *upload.Upload // from then on
}

// origin is the beginning of both forms.
type origin struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"`
}

func (d destination) document(ctx context.Context, from csvfile.Source, bad func(csvfile.BadRow) error) (csvfile.Sink, error) {
	n, err := namesOf(from.Columns)
	if err != nil {
		return nil, err
	}
	head, err := transform.JSON(struct {
		origin
		Columns []string `json:"columns"`
	}{origin{from.Bucket, from.Key, from.Version}, from.Columns})
	if err != nil {
		return nil, err
	}
	body := append([]byte(strings.TrimSuffix(string(head), "}\n")), `,"rows":[`...)
	return &document{ctx: ctx, s3: d.s3, sender: d.sender(ctx, bad), from: from, names: n, body: body}, nil
}

// Row implements [csvfile.Sink].
func (d *document) Row(row csv.Row) (err error) {
	d.row = d.row[:0]
	if d.count > 0 {
		d.row = append(d.row, ',')
	}
	d.count++
	if d.row, err = d.object(d.row, row); err != nil {
		return err
	}
	return d.write(d.row)
}

func (d *document) write(p []byte) error {
	if d.large != nil {
		return d.large.Write(d.ctx, p)
	}
	d.body = append(d.body, p...)
	if len(d.body)+len("]}")+beside <= queue.MaxMessage {
		return nil
	}
	d.large = upload.New(d.s3, d.from.Bucket, d.from.Beside(documents, ".json"), "application/json")
	p, d.body = d.body, nil
	return d.large.Write(d.ctx, p)
}

// Close implements [csvfile.Sink].
func (d *document) Close(failed error) (sent int, err error) {
	if failed == nil {
		failed = d.finish()
	}
	sent, err = d.sender.Close(failed)
	if err != nil && d.large != nil {
		err = errors.Join(err, d.large.Abort(context.WithoutCancel(d.ctx)))
	}
	if err != nil || sent == 0 {
		return 0, err
	}
	return d.count, nil
}

// finish sends the message, after what it may refer to is there.
func (d *document) finish() error {
	if err := d.write([]byte("]}")); err != nil {
		return err
	}
	body := string(d.body)
	if d.large != nil {
		if err := d.large.Close(d.ctx); err != nil {
			return err
		}
		ref, err := d.reference()
		if err != nil {
			return err
		}
		body = ref
	}
	return d.sender.Send(queue.Message{Body: body, Line: 1, Row: body, Attributes: attributes(d.from)})
}

func (d *document) reference() (string, error) {
	type object struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
		Size   int64  `json:"size"` // bytes
	}
	b, err := transform.JSON(struct {
		origin
		Count    int    `json:"count"` // rows
		Document object `json:"document"`
	}{origin{d.from.Bucket, d.from.Key, d.from.Version}, d.count, object{d.large.Bucket, d.large.Key, d.large.Size()}})
	return strings.TrimSuffix(string(b), "\n"), err
}
