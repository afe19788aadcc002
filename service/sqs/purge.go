package sqs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
)

// PurgeQueue deletes all messages of a queue, at once.
func (s *Service) PurgeQueue(ctx context.Context, in *api.PurgeQueueInput) (*api.PurgeQueueOutput, error) {
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		if !q.Purged.IsZero() && tx.Now().Sub(q.Purged) < recently {
			return &types.PurgeQueueInProgress{Message: aws.String(fmt.Sprintf(
				"Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name))}
		}
		r := s.rowsOf(tx, q)
		r.Clear()
		q = q.edit()
		q.Purged = tx.Now()
		q.save(tx)
		return r.Save()
	})
}
