package notification

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// detail is what EventBridge is told of an object
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
type detail struct {
	Version      string       `json:"version"`
	EventVersion string       `json:"event-version"`
	Bucket       detailBucket `json:"bucket"`
	Object       detailObject `json:"object"`
	RequestID    string       `json:"request-id"`
	Requester    string       `json:"requester"`
	SourceIP     string       `json:"source-ip-address"`
	Reason       string       `json:"reason,omitempty"`
	Deletion     string       `json:"deletion-type,omitempty"`
}

type detailBucket struct {
	Name string `json:"name"`
}

// detailObject is not the object of a record: its key is not encoded.
type detailObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"etag,omitempty"`
	Sequencer string `json:"sequencer,omitempty"`
}

// happenings are what EventBridge calls the events, and their reasons
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html).
var happenings = map[string]struct{ detailType, reason string }{
	Put:      {"Object Created", "PutObject"},
	Copy:     {"Object Created", "CopyObject"},
	Complete: {"Object Created", "CompleteMultipartUpload"},
	Delete:   {"Object Deleted", "DeleteObject"},
	Tagged:   {"Object Tags Added", ""},
	Untagged: {"Object Tags Deleted", ""},
}

// bus is the account's default event bus, where S3 sends to.
func (s *Notifier) bus() string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":event-bus/default"
}

// publish sends an event to the event bus, which takes the envelope as the
// event's body.
func (s *Notifier) publish(ctx context.Context, tx *store.Tx, o Object, name string) error {
	id := event.NewID()
	body, err := json.Marshal(s.envelope(ctx, tx, o, name, id))
	if err != nil {
		return err
	}
	return s.send(ctx, tx, o.Bucket, s.bus(), event.Event{ID: id, Body: body})
}

func (s *Notifier) envelope(ctx context.Context, tx *store.Tx, o Object, name, id string) event.Envelope[detail] {
	req, what := wire.RequestOf(ctx), happenings[name]
	from := s.sender(o.Bucket)
	d := detail{
		Version:      "0",
		EventVersion: "1.0",
		Bucket:       detailBucket{o.Bucket},
		Object:       detailObject{Key: o.Key},
		RequestID:    req.ID,
		Requester:    s.cfg.Account,
		SourceIP:     sourceIP(req),
		Reason:       what.reason,
	}
	if name != Delete {
		d.Object.ETag = o.ETag
	}
	if what.reason != "" {
		d.Object.Sequencer = sequencer(o)
	}
	switch {
	case name == Delete:
		d.Deletion = "Permanently Deleted"
	case strings.HasPrefix(name, "ObjectCreated:"):
		d.Object.Size = &o.Size
	}
	return event.Envelope[detail]{
		Version: "0", ID: id, DetailType: what.detailType, Source: "aws.s3", Account: s.cfg.Account,
		Time: tx.Now().UTC().Format(event.EnvelopeTime), Region: s.cfg.Region, Resources: []string{from.ARN}, Detail: d,
	}
}

// sequencer orders the events of an object.
func sequencer(o Object) string { return fmt.Sprintf("%016X", o.Version) }
