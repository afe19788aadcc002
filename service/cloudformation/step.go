package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// Statuses that resources have.
const (
	createInProgress = string(types.ResourceStatusCreateInProgress)
	createComplete   = string(types.ResourceStatusCreateComplete)
	createFailed     = string(types.ResourceStatusCreateFailed)
	updateInProgress = string(types.ResourceStatusUpdateInProgress)
	updateComplete   = string(types.ResourceStatusUpdateComplete)
	updateFailed     = string(types.ResourceStatusUpdateFailed)
	deleteInProgress = string(types.ResourceStatusDeleteInProgress)
	deleteComplete   = string(types.ResourceStatusDeleteComplete)
	deleteFailed     = string(types.ResourceStatusDeleteFailed)
	deleteSkipped    = string(types.ResourceStatusDeleteSkipped)
)

// verb is the set of statuses of a step.
type verb struct{ progress, complete, failed string }

var (
	creating = verb{createInProgress, createComplete, createFailed}
	updating = verb{updateInProgress, updateComplete, updateFailed}
)

// call is what a step on a row tells the type.
func (w *worker) call(row *resourceRow) *resource.Call {
	now, was := w.st.Tags, w.op.Before.Tags
	if w.op.Kind == "UPDATE" && w.op.Phase == phaseRollback {
		now, was = was, now
	}
	return &resource.Call{Clients: w.s.clients, Account: w.s.cfg.Account, Region: w.s.cfg.Region, Stack: w.st.Name,
		StackID: w.st.ID, Logical: row.Logical, Token: w.op.Token, Name: row.Name, ID: row.ID, Props: row.Props,
		Tags: now, OldTags: was, Attributes: clone(row.Attributes)}
}

func clone(m tree) map[string]any {
	out := make(map[string]any, len(m))
	for key, v := range m {
		out[key] = v
	}
	return out
}

// apply brings one resource to what the template says. A step that was complete
// before a crash is not taken again; one that was cut short is.
func (w *worker) apply(ctx context.Context, id string) error {
	row := w.row(id)
	if row != nil && row.Done == w.op.Serial {
		return nil
	}
	want, err := w.want(id)
	if err != nil {
		return w.refuse(ctx, row, want, err)
	}
	switch {
	case row == nil || row.Added == w.op.Serial || row.Status == deleteComplete || !row.Created && row.Before == nil:
		want.Added = w.op.Serial
		return w.make(ctx, row, want, creating)
	case row.Replacing:
		want.Before, want.Replacing = row.Before, true
		return w.make(ctx, row, want, updating)
	}
	return w.change(ctx, row, want)
}

// want is the row as it will be, without what only the service can tell.
func (w *worker) want(id string) (*resourceRow, error) {
	r := w.plan.Resources[id]
	want := &resourceRow{Logical: id, Type: r.Type, Metadata: r.Metadata, Needs: w.plan.Needs[id],
		DeletionPolicy: r.DeletionPolicy, ReplacePolicy: r.ReplacePolicy}
	switch {
	case r.CreationPolicy != nil:
		return want, unsupported("CreationPolicy", id, r.Type)
	case r.UpdatePolicy != nil:
		return want, unsupported("UpdatePolicy", id, r.Type)
	case r.DeletionPolicy == "Snapshot" || r.ReplacePolicy == "Snapshot":
		return want, unsupported("Snapshot policy", id, r.Type)
	}
	if err := w.misfit(id); err != nil { // before what it refers to is there
		return want, err
	}
	v, err := w.plan.Eval(r.Properties, w)
	if err != nil {
		return want, err
	}
	want.Props, _ = v.(map[string]any)
	return want, w.s.types[r.Type].Check(r.Type, id, want.Props)
}

// shown writes a resource's properties as its events tell them, without what
// NoEcho hides. It is "" where they cannot be told so.
func (w *worker) shown(id string) string {
	v, err := w.plan.Shown(w.plan.Resources[id].Properties, w)
	if err != nil {
		return ""
	}
	props, _ := v.(map[string]any)
	if props == nil {
		props = map[string]any{}
	}
	text, err := template.JSON(props)
	if err != nil {
		return ""
	}
	return text
}

func unsupported(what, id, kind string) error {
	return &resource.PropertyError{Message: fmt.Sprintf("%s of resource %s of type %s is not supported", what, id, kind)}
}

// refuse fails a resource before anything was done to it.
func (w *worker) refuse(ctx context.Context, row, want *resourceRow, err error) error {
	failed := createFailed
	if row == nil {
		row = want
		row.Added = w.op.Serial
	} else if row.Created {
		failed = updateFailed
	}
	return w.fail(ctx, row, failed, err)
}

// fail records why a step failed, unless it is the process that ends.
func (w *worker) fail(ctx context.Context, row *resourceRow, status string, err error) error {
	why := reason(err, w.op.Token)
	if ctx.Err() != nil {
		if context.Cause(ctx) == context.Canceled {
			return ctx.Err()
		}
		why = "Resource creation cancelled"
		ctx = context.WithoutCancel(ctx)
	}
	if saved := w.save(ctx, row, stackEvent{Status: status, Reason: why}); saved != nil {
		return saved
	}
	return err
}

// make creates a resource. The row says how far an earlier attempt came.
func (w *worker) make(ctx context.Context, row, want *resourceRow, v verb) error {
	t := w.s.types[want.Type]
	resumed := row != nil && row.Trying == w.op.Serial && row.Name == w.rowName(row, want)
	if resumed {
		want.Name, want.ID, want.Attributes, want.Created, want.Trying = row.Name, row.ID, row.Attributes, row.Created, row.Trying
	} else if err := w.prepareName(ctx, t, want, v); err != nil {
		return w.fail(ctx, want, v.failed, err)
	}
	c := w.call(want)
	if err := w.create(ctx, t, c, want, v, resumed); err != nil {
		return w.fail(ctx, want, v.failed, err)
	}
	if t.Configure != nil {
		if err := t.Configure(ctx, c); err != nil {
			return w.fail(ctx, want, v.failed, err)
		}
	}
	want.ID, want.Attributes, want.Done = c.ID, c.Attributes, w.op.Serial
	return w.save(ctx, want, stackEvent{Status: v.complete})
}

// rowName is the name that a resumed attempt must have had.
func (w *worker) rowName(row, want *resourceRow) string {
	if name, own := w.s.types[want.Type].ChooseName(w.st.Name, want.Logical, want.Props); own {
		return name
	}
	return row.Name
}

// prepareName chooses the name and stores it. A name of the template's own must
// be free: what has it already is not ours.
func (w *worker) prepareName(ctx context.Context, t *resource.Type, want *resourceRow, v verb) error {
	name, own := t.ChooseName(w.st.Name, want.Logical, want.Props)
	want.Name = name
	begun := stackEvent{Status: v.progress, Props: w.shown(want.Logical)}
	if own && t.Exists != nil {
		if err := w.save(ctx, want, begun); err != nil {
			return err
		}
		begun = stackEvent{}
		exists, err := t.Exists(ctx, w.call(want))
		if err != nil {
			return err
		}
		if exists {
			return &smithy.GenericAPIError{Code: "ResourceAlreadyExistsException", Message: name + " already exists"}
		}
	}
	want.Trying = w.op.Serial
	return w.save(ctx, want, begun)
}

// create makes the resource unless an earlier attempt did. What a call that
// failed left behind is remembered, so that a rollback deletes that and nothing
// else.
func (w *worker) create(ctx context.Context, t *resource.Type, c *resource.Call, want *resourceRow, v verb, resumed bool) error {
	if want.Created {
		return nil
	}
	exists := false
	var err error
	if resumed && t.Exists != nil {
		if exists, err = t.Exists(ctx, c); err != nil {
			return err
		}
	}
	if !exists {
		err = t.Create(ctx, c)
	}
	if err != nil && c.ID == "" && refused(err) {
		want.Trying = 0
		return err
	}
	want.ID, want.Attributes, want.Created = c.ID, c.Attributes, err == nil
	if err != nil {
		return err
	}
	return w.save(ctx, want, stackEvent{Status: v.progress, Reason: "Resource creation Initiated"})
}

// refused says that a call had no effect: the service answered that it would
// not, or the properties never made it into a call.
func refused(err error) bool {
	var api smithy.APIError
	var property *resource.PropertyError
	var parameters smithy.InvalidParamsError
	return errors.As(err, &property) || errors.As(err, &parameters) || errors.As(err, &api) && api.ErrorFault() != smithy.FaultServer
}

// change updates a resource that exists, or replaces it.
func (w *worker) change(ctx context.Context, row, want *resourceRow) error {
	t := w.s.types[want.Type]
	was := row
	if row.Trying == w.op.Serial && row.Before != nil {
		was = row.Before
	}
	want.Name, want.ID, want.Attributes, want.Created, want.Added = row.Name, row.ID, row.Attributes, true, row.Added
	replace, changed := t.NeedsReplacement(was.Props, want.Props)
	if len(changed) == 0 && !w.retagged(t) && !strings.HasSuffix(was.Status, "_FAILED") {
		want.Status, want.Reason, want.Done = row.Status, row.Reason, w.op.Serial
		return w.save(ctx, want, stackEvent{})
	}
	before := *was
	before.Before, before.Discard = nil, nil
	want.Before = &before
	if replace {
		return w.replace(ctx, row, want)
	}
	want.Trying = w.op.Serial
	if err := w.save(ctx, want, stackEvent{Status: updateInProgress, Props: w.shown(want.Logical)}); err != nil {
		return err
	}
	if err := w.modify(ctx, want, before.Props); err != nil {
		return w.fail(ctx, want, updateFailed, err)
	}
	want.Done = w.op.Serial
	return w.save(ctx, want, stackEvent{Status: updateComplete})
}

// retagged says whether the stack's tags are new to a type that has tags.
func (w *worker) retagged(t *resource.Type) bool {
	return t.Properties["Tags"] != 0 && !reflect.DeepEqual(emptyIsNil(w.op.Before.Tags), emptyIsNil(w.st.Tags))
}

func emptyIsNil(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// modify updates what exists from old properties to those of the row, and the
// row's id and attributes to what comes of it.
func (w *worker) modify(ctx context.Context, row *resourceRow, old tree) error {
	t := w.s.types[row.Type]
	c := w.call(row)
	c.Old = old
	if c.Old == nil {
		c.Old = map[string]any{}
	}
	for _, step := range []func(context.Context, *resource.Call) error{t.Update, t.Configure} {
		if step == nil {
			continue
		}
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	row.ID, row.Attributes = c.ID, c.Attributes
	return nil
}

// replace makes a new resource beside the old, which is deleted when the update
// has succeeded.
func (w *worker) replace(ctx context.Context, row, want *resourceRow) error {
	t := w.s.types[want.Type]
	if name, own := t.ChooseName(w.st.Name, want.Logical, want.Props); own && name == row.Name {
		return w.fail(ctx, row, updateFailed, &resource.PropertyError{Message: "CloudFormation cannot update a stack when a " +
			"custom-named resource requires replacing. Rename " + name + " and update the stack again."})
	}
	row.Before = want.Before
	if err := w.save(ctx, row, stackEvent{Status: updateInProgress,
		Reason: "Requested update requires the creation of a new physical resource; hence creating one."}); err != nil {
		return err
	}
	want.ID, want.Attributes, want.Created, want.Name, want.Replacing = "", nil, false, "", true
	return w.make(ctx, nil, want, updating)
}

// remove deletes a resource with its stack. The row stays, for those who ask
// about the stack later.
func (w *worker) remove(ctx context.Context, id string) error {
	row := w.row(id)
	left := []*resourceRow{row.Discard} // by an update that failed
	if row.Replacing {
		left = append(left, row.Before)
	}
	for _, old := range left {
		if old == nil {
			continue
		}
		if err := w.destroy(ctx, old); err != nil {
			return w.fail(ctx, row, deleteFailed, err)
		}
	}
	return w.erase(ctx, row)
}

func (w *worker) erase(ctx context.Context, row *resourceRow) error {
	if row.Status == deleteComplete || row.Status == deleteSkipped {
		return nil
	}
	if !row.made() {
		return w.save(ctx, row, stackEvent{Status: deleteComplete})
	}
	if w.keeps(row) {
		return w.save(ctx, row, stackEvent{Status: deleteSkipped})
	}
	if err := w.save(ctx, row, stackEvent{Status: deleteInProgress}); err != nil {
		return err
	}
	if err := w.destroy(ctx, row); err != nil {
		return w.fail(ctx, row, deleteFailed, err)
	}
	row.Created, row.Trying, row.Before, row.Discard = false, 0, nil, nil
	return w.save(ctx, row, stackEvent{Status: deleteComplete})
}

// made says whether there may be something to delete.
func (r *resourceRow) made() bool { return r.Created || r.Trying != 0 || r.ID != "" }

// keeps says whether a resource stays when it goes from the stack.
func (w *worker) keeps(row *resourceRow) bool {
	switch row.DeletionPolicy {
	case "Retain":
		return true
	case "RetainExceptOnCreate":
		return row.Added != w.op.Serial
	}
	return slices.Contains(w.op.Retain, row.Logical)
}

// destroy calls the type's Delete.
func (w *worker) destroy(ctx context.Context, row *resourceRow) error {
	t := w.s.types[row.Type]
	if t == nil || t.Delete == nil || !row.made() {
		return nil
	}
	return t.Delete(ctx, w.call(row))
}

// forget deletes a resource that the template does not have, and its row.
func (w *worker) forget(ctx context.Context, id string) error {
	if err := w.remove(ctx, id); err != nil {
		return err
	}
	return w.dropRow(ctx, id)
}

func (w *worker) dropRow(ctx context.Context, id string) error {
	return w.s.store.Update(ctx, func(tx *store.Tx) error {
		tx.Delete(resourceKey(w.st.UUID, id))
		return nil
	})
}

// retire ends an update of a resource: what it replaced is deleted.
func (w *worker) retire(ctx context.Context, id string) error {
	row := w.row(id)
	before, replaced := row.Before, row.Replacing
	if replaced && row.ReplacePolicy != "Retain" {
		if err := w.discardOld(ctx, before); err != nil {
			return err
		}
	}
	row.Before, row.Replacing = nil, false
	return w.save(ctx, row, stackEvent{})
}

// discardOld deletes a physical resource that is no longer the row's, with
// events as for one that is. A failure is told and otherwise passed over.
func (w *worker) discardOld(ctx context.Context, old *resourceRow) error {
	tell := func(status, why string) error {
		return w.s.store.Update(ctx, func(tx *store.Tx) error {
			putEvent(tx, w.st, stackEvent{Logical: old.Logical, Physical: old.ID, Type: old.Type, Status: status, Reason: why})
			return nil
		})
	}
	if err := tell(deleteInProgress, ""); err != nil {
		return err
	}
	if err := w.destroy(ctx, old); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return tell(deleteFailed, reason(err, w.op.Token))
	}
	return tell(deleteComplete, "")
}

// restore returns one resource to what it was before a failed update. Where that
// fails the row stays that of the update, so that it can be tried again.
func (w *worker) restore(ctx context.Context, id string) error {
	row := w.row(id)
	back := *row.Before
	if row.Replacing {
		discard := *row
		discard.Before = nil
		back.Discard = &discard
		return w.save(ctx, &back, stackEvent{Status: updateComplete})
	}
	if row.Trying != w.op.Serial {
		return w.save(ctx, &back, stackEvent{})
	}
	back.Attributes, back.ID = row.Attributes, row.ID
	if slices.Contains(w.op.Skip, id) {
		return w.save(ctx, &back, stackEvent{Status: updateComplete})
	}
	if err := w.save(ctx, row, stackEvent{Status: updateInProgress}); err != nil {
		return err
	}
	if err := w.modify(ctx, &back, row.Props); err != nil {
		return w.fail(ctx, row, updateFailed, err)
	}
	back.Trying, back.Done = 0, 0
	return w.save(ctx, &back, stackEvent{Status: updateComplete})
}

// throwAway deletes the replacement that a failed update made.
func (w *worker) throwAway(ctx context.Context, id string) error {
	row := w.row(id)
	if row.Discard.made() {
		if err := w.discardOld(ctx, row.Discard); err != nil {
			return err
		}
	}
	row.Discard = nil
	return w.save(ctx, row, stackEvent{})
}
