package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// worker carries out one phase of the operation of one stack. It holds copies
// of the rows; what it learns it stores before it goes on.
type worker struct {
	s    *Service
	st   *stack
	op   *operation
	plan *template.Plan // of a forward phase that makes something

	mu   sync.Mutex
	rows map[string]*resourceRow
}

// work carries out the operation of a stack, phase by phase, to its end.
func (s *Service) work(ctx context.Context, uuid string) error {
	for {
		w, err := s.worker(ctx, uuid)
		if err != nil {
			return err
		}
		if w == nil {
			return nil
		}
		if err := w.phase(ctx); err != nil {
			return err
		}
	}
}

// worker reads where the operation stands. It is nil when there is none.
func (s *Service) worker(ctx context.Context, uuid string) (*worker, error) {
	w := &worker{s: s, st: &stack{}}
	var t templateRow
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if !tx.GetJSON(stackKey(uuid), w.st) {
			return nil
		}
		w.rows = resources(tx, uuid)
		t = templateOf(tx, uuid, w.st.Template)
		return nil
	})
	if err != nil || w.st.Operation == nil {
		return nil, err
	}
	w.op = w.st.Operation
	if w.op.Kind == "DELETE" || w.op.Phase != phaseForward {
		return w, nil
	}
	p, err := s.again(t, w.st)
	if err != nil { // another version of this program has accepted it
		return nil, w.giveUp(ctx, reason(err, w.op.Token)+". ")
	}
	w.plan = p.plan
	return w, nil
}

// again binds a template that was accepted.
func (s *Service) again(t templateRow, st *stack) (*prepared, error) {
	tree, err := template.Parse(t.Processed)
	if err != nil {
		return nil, err
	}
	return s.bind(tree, st.Parameters, s.env(st.Name, st.ID, st.Notify), nil)
}

func (w *worker) phase(ctx context.Context) error {
	switch {
	case w.op.Kind == "DELETE":
		return w.deleteAll(ctx)
	case w.op.Phase == phaseForward:
		return w.deploy(ctx)
	case w.op.Phase == phaseCleanup:
		return w.cleanup(ctx)
	case w.op.Phase == phaseDiscard:
		return w.discard(ctx)
	case w.op.Kind == "CREATE":
		return w.undoCreate(ctx)
	}
	return w.revert(ctx)
}

// update changes the stack's row. It works on the row as it is, not on the copy.
func (w *worker) update(ctx context.Context, change func(tx *store.Tx, st *stack) error) error {
	return w.s.store.Update(ctx, func(tx *store.Tx) error {
		st := &stack{}
		if !tx.GetJSON(stackKey(w.st.UUID), st) || st.Operation == nil || st.Operation.Serial != w.op.Serial {
			return errors.New("the operation is no longer the stack's")
		}
		return change(tx, st)
	})
}

func (w *worker) row(id string) *resourceRow {
	w.mu.Lock()
	defer w.mu.Unlock()
	if row := w.rows[id]; row != nil {
		kept := *row
		return &kept
	}
	return nil
}

// save stores a resource's row with the event that tells of it; an event
// without a status tells nothing.
func (w *worker) save(ctx context.Context, row *resourceRow, e stackEvent) error {
	if e.Status != "" {
		row.Status, row.Reason = e.Status, e.Reason
	}
	err := w.s.store.Update(ctx, func(tx *store.Tx) error {
		row.Changed = tx.Now()
		tx.PutJSON(resourceKey(w.st.UUID, row.Logical), row)
		if e.Status != "" {
			e.Logical, e.Physical, e.Type = row.Logical, row.ID, row.Type
			putEvent(tx, w.st, e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := *row
	w.rows[row.Logical] = &kept
	return nil
}

// Ref, GetAtt and Import resolve what exists.

func (w *worker) Ref(id string) (any, error) {
	if row := w.row(id); row != nil && row.ID != "" {
		return row.ID, nil
	}
	return nil, &template.Error{Message: "Unable to resolve a reference to " + id}
}

func (w *worker) GetAtt(id, attribute string) (any, error) {
	row := w.row(id)
	if row != nil && row.Attributes[attribute] != nil {
		return row.Attributes[attribute], nil
	}
	return nil, &template.Error{Message: fmt.Sprintf("Attribute '%s' does not exist on resource %s", attribute, id)}
}

func (w *worker) Import(name string) (any, error) {
	value, err := w.s.imported(name)
	return value, err
}

// deploy makes what the template says. It ends in the outputs, or in a rollback.
func (w *worker) deploy(ctx context.Context) error {
	needs, err := w.misfits()
	if err != nil {
		return err
	}
	if len(needs) == 0 {
		needs = w.plan.Needs
	}
	steps, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := w.watch(steps, cancel)
	failed := walk(steps, needs, false, w.apply)
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := context.Cause(steps); cause != nil {
		return w.giveUp(ctx, cause.Error())
	}
	if len(failed) > 0 {
		verb := strings.ToLower(w.op.Kind)
		return w.giveUp(ctx, fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", verb, strings.Join(template.Keys(failed), ", ")))
	}
	return w.finish(ctx)
}

// misfits are resources with properties that their types do not have. Where there
// are any, they alone are tried, so that a stack that must fail makes nothing.
func (w *worker) misfits() (map[string][]string, error) {
	out := map[string][]string{}
	for id := range w.plan.Resources {
		var property *resource.PropertyError
		if err := w.misfit(id); errors.As(err, &property) {
			out[id] = nil
		} else if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// misfit is what is wrong with the properties of a resource, whatever those that
// it refers to will be.
func (w *worker) misfit(id string) error {
	r := w.plan.Resources[id]
	v, err := w.plan.Eval(r.Properties, unborn{w.s, w.plan.Template})
	if err != nil {
		return err
	}
	props, _ := v.(map[string]any)
	return w.s.types[r.Type].Check(r.Type, id, props)
}

// watch cancels the steps when the operation is given up, or takes longer than
// its stack allows.
func (w *worker) watch(steps context.Context, cancel context.CancelCauseFunc) (stop func()) {
	changes := w.s.store.Watch(stackTopic(w.st.UUID))
	limit := time.Duration(w.st.TimeoutMinutes) * time.Minute
	if limit == 0 || w.op.Kind != "CREATE" {
		limit = 1 << 40 * time.Millisecond
	}
	alarm := w.s.store.Clock().Alarm(w.op.Began.Add(limit))
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if w.cancelled(steps) {
				cancel(errors.New(userInitiated))
			}
			select {
			case <-changes.C:
			case <-alarm.C:
				cancel(errors.New("Stack creation time exceeded the specified timeout. "))
				return
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
		alarm.Stop()
		changes.Close()
	}
}

func (w *worker) cancelled(ctx context.Context) bool {
	var st stack
	err := w.s.store.View(ctx, func(tx *store.Tx) error {
		tx.GetJSON(stackKey(w.st.UUID), &st)
		return nil
	})
	return err == nil && st.Operation != nil && st.Operation.Cancelled
}

// finish computes the outputs and ends a forward phase, or gives up.
func (w *worker) finish(ctx context.Context) error {
	outputs, imports, err := w.outputs()
	if err != nil {
		return w.giveUp(ctx, reason(err, w.op.Token))
	}
	var why string
	err = w.update(ctx, func(tx *store.Tx, st *stack) error {
		if st.Operation.Cancelled { // since the steps ended
			why = userInitiated
			return nil
		}
		if conflict := exportConflict(tx, st, outputs); conflict != "" {
			why = conflict + ". "
			return nil
		}
		putExports(tx, st, outputs)
		putImports(tx, st, imports)
		st.Outputs = outputs
		if st.Operation.Kind == "CREATE" {
			end(tx, st, types.StackStatusCreateComplete, "")
			return nil
		}
		st.Operation.Phase = phaseCleanup
		setStatus(tx, st, types.StackStatusUpdateCompleteCleanupInProgress, "")
		return nil
	})
	if err == nil && why != "" {
		return w.giveUp(ctx, why)
	}
	return err
}

// outputs evaluates the Outputs section, and collects what the stack imports.
func (w *worker) outputs() ([]output, []string, error) {
	r := &recorder{worker: w, names: map[string]bool{}}
	for _, id := range template.Keys(w.plan.Resources) {
		if _, err := w.plan.Eval(w.plan.Resources[id].Properties, r); err != nil {
			return nil, nil, err
		}
	}
	var out []output
	for _, key := range template.Keys(w.plan.Outputs) {
		o := w.plan.Outputs[key]
		v, err := w.plan.Eval(o.Value, r)
		if err != nil {
			return nil, nil, err
		}
		text, ok := template.Text(v)
		if !ok {
			return nil, nil, &template.Error{Message: "Template format error: The Value field of every Outputs member must evaluate to a String."}
		}
		line := output{Key: key, Value: text, Description: o.Description}
		if o.Export != nil {
			name, err := w.plan.Eval(o.Export, r)
			if err != nil {
				return nil, nil, err
			}
			if line.Export, ok = template.Text(name); !ok || line.Export == "" {
				return nil, nil, &template.Error{Message: "Template format error: The Name field of every Export member must evaluate to a String."}
			}
		}
		out = append(out, line)
	}
	return out, template.Keys(r.names), nil
}

// recorder is the worker as a resolver that notes imports.
type recorder struct {
	*worker
	names map[string]bool
}

func (r *recorder) Import(name string) (any, error) {
	r.names[name] = true
	return r.worker.Import(name)
}

// giveUp turns a forward phase into what follows a failure.
func (w *worker) giveUp(ctx context.Context, why string) error {
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		st.Cause = why
		switch {
		case st.Operation.Delete:
			beginDelete(tx, st, &operation{Token: st.Operation.Token}, userInitiated)
		case st.Operation.Kind == "UPDATE":
			st.Operation.Phase = phaseRollback
			setStatus(tx, st, types.StackStatusUpdateRollbackInProgress, why)
		case st.DisableRollback || st.OnFailure == string(types.OnFailureDoNothing):
			end(tx, st, types.StackStatusCreateFailed, why)
		case st.OnFailure == string(types.OnFailureDelete):
			beginDelete(tx, st, &operation{Token: st.Operation.Token}, why+"Delete requested by user.")
		default:
			st.Operation.Phase = phaseRollback
			setStatus(tx, st, types.StackStatusRollbackInProgress, why+"Rollback requested by user.")
		}
		return nil
	})
}
