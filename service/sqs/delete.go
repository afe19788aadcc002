package sqs

import (
	"cmp"
	"context"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs/backlog"
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
		r := s.rowsOf(tx, q)
		if deleted, err := s.remove(r, rc, *in.ReceiptHandle); err != nil || !deleted {
			return cmp.Or(r.Err(), err)
		}
		return r.Save()
	})
}

// remove removes a message, if it was not received again since. A FIFO queue
// refuses handles whose timeout is over: another consumer may be at work on
// the message, or be about to
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html).
func (s *Service) remove(r *rows, rc receipt, handle string) (removed bool, err error) {
	st, ok := r.State(rc.seq)
	if ok && r.q.fifo && (st.Count != rc.count || st.At <= r.Now()) {
		return false, errValue(handle, "ReceiptHandle", "The receipt handle has expired.")
	}
	r.note().deleted++ // a copy of a delete counts
	if !ok || st.Count != rc.count {
		return false, nil
	}
	if r.Held() >= s.maxInFlight {
		r.Wake() // there may be room for another one
	}
	r.Remove(backlog.Candidate{Position: backlog.Position{At: st.At, Seq: rc.seq}, Held: true, Group: st.Group})
	return true, nil
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
		r := s.rowsOf(tx, q)
		deleted := false
		for i, e := range in.Entries {
			if e.ReceiptHandle == nil {
				faults[i] = errMissing("ReceiptHandle")
				continue
			}
			rc, err := receiptOf(q, *e.ReceiptHandle)
			if err == nil {
				var one bool
				one, err = s.remove(r, rc, *e.ReceiptHandle)
				deleted = deleted || one
			}
			faults[i] = err
		}
		if !deleted {
			return r.Err()
		}
		return r.Save()
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
