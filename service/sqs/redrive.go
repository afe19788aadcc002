package sqs

import (
	"context"
	"encoding/json"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/service/sqs/redrive"
	"github.com/runnel/runnel/store"
)

func checkRedrive(text string) (string, error) {
	p, err := redrive.Parse(text)
	if err != nil {
		return "", errValue(text, "RedrivePolicy", "%s", err)
	}
	b, err := json.Marshal(p)
	return string(b), err
}

func checkRedriveAllow(text string) (string, error) {
	if _, err := redrive.ParseAllow(text); err != nil {
		return "", errValue(text, "RedriveAllowPolicy", "%s", err)
	}
	return text, nil
}

// checkTarget checks that the dead-letter queue of q is there and lets q use
// it.
func (s *Service) checkTarget(tx *store.Tx, q *queue, text string) error {
	p, err := redrive.Parse(text)
	if err != nil {
		return errValue(text, "RedrivePolicy", "%s", err)
	}
	var target *queue
	if p.Target == s.arn(p.Queue) {
		target = s.load(tx, p.Queue)
	}
	if target == nil {
		return errValue(text, "RedrivePolicy", "Dead letter target does not exist.")
	}
	if isFIFO(target.Name) != isFIFO(q.Name) {
		return errValue(text, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
	}
	if !target.allow.Allows(s.arn(q.Name)) {
		return errValue(text, "RedrivePolicy", "The dead letter target does not allow this queue to use it, see its RedriveAllowPolicy.")
	}
	return nil
}

// deadLetters is where q's messages go that were received too often: nil if
// nowhere.
func (s *Service) deadLetters(tx *store.Tx, q *queue) *queue {
	if q.redrive == nil || q.redrive.Queue == q.Name {
		return nil
	}
	target := s.load(tx, q.redrive.Queue)
	if target == nil || target.fifo != q.fifo || !target.allow.Allows(s.arn(q.Name)) {
		return nil
	}
	return target
}

// bury moves a message to the dead-letter queue. It keeps its id, its time of
// sending, and so the time of its end
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html),
// and shows all receives, there as here. In a FIFO queue its time begins anew,
// and its deduplication ID is its id from then on.
func (s *Service) bury(r, dead *rows, c backlog.Candidate, st backlog.State, row []byte) error {
	m, err := decodeMessage(row)
	if err != nil {
		return err
	}
	m.source = s.arn(r.q.Name)
	m.receivedThere += st.Count
	if m.firstReceived.IsZero() {
		m.firstReceived = st.First
	}
	r.Remove(c)
	if dead.q.fifo {
		m.dedup = m.ID()
		dead.insert(r.tx.NextID(), m.encode(), m.group, r.tx.Now(), 0)
		return nil
	}
	dead.insert(c.Seq, m.encode(), m.group, m.sent, r.tx.Now().Sub(m.sent))
	return nil
}

// ListDeadLetterSourceQueues lists the queues that have a queue as their
// dead-letter queue.
func (s *Service) ListDeadLetterSourceQueues(ctx context.Context, in *api.ListDeadLetterSourceQueuesInput) (*api.ListDeadLetterSourceQueuesOutput, error) {
	page, err := newPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		for k := range tx.Scan(page.rest(store.Prefix(store.K("sqs", "queue")))) {
			source := s.load(tx, nameOfKey(k))
			if source == nil || source.redrive == nil || source.redrive.Target != s.arn(q.Name) {
				continue
			}
			if !page.add(source.Name, s.url(ctx, source.Name)) {
				break
			}
		}
		return nil
	})
	if page.urls == nil {
		page.urls = []string{} // a member that AWS always sends
	}
	return &api.ListDeadLetterSourceQueuesOutput{QueueUrls: page.urls, NextToken: page.token()}, err
}

// isDeadLetterQueue reports whether any queue sends its messages to q.
func (s *Service) isDeadLetterQueue(tx *store.Tx, q *queue) bool {
	for k := range tx.Scan(store.Prefix(store.K("sqs", "queue"))) {
		source := s.load(tx, nameOfKey(k))
		if source != nil && source.redrive != nil && source.redrive.Target == s.arn(q.Name) {
			return true
		}
	}
	return false
}
