package sqs

import (
	"context"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

// ChangeMessageVisibility hides a message that is in flight for a time from
// now on, or, for 0, makes it visible.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *ChangeMessageVisibilityInput) (*api.ChangeMessageVisibilityOutput, error) {
	if err := checkChange(in.ReceiptHandle, in.VisibilityTimeout); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := s.rowsOf(tx, q)
		if err := r.change(*in.ReceiptHandle, *in.VisibilityTimeout); err != nil {
			return err
		}
		return r.Save()
	})
}

// ChangeMessageVisibilityBatch changes up to ten messages in one transaction.
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, in *ChangeMessageVisibilityBatchInput) (*api.ChangeMessageVisibilityBatchOutput, error) {
	ids := idsOf(in.Entries, func(e *ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id })
	if err := checkBatch("ChangeMessageVisibilityBatchRequestEntry", ids); err != nil {
		return nil, err
	}
	faults := make([]error, len(ids))
	err := s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := s.rowsOf(tx, q)
		changed := false
		for i, e := range in.Entries {
			if faults[i] = checkChange(e.ReceiptHandle, e.VisibilityTimeout); faults[i] == nil {
				faults[i] = r.change(*e.ReceiptHandle, *e.VisibilityTimeout)
			}
			changed = changed || faults[i] == nil
		}
		if !changed {
			return r.Err()
		}
		return r.Save()
	})
	if err != nil {
		return nil, err
	}
	out := &api.ChangeMessageVisibilityBatchOutput{}
	for i, id := range ids {
		if entry, failed := entryError(id, faults[i]); failed {
			out.Failed = append(out.Failed, entry)
		} else {
			out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: id})
		}
	}
	return out, nil
}

func checkChange(handle *string, timeout *int32) error {
	switch {
	case handle == nil:
		return errMissing("ReceiptHandle")
	case timeout == nil:
		return errMissing("VisibilityTimeout")
	}
	return checkVisibility(timeout)
}

func checkVisibility(timeout *int32) error {
	if *timeout < 0 || *timeout > maxVisibility {
		return errValue(*timeout, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and %d.", maxVisibility)
	}
	return nil
}

// change moves the end of a message's timeout. The total since the message was
// received may not be more than twelve hours
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html).
func (r *rows) change(handle string, timeout int32) error {
	rc, err := receiptOf(r.q, handle)
	if err != nil {
		return err
	}
	st, ok := r.State(rc.seq)
	switch {
	case !ok || st.Count != rc.count:
		return errValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case st.At <= r.Now():
		return errNotInFlight()
	}
	end := r.tx.Now().Add(time.Duration(timeout) * time.Second)
	if end.After(time.Unix(0, int64(st.Received)).Add(maxVisibility * time.Second)) {
		return errValue(timeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibility)
	}
	r.Take(backlog.Candidate{Position: backlog.Position{At: st.At, Seq: rc.seq}, Held: true, Group: st.Group})
	st.At, st.Lent = backlog.Nanos(end), false
	r.Hold(rc.seq, st)
	r.Wake()
	return nil
}
