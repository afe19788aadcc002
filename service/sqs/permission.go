package sqs

import (
	"context"
	"encoding/json"
	"slices"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/store"
)

// document is a policy as AddPermission writes it. Statements of other forms
// are kept as they are.
type document struct {
	Version   string            `json:"Version,omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// sharable are the actions that AddPermission gives to others
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html).
var sharable = []string{
	"*", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
	"ListDeadLetterSourceQueues", "PurgeQueue",
}

// AddPermission adds a statement to a queue's policy.
func (s *Service) AddPermission(ctx context.Context, in *api.AddPermissionInput) (*api.AddPermissionOutput, error) {
	if err := checkPermission(in); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		d, err := documentOf(q)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(d.Statement, labelled(*in.Label)) {
			return errValue(*in.Label, "Label", "Already exists.")
		}
		if d.Version == "" {
			d.Version, d.ID = "2012-10-17", s.arn(q.Name)+"/SQSDefaultPolicy"
		}
		d.Statement = append(d.Statement, s.statement(in, q))
		return s.setPolicy(tx, q, d)
	})
}

func checkPermission(in *api.AddPermissionInput) error {
	switch {
	case in.Label == nil:
		return errMissing("Label")
	case !validID(*in.Label):
		return errValue(*in.Label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	case len(in.Actions) == 0:
		return errMissing("Actions")
	case len(in.Actions) > 7:
		return errInvalid("A policy statement can have at most 7 actions.")
	case len(in.AWSAccountIds) == 0:
		return errValue("[]", "PrincipalId", "Unable to verify.")
	}
	for _, action := range in.Actions {
		if !slices.Contains(sharable, action) {
			return errValue("SQS:"+action, "ActionName", "Only the queue owner is allowed to invoke this action.")
		}
	}
	for _, id := range in.AWSAccountIds {
		if !isAccount(id) {
			return errValue(joined(in.AWSAccountIds), "PrincipalId", "Unable to verify.")
		}
	}
	return nil
}

func isAccount(id string) bool {
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return len(id) == 12
}

// statement is what AddPermission adds: one value stands without a list.
func (s *Service) statement(in *api.AddPermissionInput, q *queue) json.RawMessage {
	var principals, actions []string
	for _, id := range in.AWSAccountIds {
		principals = append(principals, "arn:aws:iam::"+id+":root")
	}
	for _, action := range in.Actions {
		actions = append(actions, "SQS:"+action)
	}
	b, _ := json.Marshal(struct {
		Sid       string
		Effect    string
		Principal map[string]any
		Action    any
		Resource  string
	}{*in.Label, "Allow", map[string]any{"AWS": oneOrList(principals)}, oneOrList(actions), s.arn(q.Name)})
	return b
}

func oneOrList(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// RemovePermission removes the statement of a label from a queue's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	if in.Label == nil {
		return nil, errMissing("Label")
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		d, err := documentOf(q)
		if err != nil {
			return err
		}
		n := len(d.Statement)
		d.Statement = slices.DeleteFunc(d.Statement, labelled(*in.Label))
		if len(d.Statement) == n {
			return errValue(*in.Label, "Label", "can't find label.")
		}
		return s.setPolicy(tx, q, d)
	})
}

func labelled(label string) func(json.RawMessage) bool {
	return func(statement json.RawMessage) bool {
		var st struct{ Sid string }
		return json.Unmarshal(statement, &st) == nil && st.Sid == label
	}
}

// documentOf reads a queue's policy, whose only statement may stand without a
// list.
func documentOf(q *queue) (document, error) {
	text := q.Attributes["Policy"]
	if text == "" {
		return document{}, nil
	}
	var d document
	if json.Unmarshal([]byte(text), &d) == nil {
		return d, nil
	}
	var single struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	err := json.Unmarshal([]byte(text), &single)
	return document{single.Version, single.ID, []json.RawMessage{single.Statement}}, err
}

func (s *Service) setPolicy(tx *store.Tx, q *queue, d document) error {
	text := ""
	if len(d.Statement) > 0 {
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		text = string(b)
	}
	return s.set(tx, q.edit(), map[string]string{"Policy": text})
}
