package sns

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"

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
// (https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html).
var sharable = []string{
	"AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic",
	"ListTagsForResource", "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe",
}

// AddPermission adds a statement to a topic's policy.
func (s *Service) AddPermission(ctx context.Context, in *api.AddPermissionInput) (*api.AddPermissionOutput, error) {
	if err := checkPermission(in); err != nil {
		return nil, err
	}
	return nil, s.updateTopic(ctx, in.TopicArn, func(tx *store.Tx, t *topic) error {
		d, err := t.document(s)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(d.Statement, labelled(*in.Label)) {
			return errInvalid("Statement already exists")
		}
		d.Statement = append(d.Statement, t.statement(in))
		return t.setPolicy(tx, d)
	})
}

func checkPermission(in *api.AddPermissionInput) error {
	switch {
	case aws.ToString(in.Label) == "":
		return errMissing("Label")
	case len(in.AWSAccountId) == 0:
		return errMissing("AWSAccountId")
	case len(in.ActionName) == 0:
		return errMissing("ActionName")
	}
	for _, action := range in.ActionName {
		if !slices.Contains(sharable, action) {
			return errInvalid("Policy statement action out of service scope!")
		}
	}
	for _, id := range in.AWSAccountId {
		if len(id) != 12 || !allDigits(id) {
			return errInvalid("Policy Error: PrincipalNotFound")
		}
	}
	return nil
}

// statement is what AddPermission adds: one value stands without a list.
func (t *topic) statement(in *api.AddPermissionInput) json.RawMessage {
	var principals, actions []string
	for _, id := range in.AWSAccountId {
		principals = append(principals, "arn:aws:iam::"+id+":root")
	}
	for _, action := range in.ActionName {
		actions = append(actions, "SNS:"+action)
	}
	b, _ := json.Marshal(struct {
		Sid       string
		Effect    string
		Principal map[string]any
		Action    any
		Resource  string
	}{*in.Label, "Allow", map[string]any{"AWS": oneOrList(principals)}, oneOrList(actions), t.arn})
	return b
}

func oneOrList(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// RemovePermission removes the statement of a label from a topic's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	if aws.ToString(in.Label) == "" {
		return nil, errMissing("Label")
	}
	return nil, s.updateTopic(ctx, in.TopicArn, func(tx *store.Tx, t *topic) error {
		d, err := t.document(s)
		if err != nil {
			return err
		}
		d.Statement = slices.DeleteFunc(d.Statement, labelled(*in.Label))
		return t.setPolicy(tx, d)
	})
}

func labelled(label string) func(json.RawMessage) bool {
	return func(statement json.RawMessage) bool {
		var st struct{ Sid string }
		return json.Unmarshal(statement, &st) == nil && st.Sid == label
	}
}

// document reads the topic's policy, whose only statement may stand without a
// list.
func (t *topic) document(s *Service) (document, error) {
	var d document
	text := []byte(t.policyText(s))
	if json.Unmarshal(text, &d) == nil {
		return d, nil
	}
	var single struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	err := json.Unmarshal(text, &single)
	return document{single.Version, single.ID, []json.RawMessage{single.Statement}}, err
}

// setPolicy sets the policy, or the default one if nothing is left of it.
func (t *topic) setPolicy(tx *store.Tx, d document) error {
	delete(t.Attributes, attrPolicy)
	if len(d.Statement) > 0 {
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if t.Attributes == nil {
			t.Attributes = map[string]string{}
		}
		t.Attributes[attrPolicy] = string(b)
	}
	t.save(tx)
	return nil
}
