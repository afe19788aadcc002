package cloudformation

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

// changes are what an update would do.
type changes struct {
	list    []types.Change
	outputs bool // an output differs
	topics  bool // others are told
}

func (c changes) any() bool { return len(c.list) > 0 || c.outputs || c.topics }

// foresight resolves references for an update that has not begun: what will be
// made or replaced has no value yet.
type foresight struct {
	s    *Service
	rows map[string]*resourceRow
	new  map[string]bool // will have another physical id
}

func (f foresight) Ref(id string) (any, error) {
	if row := f.rows[id]; row != nil && row.Created && !f.new[id] {
		return row.ID, nil
	}
	return template.Unknown{}, nil
}

func (f foresight) GetAtt(id, attribute string) (any, error) {
	if row := f.rows[id]; row != nil && row.Created && !f.new[id] && row.Attributes[attribute] != nil {
		return row.Attributes[attribute], nil
	}
	return template.Unknown{}, nil
}

func (f foresight) Import(name string) (any, error) {
	value, err := f.s.imported(name)
	return value, err
}

// compare finds what an update would do to a stack.
func (s *Service) compare(ctx context.Context, st *stack, p *prepared, set settings) (changes, error) {
	f := foresight{s: s, new: map[string]bool{}}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		f.rows = resources(tx, st.UUID)
		return nil
	})
	if err != nil {
		return changes{}, err
	}
	c := changes{topics: !slices.Equal(st.Notify, set.Notify)}
	tagged := !equalMaps(st.Tags, set.Tags)
	for _, id := range p.plan.Order() {
		change, err := f.change(p.plan, id, tagged)
		if err != nil {
			return changes{}, refusal(err)
		}
		if change != nil {
			c.list = append(c.list, wrap(change))
		}
	}
	for _, id := range template.Keys(f.rows) {
		if p.plan.Resources[id] == nil && f.rows[id].made() {
			c.list = append(c.list, wrap(f.rows[id].described(types.ChangeActionRemove)))
		}
	}
	slices.SortFunc(c.list, func(a, b types.Change) int {
		return compareStrings(*a.ResourceChange.LogicalResourceId, *b.ResourceChange.LogicalResourceId)
	})
	c.outputs, err = f.outputsDiffer(p.plan, st.Outputs)
	return c, err
}

func wrap(c *types.ResourceChange) types.Change {
	return types.Change{Type: types.ChangeTypeResource, ResourceChange: c}
}

func equalMaps(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for key, v := range a {
		if other, ok := b[key]; !ok || other != v {
			return false
		}
	}
	return true
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (r *resourceRow) described(action types.ChangeAction) *types.ResourceChange {
	c := &types.ResourceChange{Action: action, LogicalResourceId: aws.String(r.Logical), ResourceType: aws.String(r.Type)}
	if r.ID != "" {
		c.PhysicalResourceId = aws.String(r.ID)
	}
	return c
}

// change is what an update would do to one resource, nil for nothing.
func (f foresight) change(plan *template.Plan, id string, tagged bool) (*types.ResourceChange, error) {
	r, row := plan.Resources[id], f.rows[id]
	v, err := plan.Eval(r.Properties, f)
	if err != nil {
		return nil, err
	}
	props, _ := v.(map[string]any)
	t := f.s.types[r.Type]
	if row == nil || !row.Created {
		f.new[id] = true
		return (&resourceRow{Logical: id, Type: r.Type}).described(types.ChangeActionAdd), nil
	}
	if row.Type != r.Type {
		return nil, invalid("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", id)
	}
	c := row.described(types.ChangeActionModify)
	replaces, changed := t.NeedsReplacement(row.Props, props)
	c.Replacement = types.ReplacementFalse
	if replaces {
		c.Replacement = types.ReplacementTrue
		f.new[id] = true
		if !certain(t, row.Props, props) {
			c.Replacement = types.ReplacementConditional
		}
	}
	for _, name := range changed {
		c.Details = append(c.Details, detail(t, name, props[name]))
	}
	c.Scope = scope(row, r, changed, tagged && t.Properties["Tags"] != 0)
	if len(c.Scope) == 0 {
		return nil, nil
	}
	return c, nil
}

// certain says whether a property that forces a replacement is known to differ.
func certain(t *resource.Type, old, props map[string]any) bool {
	for name, effect := range t.Properties {
		if effect == resource.Replaced && !template.HasUnknown(props[name]) && !resource.Same(old[name], props[name]) {
			return true
		}
	}
	return false
}

func detail(t *resource.Type, name string, now any) types.ResourceChangeDetail {
	target := &types.ResourceTargetDefinition{Attribute: types.ResourceAttributeProperties, Name: aws.String(name),
		RequiresRecreation: types.RequiresRecreationNever}
	if t.Properties[name] == resource.Replaced {
		target.RequiresRecreation = types.RequiresRecreationAlways
	}
	if name == "Tags" {
		target.Attribute, target.Name = types.ResourceAttributeTags, nil
	}
	d := types.ResourceChangeDetail{Target: target, Evaluation: types.EvaluationTypeStatic, ChangeSource: types.ChangeSourceDirectModification}
	if template.HasUnknown(now) {
		d.Evaluation, d.ChangeSource = types.EvaluationTypeDynamic, types.ChangeSourceResourceReference
	}
	return d
}

func scope(row *resourceRow, r *template.Resource, changed []string, tagged bool) []types.ResourceAttribute {
	var out []types.ResourceAttribute
	add := func(a types.ResourceAttribute, yes bool) {
		if yes && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, name := range changed {
		add(types.ResourceAttributeTags, name == "Tags")
		add(types.ResourceAttributeProperties, name != "Tags")
	}
	add(types.ResourceAttributeTags, tagged)
	add(types.ResourceAttributeMetadata, !resource.Same(map[string]any(row.Metadata), r.Metadata))
	add(types.ResourceAttributeDeletionPolicy, row.DeletionPolicy != r.DeletionPolicy)
	add(types.ResourceAttributeUpdateReplacePolicy, row.ReplacePolicy != r.ReplacePolicy)
	return out
}

func (f foresight) outputsDiffer(plan *template.Plan, old []output) (bool, error) {
	if len(plan.Outputs) != len(old) {
		return true, nil
	}
	for _, was := range old {
		o := plan.Outputs[was.Key]
		if o == nil || o.Description != was.Description {
			return true, nil
		}
		value, err := plan.Eval(o.Value, f)
		if err != nil {
			return false, refusal(err)
		}
		export, err := plan.Eval(o.Export, f)
		if err != nil {
			return false, refusal(err)
		}
		exported, _ := template.Text(export)
		if text, ok := template.Text(value); !ok || text != was.Value || exported != was.Export {
			return true, nil
		}
	}
	return false, nil
}
