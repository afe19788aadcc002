package sqs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

// setting is an attribute that can be set. Ranges and defaults are those of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
// as of 2026-11-20: messages have been up to 1 MiB since August 2025.
type setting struct {
	name       string
	def        string // default; empty: absent
	min, max   int    // of numbers
	isNumber   bool
	normalized func(value string) (string, error) // of others; nil: any value
	fifo       bool                               // FIFO queues alone have it
	values     []string                           // all that it can be
}

func number(name string, def, lo, hi int) setting {
	return setting{name: name, def: strconv.Itoa(def), min: lo, max: hi, isNumber: true}
}

// settings are all attributes that can be set.
func settings() []setting {
	return []setting{
		number("VisibilityTimeout", 30, 0, maxVisibility),
		number("MessageRetentionPeriod", 345600, 60, 1209600),
		number("DelaySeconds", 0, 0, maxDelay),
		number("MaximumMessageSize", maxMessage, 1024, maxMessage),
		number("ReceiveMessageWaitTimeSeconds", 0, 0, maxWait),
		{name: "Policy", normalized: checkPolicy},
		{name: "RedrivePolicy", normalized: checkRedrive},
		{name: "RedriveAllowPolicy", normalized: checkRedriveAllow},
		{name: "KmsMasterKeyId"},
		{name: "KmsDataKeyReusePeriodSeconds", min: 60, max: 86400, isNumber: true},
		{name: "SqsManagedSseEnabled", normalized: checkBool("SqsManagedSseEnabled")},
		{name: "FifoQueue", fifo: true, values: []string{"true"}},
		{name: "ContentBasedDeduplication", fifo: true, def: "false", values: []string{"false", "true"}},
		{name: "DeduplicationScope", fifo: true, def: "queue", values: []string{"queue", "messageGroup"}},
		{name: "FifoThroughputLimit", fifo: true, def: "perQueue", values: []string{"perQueue", "perMessageGroupId"}},
	}
}

// Limits, in seconds and bytes.
const (
	maxVisibility = 43200
	maxDelay      = 900
	maxWait       = 20
	maxMessage    = 1 << 20
)

var settable = settings()

// settingOf finds a setting that queues of a type have.
func settingOf(name string, fifo bool) (setting, bool) {
	i := slices.IndexFunc(settable, func(s setting) bool { return s.name == name && (fifo || !s.fifo) })
	if i < 0 {
		return setting{}, false
	}
	return settable[i], true
}

// checkAttributes checks what can be checked without the store, and writes
// the values as they are kept.
func checkAttributes(in map[string]string, fifo bool) (map[string]string, error) {
	out := make(map[string]string, len(in))
	for _, name := range sortedKeys(in) {
		s, ok := settingOf(name, fifo)
		if !ok {
			return nil, errAttributeName(name)
		}
		value, err := s.check(in[name])
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, nil
}

func (s setting) check(value string) (string, error) {
	switch {
	case s.name == "FifoQueue" && value != "true":
		return "", errAttributeReason(s.name, "Modifying queue type is not supported.")
	case s.values != nil:
		if !slices.Contains(s.values, value) {
			return "", errAttributeValue(s.name)
		}
		return value, nil
	case s.isNumber:
		n, err := strconv.Atoi(value)
		if err != nil || n < s.min || n > s.max {
			return "", errAttributeValue(s.name)
		}
		return strconv.Itoa(n), nil
	case s.normalized == nil || value == "":
		return value, nil
	}
	return s.normalized(value)
}

func checkPolicy(value string) (string, error) {
	if _, err := policy.Parse(value); err != nil {
		return "", errAttributeValue("Policy")
	}
	return value, nil
}

func checkBool(name string) func(string) (string, error) {
	return func(value string) (string, error) {
		if value != "true" && value != "false" {
			return "", errAttributeValue(name)
		}
		return value, nil
	}
}

// attribute is the value of an attribute that can be set; empty if absent.
func (q *queue) attribute(name string) string {
	if v, ok := q.Attributes[name]; ok {
		return v
	}
	switch s, _ := settingOf(name, q.fifo); name {
	case "SqsManagedSseEnabled":
		return strconv.FormatBool(q.Attributes["KmsMasterKeyId"] == "")
	case "KmsDataKeyReusePeriodSeconds":
		if q.Attributes["KmsMasterKeyId"] != "" {
			return "300"
		}
		return ""
	default:
		return s.def
	}
}

func (q *queue) number(name string) int {
	n, _ := strconv.Atoi(q.attribute(name))
	return n
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

// set changes attributes of q, which is new or an edit, and saves it.
func (s *Service) set(tx *store.Tx, q *queue, attributes map[string]string) error {
	for name, value := range attributes {
		if value == "" {
			delete(q.Attributes, name)
		} else {
			q.Attributes[name] = value
		}
	}
	if text := attributes["RedrivePolicy"]; text != "" {
		if err := s.checkTarget(tx, q, text); err != nil {
			return err
		}
	}
	if q.attribute("FifoThroughputLimit") == "perMessageGroupId" && q.attribute("DeduplicationScope") != "messageGroup" {
		return errAttributeReason("FifoThroughputLimit", "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.")
	}
	if attributes["KmsMasterKeyId"] != "" {
		delete(q.Attributes, "SqsManagedSseEnabled") // only one kind of encryption holds
	}
	if attributes["SqsManagedSseEnabled"] == "true" {
		delete(q.Attributes, "KmsMasterKeyId")
	}
	q.Modified = tx.Now()
	q.save(tx)
	return nil
}

// SetQueueAttributes changes attributes of a queue.
func (s *Service) SetQueueAttributes(ctx context.Context, in *api.SetQueueAttributesInput) (*api.SetQueueAttributesOutput, error) {
	if len(in.Attributes) == 0 {
		return nil, errMissing("Attribute.Name")
	}
	attributes, err := checkAttributes(in.Attributes, addressesFIFO(in.QueueUrl))
	if err != nil {
		return nil, err
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		if err := s.set(tx, q.edit(), attributes); err != nil {
			return err
		}
		tx.Wake(q.topic) // a FIFO queue's delay may have become shorter
		if _, ok := attributes["MessageRetentionPeriod"]; ok {
			return s.retime(tx, s.load(tx, q.Name))
		}
		return nil
	})
}

// retime has the retention timer look anew.
func (s *Service) retime(tx *store.Tx, q *queue) error {
	r := s.rowsOf(tx, q)
	if r.Messages() == 0 {
		return r.Err()
	}
	r.expireAt(tx.Now())
	return r.Save()
}

// GetQueueAttributes returns the attributes that are asked for.
func (s *Service) GetQueueAttributes(ctx context.Context, in *api.GetQueueAttributesInput) (*api.GetQueueAttributesOutput, error) {
	fifo := addressesFIFO(in.QueueUrl)
	for _, name := range in.AttributeNames {
		if _, ok := settingOf(string(name), fifo); !ok && name != types.QueueAttributeNameAll && !isComputed(name) {
			return nil, errAttributeName(string(name))
		}
	}
	out := &api.GetQueueAttributesOutput{}
	err := s.view(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		all := slices.Contains(in.AttributeNames, types.QueueAttributeNameAll)
		asked := func(name types.QueueAttributeName) bool {
			return all || slices.Contains(in.AttributeNames, name)
		}
		values, err := s.attributes(tx, q, asked)
		if len(values) > 0 {
			out.Attributes = values
		}
		return err
	})
	return out, err
}

// computed are the attributes that cannot be set.
var computed = []types.QueueAttributeName{
	types.QueueAttributeNameQueueArn,
	types.QueueAttributeNameCreatedTimestamp,
	types.QueueAttributeNameLastModifiedTimestamp,
	types.QueueAttributeNameApproximateNumberOfMessages,
	types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
}

func isComputed(name types.QueueAttributeName) bool { return slices.Contains(computed, name) }

func (s *Service) attributes(tx *store.Tx, q *queue, asked func(types.QueueAttributeName) bool) (map[string]string, error) {
	out := map[string]string{}
	for _, st := range settable {
		if st.fifo && !q.fifo {
			continue
		}
		if value := q.attribute(st.name); value != "" && asked(types.QueueAttributeName(st.name)) {
			out[st.name] = value
		}
	}
	put := func(name types.QueueAttributeName, value string) {
		if asked(name) {
			out[string(name)] = value
		}
	}
	put(types.QueueAttributeNameQueueArn, s.arn(q.Name))
	put(types.QueueAttributeNameCreatedTimestamp, strconv.FormatInt(q.Created.Unix(), 10))
	put(types.QueueAttributeNameLastModifiedTimestamp, strconv.FormatInt(q.Modified.Unix(), 10))
	if !slices.ContainsFunc(computed[3:], asked) {
		return out, nil
	}
	r := s.rowsOf(tx, q)
	n := r.count()
	put(types.QueueAttributeNameApproximateNumberOfMessages, strconv.FormatUint(n.visible, 10))
	put(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, strconv.FormatUint(n.inFlight, 10))
	put(types.QueueAttributeNameApproximateNumberOfMessagesDelayed, strconv.FormatUint(n.delayed, 10))
	return out, r.Err()
}

// counts are the numbers of a queue's messages.
type counts struct{ visible, inFlight, delayed uint64 }

func (r *rows) count() counts {
	n := counts{inFlight: r.InFlight(), delayed: r.Delayed()}
	n.visible = r.Messages() - n.inFlight - n.delayed
	return n
}

// optional is nil for an empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
