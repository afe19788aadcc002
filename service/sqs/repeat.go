package sqs

import (
	"encoding/binary"

	"github.com/runnel/runnel/service/sqs/backlog"
)

// A receive of a FIFO queue can be repeated, in case that its answer was lost:
// with the same ReceiveRequestAttemptId it gets the same messages and handles
// again, for five minutes, as long as nothing was done to the messages
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html).

// remember keeps what a receive got, by its attempt.
func (rc *receive) remember() {
	if rc.order.attempt == "" || len(rc.got) == 0 {
		return
	}
	var b []byte
	for _, t := range rc.got {
		for _, n := range []uint64{t.receipt.seq, t.receipt.count, t.state.At} {
			b = binary.BigEndian.AppendUint64(b, n)
		}
	}
	rc.Remember(b, memoryOfReceive, rc.order.attempt)
}

// repeat receives again what the same attempt got before, if all of it is still
// as it was, and hides it anew.
func (rc *receive) repeat() bool {
	if rc.order.attempt == "" {
		return false
	}
	b, ok := rc.Recall(memoryOfReceive, rc.order.attempt)
	if !ok || len(b)%24 != 0 {
		return false
	}
	for ; len(b) > 0; b = b[24:] {
		seq, count, at := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])
		st, ok := rc.State(seq)
		row, there := rc.Body(seq)
		if !ok || !there || st.Count != count || st.At != at || st.At <= rc.Now() {
			rc.got = nil
			return false
		}
		rc.got = append(rc.got, taken{row, receipt{rc.q.ID, seq, count}, st})
	}
	for i := range rc.got {
		t := &rc.got[i]
		rc.Take(backlog.Candidate{Position: backlog.Position{At: t.state.At, Seq: t.receipt.seq}, Held: true, Group: t.state.Group})
		rc.hideUntil(&t.state)
		rc.Hold(t.receipt.seq, t.state)
	}
	rc.wrote = true
	rc.note().received += len(rc.got)
	rc.remember()
	return true
}
