package event

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/store"
)

// Queue is a service whose messages a function can be fed from.
type Queue interface {
	// Receive takes up to limit messages that are visible now and hides them
	// for the time hide, or for the queue's own visibility timeout if hide is
	// 0. A message that was received as often as the queue's redrive policy
	// allows goes to the dead-letter queue instead.
	Receive(ctx context.Context, tx *store.Tx, from ARN, limit int, hide time.Duration) ([]Message, error)

	// Delete removes messages by their receipts. Unknown ones are passed over.
	Delete(ctx context.Context, tx *store.Tx, from ARN, receipts []string) error

	// Describe returns what a poller must know, or ErrNotFound.
	Describe(ctx context.Context, tx *store.Tx, from ARN) (QueueState, error)
}

// QueueState is what a poller must know about a queue.
type QueueState struct {
	Topic             string        // store topic that is woken when a message arrives
	NextVisible       time.Time     // when a message will be, or is, visible; zero if there is none
	VisibilityTimeout time.Duration // the queue's own
}

// Message is a message as it was received.
type Message struct {
	ID         string
	Receipt    string
	Body       string
	MD5        string               // of the body, hexadecimal
	System     map[string]string    // ApproximateReceiveCount, SentTimestamp, AWSTraceHeader, ...
	Attributes map[string]Attribute // message attributes
}

// Queue finds who answers for the queue behind an ARN.
func (r *Router) Queue(from string) (ARN, Queue, error) {
	a, err := arn.Parse(from)
	if err != nil {
		return ARN{}, nil, fmt.Errorf("%s: %w", from, ErrNotFound)
	}
	q, ok := r.queues[a.Service]
	if !ok {
		return ARN{}, nil, fmt.Errorf("%s: not a queue: %w", from, ErrNotFound)
	}
	return a, q, nil
}
