// Package resource knows the types of resources that a stack may have: their
// properties, what a change of each does, what Ref and Fn::GetAtt give, and how
// to create, change and delete one.
//
// It is a client like any other: every step is a call of the AWS SDK, so what a
// stack does is what its user could do. Each step may be cut short by a crash
// and is then taken again, so each is idempotent: Create is preceded by Exists
// where it may have happened already, Update may be repeated, and Delete of what
// is gone succeeds.
//
// Source: CloudFormation template reference, "AWS resource and property types
// reference", one page a type.
package resource

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// Type is one type of resource. Functions that are nil have nothing to do.
type Type struct {
	// Properties says of each property that is supported whether a change of it
	// replaces the resource.
	Properties map[string]Effect
	// Required properties.
	Required []string
	// Attributes that Fn::GetAtt gives. One that ends in a dot stands for all
	// that begin so.
	Attributes []string
	// NameProperty is the property that names the resource; without it the name
	// is generated. "" for types whose ids the service chooses.
	NameProperty string
	// Anonymous says that a generated name is the physical id of something that
	// has no name of its own in its service.
	Anonymous bool
	// MaxName is the length limit of a generated name; 64 if 0.
	MaxName int
	// Lower says that generated names are lower-case and have a stack part.
	Lower bool
	// FIFOProperty is the property by which the name must end in .fifo.
	FIFOProperty string
	// Capability that a template with such a resource needs: CAPABILITY_IAM.
	Capability string

	// Exists looks for what Create makes, by its name or its natural key, and
	// sets Call.ID and the attributes if it is there.
	Exists func(context.Context, *Call) (bool, error)
	// Create makes the resource and sets Call.ID and the attributes.
	Create func(context.Context, *Call) error
	// Configure makes settings that are calls of their own. It follows Create.
	Configure func(context.Context, *Call) error
	// Update changes what exists from Call.Old to Call.Props, as far as no
	// property that replaces it is concerned. Configure follows it.
	Update func(context.Context, *Call) error
	// Delete removes the resource; what is gone already is no error.
	Delete func(context.Context, *Call) error
	// Replaces says whether a change that Properties calls an update needs a
	// replacement after all.
	Replaces func(old, props map[string]any) bool
}

// Effect is what the change of a property does.
type Effect int

// The effects.
const (
	Changes  Effect = iota + 1 // update, whether or not with an interruption
	Replaced                   // replacement
)

// properties reads a compact table: the names of properties, those whose change
// replaces the resource with an exclamation mark.
func properties(table string) map[string]Effect {
	m := map[string]Effect{}
	for word := range strings.FieldsSeq(table) {
		if name, ok := strings.CutSuffix(word, "!"); ok {
			m[name] = Replaced
		} else {
			m[word] = Changes
		}
	}
	return m
}

// Call is one step on one resource.
type Call struct {
	*Clients
	Account, Region string
	Stack, StackID  string // the stack's name and ARN
	Logical         string
	Token           string            // of the stack operation
	Name            string            // chosen before Create; "" where the service chooses
	ID              string            // physical id: what Ref gives
	Props           map[string]any    // as they shall be
	Old             map[string]any    // as they were, for Update
	Tags            map[string]string // the stack's
	OldTags         map[string]string // the stack's as they were, for Update
	Attributes      map[string]any
}

// set records an attribute.
func (c *Call) set(name string, v any) {
	if c.Attributes == nil {
		c.Attributes = map[string]any{}
	}
	c.Attributes[name] = v
}

// changed says whether any of the properties differs from what was.
func (c *Call) changed(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return !Same(c.Old[name], c.Props[name]) })
}

// text is a property that is a string; "" if absent.
func (c *Call) text(name string) string {
	text, _ := template.Text(c.Props[name])
	return text
}

// Same compares two trees; scalars by their text, so that 1 is "1".
func Same(a, b any) bool {
	if x, ok := template.Text(a); ok {
		y, ok := template.Text(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, v := range a {
			other, ok := b[key]
			if !ok || !Same(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Same)
	}
	return a == nil && b == nil
}

// Check refuses properties that the type does not have, and the absence of those
// that it requires.
func (t *Type) Check(kind, logical string, props map[string]any) error {
	for _, name := range template.Keys(props) {
		if t.Properties[name] == 0 {
			return &PropertyError{fmt.Sprintf("Encountered unsupported property %s in resource %s of type %s", name, logical, kind)}
		}
	}
	for _, name := range t.Required {
		if props[name] == nil {
			return &PropertyError{fmt.Sprintf("Property validation failure: [The property {/%s} is required] in resource %s of type %s", name, logical, kind)}
		}
	}
	return nil
}

// PropertyError is a property that a resource cannot have.
type PropertyError struct{ Message string }

func (e *PropertyError) Error() string { return e.Message }

// HasAttribute says whether Fn::GetAtt knows the attribute.
func (t *Type) HasAttribute(name string) bool {
	return slices.ContainsFunc(t.Attributes, func(a string) bool {
		return a == name || strings.HasSuffix(a, ".") && strings.HasPrefix(name, a) && len(name) > len(a)
	})
}

// NeedsReplacement says whether the change from old to props replaces the
// resource, and lists the properties that differ.
func (t *Type) NeedsReplacement(old, props map[string]any) (replace bool, changed []string) {
	for _, name := range template.Keys(t.Properties) {
		if Same(old[name], props[name]) {
			continue
		}
		changed = append(changed, name)
		replace = replace || t.Properties[name] == Replaced
	}
	if len(changed) > 0 && t.Replaces != nil && t.Replaces(old, props) {
		replace = true
	}
	return replace, changed
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// ChooseName gives the name that the resource will be created with, and whether
// the template itself names it. Generated names are the stack's, the logical id
// and twelve random characters, as CloudFormation forms them.
func (t *Type) ChooseName(stack, logical string, props map[string]any) (name string, own bool) {
	if t.NameProperty == "" && !t.Anonymous {
		return "", false
	}
	if name, ok := template.Text(props[t.NameProperty]); ok && name != "" {
		return name, true
	}
	var suffix [12]byte
	_, _ = rand.Read(suffix[:]) // never fails
	for i, b := range suffix {
		suffix[i] = alphabet[int(b)%len(alphabet)]
	}
	limit := t.MaxName
	if limit == 0 {
		limit = 64
	}
	if t.FIFOProperty != "" {
		limit -= len(".fifo")
	}
	prefix := stack + "-" + logical
	if room := limit - len(suffix) - 1; len(prefix) > room {
		half := room / 2
		prefix = strings.TrimRight(stack[:min(len(stack), room-1-min(len(logical), half))], "-") + "-" + logical[:min(len(logical), half)]
	}
	name = prefix + "-" + string(suffix[:])
	if t.Lower {
		name = strings.ToLower(name)
	}
	if fifo, _ := template.Text(props[t.FIFOProperty]); fifo == "true" {
		name += ".fifo"
	}
	return name, false
}
