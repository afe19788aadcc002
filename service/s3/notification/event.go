package notification

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// The events that happen here, as records name them: without "s3:"
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html).
const (
	Put      = "ObjectCreated:Put"
	Copy     = "ObjectCreated:Copy"
	Complete = "ObjectCreated:CompleteMultipartUpload"
	Delete   = "ObjectRemoved:Delete"
	Tagged   = "ObjectTagging:Put"
	Untagged = "ObjectTagging:Delete"
)

const (
	eventTime          = "2006-01-02T15:04:05.000Z"
	eventRecordVersion = "2.1"

	// subject is what topics give their subscribers as the message's subject.
	subject = "Amazon S3 Notification"
)

// Record is the structure of an event message
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
type Record struct {
	EventVersion string   `json:"eventVersion"`
	EventSource  string   `json:"eventSource"`
	AWSRegion    string   `json:"awsRegion"`
	EventTime    string   `json:"eventTime"`
	EventName    string   `json:"eventName"`
	UserIdentity identity `json:"userIdentity"`
	Request      struct {
		SourceIP string `json:"sourceIPAddress"`
	} `json:"requestParameters"`
	Response struct {
		RequestID string `json:"x-amz-request-id"`
		HostID    string `json:"x-amz-id-2"`
	} `json:"responseElements"`
	S3 struct {
		Version         string       `json:"s3SchemaVersion"`
		ConfigurationID string       `json:"configurationId"`
		Bucket          recordBucket `json:"bucket"`
		Object          recordObject `json:"object"`
	} `json:"s3"`
}

type identity struct {
	PrincipalID string `json:"principalId"`
}

type recordBucket struct {
	Name  string   `json:"name"`
	Owner identity `json:"ownerIdentity"`
	ARN   string   `json:"arn"`
}

type recordObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"eTag,omitempty"`
	Sequencer string `json:"sequencer"`
}

// Object is an object as events tell of it.
type Object struct {
	Bucket, Key string
	Size        int64
	ETag        string
	Version     uint64 // grows with each event of the object
}

// Notify tells the destinations of the bucket's rules that an event happened to
// o. It is a part of the transaction in which it happened.
func (s *Notifier) Notify(ctx context.Context, tx *store.Tx, o Object, name string) error {
	var n configuration
	if !tx.GetJSON(buckets.ConfigKey(o.Bucket, buckets.Notification), &n) {
		return nil
	}
	for _, r := range n.Rules {
		if !r.wants(name, o.Key) {
			continue
		}
		if err := s.tell(ctx, tx, r, s.record(ctx, tx, o, name, r.ID)); err != nil {
			return fmt.Errorf("notify %s of %s: %w", r.Target, name, err)
		}
	}
	if n.EventBridge {
		return s.publish(ctx, tx, o, name)
	}
	return nil
}

// tell sends a record to the destination of a rule.
func (s *Notifier) tell(ctx context.Context, tx *store.Tx, r rule, rec Record) error {
	body, err := json.Marshal(map[string][]Record{"Records": {rec}})
	if err != nil {
		return err
	}
	return s.send(ctx, tx, rec.S3.Bucket.Name, r.Target, event.Event{ID: event.NewID(), Body: body, Subject: subject})
}

// send completes an event and sends it. A destination that is gone, or does not
// let S3 in any more, is none of the client's business: AWS drops the event too.
func (s *Notifier) send(ctx context.Context, tx *store.Tx, bucket, to string, e event.Event) error {
	e.Trace, e.Time, e.From = traceOf(ctx, tx), tx.Now(), s.sender(bucket)
	err := s.cfg.Router.Accept(ctx, tx, to, e)
	if errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied) {
		s.cfg.Logger.Warn("s3: event dropped", "bucket", bucket, "to", to, "err", err)
		return nil
	}
	return err
}

func traceOf(ctx context.Context, tx *store.Tx) string {
	if t := wire.RequestOf(ctx).Trace; strings.Contains(t, "Root=") {
		return t
	}
	return event.NewTrace(tx.Now())
}

// sender is the bucket as resource policies see it.
func (s *Notifier) sender(bucket string) event.Sender {
	return event.Sender{Service: "s3.amazonaws.com", ARN: buckets.ARN(bucket), Account: s.cfg.Account}
}

func (s *Notifier) record(ctx context.Context, tx *store.Tx, o Object, name, configuration string) Record {
	req := wire.RequestOf(ctx)
	r := Record{
		EventVersion: eventRecordVersion,
		EventSource:  "aws:s3",
		AWSRegion:    s.cfg.Region,
		EventTime:    tx.Now().UTC().Format(eventTime),
		EventName:    name,
		UserIdentity: identity{"AWS:" + s.principal(req)},
	}
	r.Request.SourceIP = sourceIP(req)
	r.Response.RequestID, r.Response.HostID = req.ID, hostID(req.ID)
	r.S3.Version = "1.0"
	r.S3.ConfigurationID = configuration
	r.S3.Bucket = recordBucket{o.Bucket, identity{s.cfg.Owner}, buckets.ARN(o.Bucket)}
	r.S3.Object = recordObject{Key: keys.Encode(o.Key), Sequencer: sequencer(o)}
	if name != Delete {
		r.S3.Object.ETag = o.ETag
	}
	if strings.HasPrefix(name, "ObjectCreated:") {
		r.S3.Object.Size = &o.Size
	}
	return r
}

func (s *Notifier) principal(req *wire.Request) string {
	if id := req.Principal.UserID; id != "" {
		return id
	}
	return s.cfg.Account
}

func sourceIP(req *wire.Request) string {
	if req.SourceIP != "" {
		return req.SourceIP
	}
	return "127.0.0.1"
}

// testEvent is what a queue or a topic gets when it becomes a destination.
type testEvent struct {
	Service, Event, Time, Bucket string
	RequestID                    string `json:"RequestId"`
	HostID                       string `json:"HostId"`
}

func (s *Notifier) sendTest(ctx context.Context, tx *store.Tx, bucket, to string) error {
	req := wire.RequestOf(ctx)
	body, err := json.Marshal(testEvent{
		Service: "Amazon S3", Event: "s3:TestEvent", Time: tx.Now().UTC().Format(eventTime),
		Bucket: bucket, RequestID: req.ID, HostID: hostID(req.ID),
	})
	if err != nil {
		return err
	}
	return s.cfg.Router.Accept(ctx, tx, to, event.Event{
		ID: event.NewID(), Trace: traceOf(ctx, tx), Time: tx.Now(), Body: body, From: s.sender(bucket), Subject: subject,
	})
}

// wants reports whether the rule is for the event and the key.
func (r rule) wants(name, key string) bool {
	if !strings.HasPrefix(key, r.Prefix) || !strings.HasSuffix(key, r.Suffix) {
		return false
	}
	for _, e := range r.Events {
		e = strings.TrimPrefix(e, "s3:")
		if all, ok := strings.CutSuffix(e, "*"); e == name || ok && strings.HasPrefix(name, all) {
			return true
		}
	}
	return false
}

// hostID is x-amz-id-2, which AWS's support asks for.
func hostID(request string) string {
	return base64.StdEncoding.EncodeToString([]byte(request + request + request))
}
