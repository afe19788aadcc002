// Package codec writes the Go types of the AWS SDK in the documents of AWS's
// protocols, and reads them: JSON, CBOR, XML, forms, and the text of headers.
//
// A [Codec] looks at a type once and keeps the plan of it, a [Node], which has the
// methods for each kind of document. What follows from the Go names (a member's name
// is the field's) needs not be said; [Names] says the rest.
//
// Documents are bounded before they are decoded: how deep they nest, and how many
// items a list has. What they may hold in bytes is for the caller to bound. An error
// of type [*Error] is the sender's fault, and any other is the program's.
package codec

import (
	"reflect"
	"sync"
)

// Config is what does not follow from the types.
type Config struct {
	Names  Names
	Unions []Union

	// LowerCamel says that JSON members begin with a lower-case letter.
	LowerCamel bool

	// ForJSON says that a Name's Name is the JSON member's too, since there is no
	// other kind of document that it could be meant for.
	ForJSON bool
}

// Codec has the plans of the types of one API. It is safe for concurrent use.
type Codec struct {
	cfg    Config
	unions map[reflect.Type]*Union
	plans  sync.Map // planKey to *Node
	errors sync.Map // reflect.Type to *Node
}

type planKey struct {
	t    reflect.Type
	time TimeFormat
}

// New returns a codec without plans.
func New(cfg Config) *Codec {
	c := &Codec{cfg: cfg, unions: map[reflect.Type]*Union{}}
	for i := range cfg.Unions {
		u := &cfg.Unions[i]
		c.unions[u.iface] = u
	}
	return c
}

// Plan returns the plan of t. It fails if no document has a form for t, or for a
// type within it.
func (c *Codec) Plan(t reflect.Type) (*Node, error) {
	if n, ok := c.plans.Load(planKey{t: t}); ok {
		return n.(*Node), nil
	}
	p := planner{Codec: c, open: map[planKey]*Node{}}
	n, err := p.resolve(t, 0)
	if err != nil {
		return nil, err
	}
	// Only now are all nodes whole, so only now may others see them.
	for k, v := range p.open {
		c.plans.LoadOrStore(k, v)
	}
	return n, nil
}

// ErrorPlan returns the plan of one of the SDK's error types less what all errors
// have, which is written apart.
func (c *Codec) ErrorPlan(t reflect.Type) (*Node, error) {
	if n, ok := c.errors.Load(t); ok {
		return n.(*Node), nil
	}
	n, err := c.Plan(t)
	if err != nil {
		return nil, err
	}
	n = n.Without("Message", "ErrorCodeOverride")
	c.errors.Store(t, n)
	return n, nil
}
