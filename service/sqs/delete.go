package sqs

import (
	"context"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
)

// DeleteMessage deletes a message. A handle of a message that is gone, or that
// was received again since, is in order and does nothing.
func (s *Service) DeleteMessage(ctx context.Context, in *api.DeleteMessageInput) (*api.DeleteMessageOutput, error) {
	if in.ReceiptHandle == nil {
		return nil, errMissing("ReceiptHandle")
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		rc, err := receiptOf(q, *in.ReceiptHandle)
		if err != nil {
			return err
		}
		r := rowsOf(tx, q)
		if !r.delete(rc) {
			return r.err
		}
		return r.save()
	})
}

// delete removes a message, if it was not received again since.
func (r *rows) delete(rc receipt) bool {
	st, ok := r.state(rc.seq)
	if !ok || st.count != rc.count {
		return false
	}
	r.remove(candidate{position{st.at, rc.seq}, true})
	return true
}

// DeleteMessageBatch deletes up to ten messages in one transaction.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *api.DeleteMessageBatchInput) (*api.DeleteMessageBatchOutput, error) {
	ids := idsOf(in.Entries, func(e *types.DeleteMessageBatchRequestEntry) *string { return e.Id })
	if err := checkBatch("DeleteMessageBatchRequestEntry", ids); err != nil {
		return nil, err
	}
	out := &api.DeleteMessageBatchOutput{}
	faults := make([]error, len(ids))
	err := s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := rowsOf(tx, q)
		deleted := false
		for i, e := range in.Entries {
			if e.ReceiptHandle == nil {
				faults[i] = errMissing("ReceiptHandle")
				continue
			}
			rc, err := receiptOf(q, *e.ReceiptHandle)
			if faults[i] = err; err == nil {
				deleted = r.delete(rc) || deleted
			}
		}
		if !deleted {
			return r.err
		}
		return r.save()
	})
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if entry, failed := entryError(id, faults[i]); failed {
			out.Failed = append(out.Failed, entry)
		} else {
			out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: id})
		}
	}
	return out, nil
}
