// Package event is how something that happens in one service makes something
// happen in another. Services never import each other; they meet here, in
// interfaces that each implements for its own resources and that the Router
// finds by ARN.
//
// An event crosses inside the transaction that caused it: the object and its
// notification, the message and its arrival commit together or not at all.
package event

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/store"
)

// ARN names a resource.
type ARN = arn.ARN

// Event is something that happened, on its way to whoever was to be told.
type Event struct {
	ID         string               // unique; a UUID
	Trace      string               // AWS trace header, "Root=1-...": every hop keeps it
	From       Sender               // who sends it
	Time       time.Time            // when it happened
	Body       []byte               // what a function gets as its event, a queue as message body
	Attributes map[string]Attribute // message attributes, for targets that have them
	Subject    string               // for targets that have one, as topics do
	Group      string               // message group, for targets that keep an order
	Dedup      string               // deduplication ID, for targets that keep an order
}

// Sender is the service, and its resource, on whose behalf an event is sent.
// Resource policies decide by it.
type Sender struct {
	Service string // principal, such as "s3.amazonaws.com"
	ARN     string // aws:SourceArn
	Account string // aws:SourceAccount
}

// Attribute is a message attribute.
type Attribute struct {
	DataType string // String, Number or Binary, and a label
	String   string
	Binary   []byte
}

// Errors of targets. What was wrong is wrapped around them.
var (
	ErrNotFound = errors.New("no such resource")
	ErrDenied   = errors.New("not permitted by the resource's policy")
)

// Target is a service that accepts events for its resources.
type Target interface {
	// Check reports whether the resource exists and from may send to it:
	// nil, ErrNotFound, or ErrDenied.
	Check(ctx context.Context, tx *store.Tx, to ARN, from Sender) error

	// Accept takes the event inside the transaction that caused it. A queue
	// inserts a message, a function adds to its invocations. Errors are
	// those of Check; any other fails the transaction.
	Accept(ctx context.Context, tx *store.Tx, to ARN, e Event) error
}

// Router finds who answers for an ARN. It is filled once, by the wiring,
// before anything runs.
type Router struct {
	targets   map[string]Target
	queues    map[string]Queue
	functions Functions
}

// NewRouter is a router that knows nobody.
func NewRouter() *Router {
	return &Router{targets: make(map[string]Target), queues: make(map[string]Queue)}
}

// HandleTarget has t answer for the ARNs of a service, such as "sqs".
func (r *Router) HandleTarget(service string, t Target) { r.targets[service] = t }

// HandleQueue has q answer for the ARNs of a service.
func (r *Router) HandleQueue(service string, q Queue) { r.queues[service] = q }

// HandleFunctions has f answer for functions.
func (r *Router) HandleFunctions(f Functions) { r.functions = f }

// Check is [Target.Check] of whoever answers for to.
func (r *Router) Check(ctx context.Context, tx *store.Tx, to string, from Sender) error {
	a, t, err := r.target(to)
	if err != nil {
		return err
	}
	return t.Check(ctx, tx, a, from)
}

// Accept is [Target.Accept] of whoever answers for to.
func (r *Router) Accept(ctx context.Context, tx *store.Tx, to string, e Event) error {
	a, t, err := r.target(to)
	if err != nil {
		return err
	}
	return t.Accept(ctx, tx, a, e)
}

func (r *Router) target(to string) (ARN, Target, error) {
	a, err := arn.Parse(to)
	if err != nil {
		return ARN{}, nil, fmt.Errorf("%s: %w", to, ErrNotFound)
	}
	t, ok := r.targets[a.Service]
	if !ok {
		return ARN{}, nil, fmt.Errorf("%s: service %q takes no events here: %w", to, a.Service, ErrNotFound)
	}
	return a, t, nil
}

// NewID is a random UUID (RFC 9562, version 4).
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewTrace is the trace header of an event that nothing traced caused, as
// X-Ray forms it: 1-{hex seconds}-{24 random hex digits}.
func NewTrace(now time.Time) string {
	var b [12]byte
	rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex.EncodeToString(b[:]))
}
