package sns

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

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
		d, err := policy.Edit(t.policyText(s))
		if err != nil {
			return err
		}
		if d.Has(*in.Label) {
			return errInvalid("Statement already exists")
		}
		actions := make([]string, len(in.ActionName))
		for i, action := range in.ActionName {
			actions[i] = "SNS:" + action
		}
		d.Share(*in.Label, t.arn, in.AWSAccountId, actions)
		t.setPolicy(tx, d.Text())
		return nil
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

// RemovePermission removes the statement of a label from a topic's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	if aws.ToString(in.Label) == "" {
		return nil, errMissing("Label")
	}
	return nil, s.updateTopic(ctx, in.TopicArn, func(tx *store.Tx, t *topic) error {
		d, err := policy.Edit(t.policyText(s))
		if err != nil {
			return err
		}
		d.Remove(*in.Label)
		t.setPolicy(tx, d.Text())
		return nil
	})
}

// setPolicy sets the policy, or takes it back to the default one.
func (t *topic) setPolicy(tx *store.Tx, text string) {
	delete(t.Attributes, attrPolicy)
	if text != "" {
		set(&t.Attributes, attrPolicy, text)
	}
	t.save(tx)
}
