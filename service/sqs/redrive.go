package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/store"
)

// redrive is a RedrivePolicy: where messages go that were received too often.
type redrive struct {
	Target     string `json:"deadLetterTargetArn"`
	MaxReceive uint64 `json:"maxReceiveCount"`
	target     string // the queue's name
}

// parseRedrive reads a RedrivePolicy; nil for none. The error is a reason in
// AWS's words.
func parseRedrive(text string) (*redrive, error) {
	if text == "" {
		return nil, nil
	}
	var raw map[string]any
	if json.Unmarshal([]byte(text), &raw) != nil || raw == nil {
		return nil, errors.New("Redrive policy is not a valid JSON map.")
	}
	for _, name := range []string{"deadLetterTargetArn", "maxReceiveCount"} {
		if raw[name] == nil {
			return nil, errors.New("Redrive policy does not contain mandatory attribute: " + name + ".")
		}
	}
	for name := range raw {
		if name != "deadLetterTargetArn" && name != "maxReceiveCount" {
			return nil, errors.New("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].")
		}
	}
	count := receiveCount(raw["maxReceiveCount"])
	if n, err := strconv.ParseUint(count, 10, 64); err != nil || n < 1 || n > 1000 {
		return nil, errors.New("Invalid value for maxReceiveCount: " + count + ", valid values are from 1 to 1000 both inclusive.")
	}
	p := &redrive{}
	p.MaxReceive, _ = strconv.ParseUint(count, 10, 64)
	p.Target, _ = raw["deadLetterTargetArn"].(string)
	a, err := arn.Parse(p.Target)
	if err != nil || a.Service != "sqs" {
		return nil, errors.New("Invalid value for deadLetterTargetArn.")
	}
	p.target = a.Resource
	return p, nil
}

// receiveCount is a maxReceiveCount, which may be a number or a string, as
// text.
func receiveCount(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	}
	return ""
}

func checkRedrive(text string) (string, error) {
	p, err := parseRedrive(text)
	if err != nil {
		return "", errValue(text, "RedrivePolicy", "%s", err)
	}
	b, err := json.Marshal(p)
	return string(b), err
}

// redriveAllow is a RedriveAllowPolicy: which queues may use a queue as their
// dead-letter queue.
type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

func parseRedriveAllow(text string) (redriveAllow, error) {
	p := redriveAllow{Permission: "allowAll"}
	if text == "" {
		return p, nil
	}
	p.Permission = ""
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, errors.New("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
	}
	switch byQueue := p.Permission == "byQueue"; {
	case !byQueue && p.Permission != "allowAll" && p.Permission != "denyAll":
		return p, errors.New("Amazon SQS can't create the redrive allow policy. The redrivePermission must be allowAll, denyAll or byQueue.")
	case byQueue && (len(p.Sources) == 0 || len(p.Sources) > 10):
		return p, errors.New("Amazon SQS can't create the redrive allow policy. Specify 1 to 10 source queue ARNs with byQueue.")
	case !byQueue && len(p.Sources) > 0:
		return p, errors.New("Amazon SQS can't create the redrive allow policy. Source queue ARNs go with byQueue alone.")
	}
	return p, nil
}

func checkRedriveAllow(text string) (string, error) {
	if _, err := parseRedriveAllow(text); err != nil {
		return "", errValue(text, "RedriveAllowPolicy", "%s", err)
	}
	return text, nil
}

func (p redriveAllow) allows(source string) bool {
	return p.Permission == "allowAll" || p.Permission == "byQueue" && slices.Contains(p.Sources, source)
}

// checkTarget checks that the dead-letter queue of q is there and lets q use
// it.
func (s *Service) checkTarget(tx *store.Tx, q *queue, text string) error {
	p, err := parseRedrive(text)
	if err != nil {
		return errValue(text, "RedrivePolicy", "%s", err)
	}
	var target *queue
	if p.Target == s.arn(p.target) {
		target = s.load(tx, p.target)
	}
	if target == nil {
		return errValue(text, "RedrivePolicy", "Dead letter target does not exist.")
	}
	if !target.allow.allows(s.arn(q.Name)) {
		return errValue(text, "RedrivePolicy", "The dead letter target does not allow this queue to use it, see its RedriveAllowPolicy.")
	}
	return nil
}

// deadLetters is where q's messages go that were received too often: nil if
// nowhere.
func (s *Service) deadLetters(tx *store.Tx, q *queue) *queue {
	if q.redrive == nil || q.redrive.target == q.Name {
		return nil
	}
	target := s.load(tx, q.redrive.target)
	if target == nil || !target.allow.allows(s.arn(q.Name)) {
		return nil
	}
	return target
}

// bury moves a message to the dead-letter queue. It keeps its id, its time of
// sending, and so the time of its end
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html),
// and shows all receives, there as here.
func (s *Service) bury(r, dead *rows, c candidate, st state, row []byte) error {
	m, err := decodeMessage(row)
	if err != nil {
		return err
	}
	m.source = s.arn(r.q.Name)
	m.receivedThere += st.count
	if m.firstReceived.IsZero() {
		m.firstReceived = st.first
	}
	r.remove(c)
	dead.insert(c.seq, m.encode(), m.sent, r.tx.Now())
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
