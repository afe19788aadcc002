package cloudformation

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// deleteAll deletes the stack, what nothing needs first.
func (w *worker) deleteAll(ctx context.Context) error {
	used, err := w.exportsInUse(ctx)
	if err != nil {
		return err
	}
	if used != "" {
		return w.update(ctx, func(tx *store.Tx, st *stack) error {
			end(tx, st, types.StackStatusDeleteFailed, used)
			return nil
		})
	}
	failed := w.removeAll(ctx, w.rows)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		if len(failed) > 0 {
			end(tx, st, types.StackStatusDeleteFailed, "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
			return nil
		}
		putExports(tx, st, nil)
		putImports(tx, st, nil)
		tx.Delete(nameKey(st.Name))
		st.Deleted = tx.Now()
		dropChangeSets(tx, st.UUID)
		tx.SetTimer(forgetTimer, st.UUID, st.Deleted.Add(remembered))
		end(tx, st, types.StackStatusDeleteComplete, "")
		return nil
	})
}

// undoCreate deletes what a failed creation made.
func (w *worker) undoCreate(ctx context.Context) error {
	failed := w.removeAll(ctx, w.rows)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		if st.Operation.Delete { // asked for while this went on
			beginDelete(tx, st, &operation{Token: st.Operation.Token}, userInitiated)
			return nil
		}
		if len(failed) > 0 {
			end(tx, st, types.StackStatusRollbackFailed, "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
			return nil
		}
		putImports(tx, st, nil)
		end(tx, st, types.StackStatusRollbackComplete, "")
		return nil
	})
}

// removeAll deletes resources in reverse order of dependency, and names those
// that could not be.
func (w *worker) removeAll(ctx context.Context, rows map[string]*resourceRow) []string {
	needs := map[string][]string{}
	for id, row := range rows {
		needs[id] = row.Needs
	}
	return template.Keys(walk(ctx, reversed(needs), true, w.remove))
}

// cleanup deletes what an update left over: resources that the template no
// longer has, and those that others have replaced. What cannot be deleted stays
// behind, as in AWS; the update has succeeded.
func (w *worker) cleanup(ctx context.Context) error {
	plan, err := w.replan(ctx)
	if err != nil {
		return err
	}
	needs := map[string][]string{}
	for id, row := range w.rows {
		if plan[id] && row.Before == nil {
			continue
		}
		needs[id] = row.Needs
		if row.Before != nil {
			needs[id] = row.Before.Needs
		}
	}
	walk(ctx, reversed(needs), true, func(ctx context.Context, id string) error {
		if plan[id] {
			return w.retire(ctx, id)
		}
		if err := w.remove(ctx, id); err != nil && ctx.Err() != nil {
			return err
		}
		return w.dropRow(ctx, id)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		tx.Delete(templateKey(st.UUID, st.Operation.Before.Template))
		end(tx, st, types.StackStatusUpdateComplete, "")
		return nil
	})
}

// replan says which resources the stack's template has.
func (w *worker) replan(ctx context.Context) (map[string]bool, error) {
	var t templateRow
	err := w.s.store.View(ctx, func(tx *store.Tx) error {
		t = templateOf(tx, w.st.UUID, w.st.Template)
		return nil
	})
	if err != nil {
		return nil, err
	}
	p, err := w.s.again(t, w.st)
	if err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for id := range p.plan.Resources {
		in[id] = true
	}
	return in, nil
}

// revert returns to what was before a failed update.
func (w *worker) revert(ctx context.Context) error {
	needs := map[string][]string{}
	for id, row := range w.rows {
		if row.Before != nil {
			needs[id] = row.Before.Needs
		}
	}
	failed := walk(ctx, needs, true, w.restore)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		if len(failed) > 0 {
			op := *st.Operation
			end(tx, st, types.StackStatusUpdateRollbackFailed, "The following resource(s) failed to update: ["+strings.Join(template.Keys(failed), ", ")+"]. ")
			st.Failed = &op
			putStack(tx, st)
			return nil
		}
		tx.Delete(templateKey(st.UUID, st.Template))
		st.settings, st.Outputs = st.Operation.Before, st.Operation.BeforeOut
		st.Operation.Phase = phaseDiscard
		setStatus(tx, st, types.StackStatusUpdateRollbackCompleteCleanupInProgress, "")
		return nil
	})
}

// discard deletes what the failed update made.
func (w *worker) discard(ctx context.Context) error {
	needs := map[string][]string{}
	for id, row := range w.rows {
		if row.Added == w.op.Serial || row.Discard != nil {
			needs[id] = row.Needs
		}
	}
	walk(ctx, reversed(needs), true, func(ctx context.Context, id string) error {
		if w.row(id).Added == w.op.Serial {
			return w.forget(ctx, id)
		}
		return w.throwAway(ctx, id)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.update(ctx, func(tx *store.Tx, st *stack) error {
		end(tx, st, types.StackStatusUpdateRollbackComplete, "")
		return nil
	})
}
