package expr

import (
	"cmp"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// What AWS answers to an update that an item does not allow.
var (
	errAbsent  = errors.New("The provided expression refers to an attribute that does not exist in the item")
	errOperand = errors.New("An operand in the update expression has an incorrect data type")
	errPath    = errors.New("The document path provided in the update expression is invalid for update")
)

// Update is what an UpdateItem does to an item.
type Update struct {
	sets    []setAction
	actions []action // in the order REMOVE, ADD, DELETE
	paths   []Path
	legacy  bool // made of AttributeUpdates, which has its own messages
}

// setAction is path = source.
type setAction struct {
	path   Path
	source source
}

// action is one of the other kinds.
type action struct {
	verb  string // REMOVE, ADD or DELETE
	path  Path
	value attr.Value // nil for REMOVE
}

// Paths are the paths that the update changes.
func (u *Update) Paths() []Path {
	if u == nil {
		return nil
	}
	return u.paths
}

// Changes reports whether the update changes the attribute name or a part of it.
func (u *Update) Changes(name string) bool {
	return slices.ContainsFunc(u.Paths(), func(p Path) bool { return p.Top() == name })
}

// Gives returns the type that the update gives the top-level attribute name
// whatever the item, or "" if it depends on the item or the attribute is left
// alone.
func (u *Update) Gives(name string) string {
	for _, s := range u.sets {
		if len(s.path) == 1 && s.path.Top() == name {
			return s.source.kind()
		}
	}
	for _, a := range u.actions {
		if a.verb == "ADD" && len(a.path) == 1 && a.path.Top() == name {
			return attr.TypeOf(a.value)
		}
	}
	return ""
}

// Creates reports whether the update makes an item where there is none. An
// update that only takes away does not; one without any action does.
func (u *Update) Creates() bool {
	if u == nil || len(u.paths) == 0 || len(u.sets) > 0 {
		return true
	}
	return slices.ContainsFunc(u.actions, func(a action) bool { return a.verb == "ADD" })
}

// Apply changes item, which it owns, in place. All sources are read before
// anything is changed, and indexes are those of the lists before the update.
func (u *Update) Apply(item attr.Item) error {
	if u == nil {
		return nil
	}
	values := make([]attr.Value, len(u.sets))
	for i, s := range u.sets {
		v, err := s.source.eval(item)
		if err != nil {
			return err
		}
		values[i] = v
	}
	e := edit{item: item}
	for i, s := range u.sets {
		if err := e.set(s.path, values[i]); err != nil {
			return err
		}
	}
	for _, a := range u.actions {
		if err := e.do(a); err != nil {
			if errors.Is(err, errOperand) && u.legacy {
				return errTypeMismatch
			}
			return err
		}
	}
	e.closeLists()
	return nil
}

// edit is an update under way. Elements leave and join lists at its end, so
// that indexes hold until then.
type edit struct {
	item    attr.Item
	removed map[*types.AttributeValueMemberL]bool
	added   map[*types.AttributeValueMemberL][]element
}

type element struct {
	index int
	value attr.Value
}

func (e *edit) do(a action) error {
	old, err := e.get(a.path)
	if err != nil {
		return err
	}
	switch a.verb {
	case "REMOVE":
		return e.remove(a.path)
	case "ADD":
		sum, err := add(old, a.value)
		if err != nil {
			return err
		}
		return e.set(a.path, sum)
	}
	if old == nil {
		return nil
	}
	rest, ok := attr.Difference(old, a.value)
	switch {
	case !ok:
		return errOperand
	case rest == nil:
		return e.remove(a.path)
	}
	return e.set(a.path, rest)
}

// add is what ADD makes of an attribute, which is nil if there is none.
func add(old, v attr.Value) (attr.Value, error) {
	if old == nil {
		return attr.Clone(v), nil
	}
	if n, ok := v.(*types.AttributeValueMemberN); ok {
		o, ok := old.(*types.AttributeValueMemberN)
		if !ok {
			return nil, errOperand
		}
		sum, err := attr.Add(o.Value, n.Value)
		return &types.AttributeValueMemberN{Value: sum}, err
	}
	if l, ok := v.(*types.AttributeValueMemberL); ok { // AttributeUpdates alone
		o, ok := old.(*types.AttributeValueMemberL)
		if !ok {
			return nil, errOperand
		}
		return &types.AttributeValueMemberL{Value: slices.Concat(o.Value, l.Value)}, nil
	}
	set, ok := attr.Union(old, v)
	if !ok {
		return nil, errOperand
	}
	return set, nil
}

// parent returns the map or list that holds the last element of path.
func (e *edit) parent(path Path) (attr.Item, *types.AttributeValueMemberL, error) {
	if len(path) == 1 {
		return e.item, nil, nil
	}
	last := path[len(path)-1]
	switch v := path[:len(path)-1].Get(e.item).(type) {
	case *types.AttributeValueMemberM:
		if !last.isIndex() {
			return v.Value, nil, nil
		}
	case *types.AttributeValueMemberL:
		if last.isIndex() {
			return nil, v, nil
		}
	}
	return nil, nil, errPath
}

func (e *edit) get(path Path) (attr.Value, error) {
	if _, _, err := e.parent(path); err != nil {
		return nil, err
	}
	return path.Get(e.item), nil
}

func (e *edit) set(path Path, v attr.Value) error {
	m, l, err := e.parent(path)
	last := path[len(path)-1]
	switch {
	case err != nil:
		return err
	case m != nil:
		m[last.Name] = v
	case last.Index < len(l.Value):
		l.Value[last.Index] = v
	default:
		if e.added == nil {
			e.added = make(map[*types.AttributeValueMemberL][]element)
		}
		e.added[l] = append(e.added[l], element{last.Index, v})
	}
	return nil
}

func (e *edit) remove(path Path) error {
	m, l, err := e.parent(path)
	last := path[len(path)-1]
	switch {
	case err != nil:
		return err
	case m != nil:
		delete(m, last.Name)
	case last.Index < len(l.Value):
		l.Value[last.Index] = nil
		if e.removed == nil {
			e.removed = make(map[*types.AttributeValueMemberL]bool)
		}
		e.removed[l] = true
	}
	return nil
}

// closeLists takes removed elements out of their lists, and appends those that
// were set past the end, in the order of their indexes.
func (e *edit) closeLists() {
	for l := range e.removed {
		l.Value = slices.DeleteFunc(l.Value, func(v attr.Value) bool { return v == nil })
	}
	for l, added := range e.added {
		slices.SortFunc(added, func(a, b element) int { return cmp.Compare(a.index, b.index) })
		for _, a := range added {
			l.Value = append(l.Value, a.value)
		}
	}
}

// source is the right side of a SET.
type source interface {
	eval(item attr.Item) (attr.Value, error)
	kind() string
}

type (
	// operandSource is a path or a placeholder alone.
	operandSource struct{ operand }

	sum struct {
		op          string // + or -
		left, right source
	}
	ifNotExists struct {
		path      operand
		otherwise source
	}
	listAppend struct{ left, right source }
)

// eval copies the value, so that what is set here is not changed there.
func (s operandSource) eval(item attr.Item) (attr.Value, error) {
	v := s.value(item)
	if v == nil {
		return nil, errAbsent
	}
	return attr.Clone(v), nil
}

func (s sum) kind() string { return "N" }

func (s sum) eval(item attr.Item) (attr.Value, error) {
	left, right, err := evalBoth(s.left, s.right, item)
	if err != nil {
		return nil, err
	}
	l, ok := left.(*types.AttributeValueMemberN)
	r, too := right.(*types.AttributeValueMemberN)
	if !ok || !too {
		return nil, errOperand
	}
	op := attr.Add
	if s.op == "-" {
		op = attr.Sub
	}
	n, err := op(l.Value, r.Value)
	return &types.AttributeValueMemberN{Value: n}, err
}

func evalBoth(left, right source, item attr.Item) (l, r attr.Value, err error) {
	if l, err = left.eval(item); err == nil {
		r, err = right.eval(item)
	}
	return l, r, err
}

func (s ifNotExists) kind() string { return "" }

func (s ifNotExists) eval(item attr.Item) (attr.Value, error) {
	if v := s.path.value(item); v != nil {
		return attr.Clone(v), nil
	}
	return s.otherwise.eval(item)
}

func (s listAppend) kind() string { return "L" }

func (s listAppend) eval(item attr.Item) (attr.Value, error) {
	left, right, err := evalBoth(s.left, s.right, item)
	if err != nil {
		return nil, err
	}
	l, ok := left.(*types.AttributeValueMemberL)
	r, too := right.(*types.AttributeValueMemberL)
	if !ok || !too {
		return nil, errOperand
	}
	return &types.AttributeValueMemberL{Value: slices.Concat(l.Value, r.Value)}, nil
}
