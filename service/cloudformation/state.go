package cloudformation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

const stackType = "AWS::CloudFormation::Stack"

// userInitiated is the reason for what a request began.
const userInitiated = "User Initiated"

// uuidOf is the last part of a stack's ARN.
func uuidOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// find reads a stack by its name or ARN. By name it finds the one that is not
// deleted, by ARN any.
func find(tx *store.Tx, nameOrID string) (*stack, bool) {
	uuid := uuidOf(nameOrID)
	if !strings.HasPrefix(nameOrID, "arn:") {
		id, ok := tx.Get(nameKey(nameOrID))
		if !ok {
			return nil, false
		}
		uuid = string(id)
	}
	st := &stack{}
	ok := tx.GetJSON(stackKey(uuid), st)
	return st, ok && (st.Name == nameOrID || st.ID == nameOrID)
}

// lookup is find in a transaction of its own.
func (s *Service) lookup(ctx context.Context, nameOrID string) (st *stack, ok bool, err error) {
	err = s.store.View(ctx, func(tx *store.Tx) error {
		st, ok = find(tx, nameOrID)
		return nil
	})
	return st, ok, err
}

// putEvent adds to the history of a stack. Two events of a resource may have the
// same status and time, so the number that orders events is part of their ids:
// clients know by the id what they have seen.
func putEvent(tx *store.Tx, st *stack, e stackEvent) {
	e.Time = tx.Now()
	if st.Operation != nil {
		e.Token = st.Operation.Token
	}
	n := tx.NextID()
	if e.ID == "" {
		e.ID = fmt.Sprintf("%s-%s-%s-%x", e.Logical, e.Status, e.Time.Format("2006-01-02T15:04:05.000Z"), n)
	}
	tx.PutJSON(eventsKey(st.UUID).Uint(n), e)
	notify(tx, st, n, e)
}

// setStatus changes the status of a stack, with the event that says so.
func setStatus(tx *store.Tx, st *stack, status types.StackStatus, reason string) {
	st.Status, st.Reason = string(status), reason
	putEvent(tx, st, stackEvent{ID: event.NewID(), Logical: st.Name, Physical: st.ID, Type: stackType, Status: st.Status, Reason: reason})
	putStack(tx, st)
}

func putStack(tx *store.Tx, st *stack) {
	tx.PutJSON(stackKey(st.UUID), st)
	tx.Wake(stackTopic(st.UUID))
}

// begin starts an operation on a stack; the worker takes it from there.
func begin(tx *store.Tx, st *stack, op *operation) {
	op.Serial, op.Phase, op.Began = tx.NextID(), phaseForward, tx.Now()
	st.Operation = op
	tx.Set(runningKey(st.UUID), nil)
	tx.Wake(runningTopic)
}

// end is the end of an operation, with the stack's last status.
func end(tx *store.Tx, st *stack, status types.StackStatus, reason string) {
	setStatus(tx, st, status, reason)
	st.Operation = nil
	putStack(tx, st)
	tx.Delete(runningKey(st.UUID))
}

// resources reads the rows of a stack's resources.
func resources(tx *store.Tx, uuid string) map[string]*resourceRow {
	rows := map[string]*resourceRow{}
	space := resourcesKey(uuid)
	for key := range tx.Scan(store.Prefix(space)) {
		row := &resourceRow{}
		if tx.GetJSON(key.Clone(), row) {
			rows[row.Logical] = row
		}
	}
	return rows
}

// templateOf reads a template that a stack was or is deployed with.
func templateOf(tx *store.Tx, uuid string, n uint64) templateRow {
	var t templateRow
	tx.GetJSON(templateKey(uuid, n), &t)
	return t
}

func putTemplate(tx *store.Tx, uuid string, p *prepared) uint64 {
	n := tx.NextID()
	tx.PutJSON(templateKey(uuid, n), templateRow{Body: p.body, Processed: p.processed})
	return n
}

// deployed are the settings that a request asks for.
func (p *prepared) settings() settings {
	set := settings{Description: p.plan.Template.Description, Parameters: p.values}
	for _, name := range template.Keys(p.plan.Template.Parameters) {
		if p.plan.Template.Parameters[name].NoEcho {
			set.Hidden = append(set.Hidden, name)
		}
	}
	return set
}

// inProgress says whether an operation is under way.
func (st *stack) inProgress() bool {
	return strings.HasSuffix(st.Status, "_IN_PROGRESS") && st.Operation != nil
}

func (st *stack) live() bool { return st.Status != string(types.StackStatusDeleteComplete) }

// timeOrNil is for outputs in which a time may be absent.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

const (
	forgetTimer = "cloudformation/forget"
	remembered  = 90 * 24 * time.Hour // how long a deleted stack can be described
)

// forgetStack removes what is still known of a stack that was deleted long ago.
func forgetStack(_ context.Context, tx *store.Tx, uuid string) error {
	tx.Delete(stackKey(uuid))
	for _, space := range []store.Key{resourcesKey(uuid), eventsKey(uuid), templatesKey(uuid)} {
		tx.DeleteRange(store.Prefix(space))
	}
	return nil
}
