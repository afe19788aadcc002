package sqs

import (
	"context"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
)

// ChangeMessageVisibility hides a message that is in flight for a time from
// now on, or, for 0, makes it visible.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *ChangeMessageVisibilityInput) (*api.ChangeMessageVisibilityOutput, error) {
	if err := checkChange(in.ReceiptHandle, in.VisibilityTimeout); err != nil {
		return nil, err
	}
	return nil, s.update(ctx, in.QueueUrl, func(tx *store.Tx, q *queue) error {
		r := rowsOf(tx, q)
		if err := r.change(*in.ReceiptHandle, *in.VisibilityTimeout); err != nil {
			return err
		}
		return r.save()
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
		r := rowsOf(tx, q)
		changed := false
		for i, e := range in.Entries {
			if faults[i] = checkChange(e.ReceiptHandle, e.VisibilityTimeout); faults[i] == nil {
				faults[i] = r.change(*e.ReceiptHandle, *e.VisibilityTimeout)
			}
			changed = changed || faults[i] == nil
		}
		if !changed {
			return r.err
		}
		return r.save()
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
	st, ok := r.state(rc.seq)
	switch {
	case !ok || st.count != rc.count:
		return errValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case st.at <= r.now:
		return errNotInFlight()
	}
	end := r.tx.Now().Add(time.Duration(timeout) * time.Second)
	if end.After(time.Unix(0, int64(st.received)).Add(maxVisibility * time.Second)) {
		return errValue(timeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibility)
	}
	r.unhold(position{st.at, rc.seq})
	st.at = stampNanos(end)
	r.hold(rc.seq, st)
	r.wake = true
	return nil
}
