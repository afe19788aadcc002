package sqs

import (
	"context"
	"slices"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

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
		d, err := policy.Edit(q.Attributes["Policy"])
		if err != nil {
			return err
		}
		if d.Has(*in.Label) {
			return errValue(*in.Label, "Label", "Already exists.")
		}
		if d.Version == "" {
			d.Version, d.ID = "2012-10-17", s.arn(q.Name)+"/SQSDefaultPolicy"
		}
		actions := make([]string, len(in.Actions))
		for i, action := range in.Actions {
			actions[i] = "SQS:" + action
		}
		d.Share(*in.Label, s.arn(q.Name), in.AWSAccountIds, actions)
		return s.set(tx, q.edit(), map[string]string{"Policy": d.Text()})
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

// RemovePermission removes the statement of a label from a queue's policy.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	if in.Label == nil {
		return nil, errMissing("Label")
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		d, err := policy.Edit(q.Attributes["Policy"])
		if err != nil {
			return err
		}
		if !d.Remove(*in.Label) {
			return errValue(*in.Label, "Label", "can't find label.")
		}
		return s.set(tx, q.edit(), map[string]string{"Policy": d.Text()})
	})
}
