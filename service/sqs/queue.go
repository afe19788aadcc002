package sqs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/service/sqs/redrive"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// queue is a queue's row, and what follows from it.
type queue struct {
	ID         uint64
	Name       string
	Attributes map[string]string // those that were set
	Tags       map[string]string `json:",omitempty"`
	Created    time.Time
	Modified   time.Time
	Purged     time.Time `json:",omitzero"`

	raw        []byte // the row
	fifo       bool
	gauges     *gauges
	topic      string
	visibility time.Duration
	delay      time.Duration
	retention  time.Duration
	wait       time.Duration
	maxSize    int
	redrive    *redrive.Policy
	allow      redrive.Allow
	policy     *policy.Document
}

func queueKey(name string) store.Key { return store.K("sqs", "queue", name) }

const (
	forgetTimer = "sqs.forget" // id: the name of a queue that was deleted

	// recently is how long a name is taken after DeleteQueue, and a queue
	// cannot be purged again.
	recently = 60 * time.Second
)

// load returns the queue of a name, or nil. It must not be changed: see edit.
func (s *Service) load(tx *store.Tx, name string) *queue {
	raw, ok := tx.Get(queueKey(name))
	if !ok {
		return nil
	}
	if q, ok := s.cache.Load(name); ok && bytes.Equal(q.(*queue).raw, raw) {
		return q.(*queue)
	}
	q := &queue{raw: raw}
	if !tx.GetJSON(queueKey(name), q) {
		return nil
	}
	q.derive()
	s.cache.Store(q.Name, q) // not name, which may be a part of a whole request
	return q
}

// edit is a copy of q that may be changed and saved.
func (q *queue) edit() *queue {
	c := *q
	c.Attributes, c.Tags = maps.Clone(q.Attributes), maps.Clone(q.Tags)
	return &c
}

func (q *queue) save(tx *store.Tx) { tx.PutJSON(queueKey(q.Name), q) }

// derive reads the attributes, all of which were checked when they were set.
func (q *queue) derive() {
	q.topic = "sqs/" + q.Name
	q.fifo = isFIFO(q.Name)
	q.gauges = newGauges(q.Name)
	q.visibility = q.seconds("VisibilityTimeout")
	q.delay = q.seconds("DelaySeconds")
	q.retention = q.seconds("MessageRetentionPeriod")
	q.wait = q.seconds("ReceiveMessageWaitTimeSeconds")
	q.maxSize = q.number("MaximumMessageSize")
	q.redrive, _ = redrive.Parse(q.Attributes["RedrivePolicy"])
	q.allow, _ = redrive.ParseAllow(q.Attributes["RedriveAllowPolicy"])
	if text := q.Attributes["Policy"]; text != "" {
		q.policy, _ = policy.Parse(text)
	}
}

// CreateQueue makes a queue, or finds the one that is as it is asked for.
func (s *Service) CreateQueue(ctx context.Context, in *api.CreateQueueInput) (*api.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if err := checkNewName(in.QueueName, in.Attributes["FifoQueue"] == "true"); err != nil {
		return nil, err
	}
	attributes, err := checkAttributes(in.Attributes, isFIFO(name))
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if q := s.load(tx, name); q != nil {
			return q.sameAs(attributes)
		}
		return s.create(tx, name, attributes, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateQueueOutput{QueueUrl: s.url(ctx, name)}, nil
}

func (s *Service) create(tx *store.Tx, name string, attributes, tags map[string]string) error {
	if due, deleted := tx.Timer(forgetTimer, name); deleted && tx.Now().Before(due) {
		return &types.QueueDeletedRecently{Message: aws.String(
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")}
	}
	tx.ClearTimer(forgetTimer, name)
	q := &queue{ID: tx.NextID(), Name: name, Attributes: map[string]string{}, Tags: tags, Created: tx.Now(), fifo: isFIFO(name)}
	return s.set(tx, q, attributes)
}

// sameAs reports which attribute of q is not as asked for. Those that were not
// asked for do not matter.
func (q *queue) sameAs(asked map[string]string) error {
	for name, value := range asked {
		if !sameValue(name, q.attribute(name), value) {
			return &types.QueueNameExists{Message: aws.String(
				"A queue already exists with the same name and a different value for attribute " + name)}
		}
	}
	return nil
}

// sameValue compares values of an attribute; a policy may be written in
// several ways.
func sameValue(name, a, b string) bool {
	if a == b || !strings.HasSuffix(name, "Policy") {
		return a == b
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

// DeleteQueue removes a queue and its messages.
func (s *Service) DeleteQueue(ctx context.Context, in *api.DeleteQueueInput) (*api.DeleteQueueOutput, error) {
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		s.rowsOf(tx, q).Drop()
		tx.DeleteRange(store.Prefix(backlog.Key(moveSpace, q.ID)))
		tx.ClearTimer(retentionTimer, q.timerID())
		tx.ClearTimer(moveTimer, q.timerID())
		tx.Delete(queueKey(q.Name))
		tx.SetTimer(forgetTimer, q.Name, tx.Now().Add(recently))
		tx.Wake(q.topic)
		tx.OnCommit(func() {
			s.cache.CompareAndDelete(q.Name, q)
			s.uses.forget(q.Name)
		})
		return nil
	})
}

// forgetName lets the name of a deleted queue be used again: that its timer is
// no longer set is all there is to it.
func (s *Service) forgetName(context.Context, *store.Tx, string) error { return nil }

// GetQueueUrl finds a queue by its name.
func (s *Service) GetQueueUrl(ctx context.Context, in *api.GetQueueUrlInput) (*api.GetQueueUrlOutput, error) {
	if err := checkName(in.QueueName); err != nil {
		return nil, err
	}
	if owner := aws.ToString(in.QueueOwnerAWSAccountId); owner != "" && owner != s.cfg.Account {
		return nil, errNoQueue()
	}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if s.load(tx, *in.QueueName) == nil {
			return errNoQueue()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.GetQueueUrlOutput{QueueUrl: s.url(ctx, *in.QueueName)}, nil
}

// maxResults is how many queues a list has at most.
const maxResults = 1000

// ListQueues lists queues by name.
func (s *Service) ListQueues(ctx context.Context, in *api.ListQueuesInput) (*api.ListQueuesOutput, error) {
	keys := store.Prefix(store.K("sqs", "queue").StrPrefix(aws.ToString(in.QueueNamePrefix)))
	page, err := newPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(page.rest(keys)) {
			if name := nameOfKey(k); !page.add(name, s.url(ctx, name)) {
				break
			}
		}
		return nil
	})
	return &api.ListQueuesOutput{QueueUrls: page.urls, NextToken: page.token()}, err
}

func nameOfKey(k store.Key) string { return k.Parts(store.K("sqs", "queue")).Str() }

// page is one page of a list of queues.
type page struct {
	size  int
	paged bool // the client asked for pages
	after string
	urls  []string
	last  string
	more  bool
}

func newPage(size *int32, token *string) (*page, error) {
	p := &page{size: maxResults}
	if size != nil {
		p.size, p.paged = int(*size), true
		if p.size < 1 || p.size > maxResults {
			return nil, errValue(p.size, "MaxResults", "Must be between 1 and %d, if provided.", maxResults)
		}
	}
	if token == nil || *token == "" {
		return p, nil
	}
	name, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(name) == 0 {
		return nil, errInvalid("Invalid or expired next token.")
	}
	p.after = string(name)
	return p, nil
}

func (p *page) rest(r store.Range) store.Range {
	if p.after == "" {
		return r
	}
	return r.After(queueKey(p.after))
}

func (p *page) add(name string, url *string) bool {
	if len(p.urls) == p.size {
		p.more = true
		return false
	}
	p.urls, p.last = append(p.urls, *url), name
	return true
}

func (p *page) token() *string {
	if !p.more || !p.paged {
		return nil
	}
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.last)))
}

// checkNewName checks the name of a queue to be.
func checkNewName(name *string, fifo bool) error {
	switch {
	case name == nil:
		return errMissing("QueueName")
	case fifo && (!isFIFO(*name) || !validName(*name)):
		return errInvalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, " +
			"must end with .fifo suffix and be 1 to 80 in length.")
	case !fifo && isFIFO(*name):
		return errName()
	}
	return checkName(name)
}

// isFIFO reports whether the queue of a name is a FIFO queue.
func isFIFO(name string) bool { return strings.HasSuffix(name, ".fifo") }

// addressesFIFO reports whether a URL is that of a FIFO queue, without reading
// the whole of it: what it takes for a standard queue's may be refused later,
// but never the other way round, so that a query proves nothing.
func addressesFIFO(url *string) bool {
	return url != nil && isFIFO(strings.TrimRight(*url, "/")) && !strings.ContainsAny(*url, "?#")
}

func errName() error {
	return errInvalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
}

func checkName(name *string) error {
	switch {
	case name == nil:
		return errMissing("QueueName")
	case !validName(*name):
		return errName()
	}
	return nil
}

// validName reports whether a queue can have the name, a FIFO queue included.
func validName(name string) bool {
	return len(name) <= 80 && validID(strings.TrimSuffix(name, ".fifo"))
}

// validID reports whether s is what queues and entries of batches may be
// called.
func validID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return len(s) > 0 && len(s) <= 80
}

// arn is the ARN of the queue of a name.
func (s *Service) arn(name string) string {
	return "arn:aws:sqs:" + s.cfg.Region + ":" + s.cfg.Account + ":" + name
}

// url is a queue's address, at the host that the client reached.
func (s *Service) url(ctx context.Context, name string) *string {
	req := wire.RequestOf(ctx)
	base := req.URL()
	if req.Host == "" {
		base = "https://sqs." + s.cfg.Region + ".amazonaws.com"
	}
	return aws.String(base + "/" + s.cfg.Account + "/" + name)
}

// nameOf is the name of the queue at a URL: its last path segment, after the
// account. The host does not matter, so that a URL outlives a change of port.
func (s *Service) nameOf(address *string) (string, error) {
	if address == nil {
		return "", errMissing("QueueUrl")
	}
	u, err := url.Parse(*address)
	if err != nil {
		return "", errAddress(*address)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	n := len(parts)
	if n < 2 || !validName(parts[n-1]) {
		return "", errAddress(*address)
	}
	if parts[n-2] != s.cfg.Account {
		return "", errNoQueue()
	}
	return parts[n-1], nil
}

func errAddress(address string) error {
	return &types.InvalidAddress{Message: aws.String(fmt.Sprintf("The address %s is not valid for this endpoint.", address))}
}
