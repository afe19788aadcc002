package wire

import (
	"net/textproto"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/runnel/runnel/wire/codec"
)

// restPlan says where HTTP carries the members of an operation.
type restPlan struct {
	route   *route
	headers map[string]string // field to header, API.Headers included

	once    sync.Once
	err     error
	in, out *restSide
}

// restSide is a restPlan for the input or the output.
type restSide struct {
	headers []bound
	prefix  []bound
	query   []bound
	labels  []bound // in the order of the URI
	payload *codec.Field
	status  *codec.Field
	body    *codec.Node // what is left; nil if nothing is
}

// bound is a member and the header or parameter that carries it.
type bound struct {
	*codec.Field
	name string
}

// sides makes the plans at the operation's first request.
func (c *call) sides() (*restPlan, error) {
	p := c.op.rest
	p.once.Do(func() {
		if p.in, p.err = c.side(c.op.in, false); p.err == nil {
			p.out, p.err = c.side(c.op.out, true)
		}
	})
	return p, p.err
}

func (c *call) side(t reflect.Type, out bool) (*restSide, error) {
	n, err := c.svc.codec.Plan(t)
	if err != nil {
		return nil, err
	}
	s := &restSide{}
	var gone []string
	op := c.op
	for i := range n.Fields {
		f := &n.Fields[i]
		name := f.GoName
		header, isHeader := op.rest.headers[name]
		prefix, isPrefix := op.prefix[name]
		query, isQuery := op.query[name]
		switch {
		case name == op.payload:
			s.payload = f
		case out && name == op.statusField:
			s.status = f
		case isPrefix:
			s.prefix = append(s.prefix, bound{f, prefix})
		case !out && op.isLabel(name):
		case !out && isQuery: // before the header: S3's VersionId goes in by one and out by the other
			s.query = append(s.query, bound{f, query})
		case isHeader && !(out && op.inBody[name]):
			s.headers = append(s.headers, bound{f, headerName(header, out)})
		default:
			continue
		}
		gone = append(gone, name)
	}
	if !out {
		for _, seg := range op.rest.route.segments {
			if seg.field != "" {
				s.labels = append(s.labels, bound{n.Field(seg.field), ""})
			}
		}
	}
	if len(gone) < len(n.Fields) && s.payload == nil {
		s.body = n.Without(gone...)
	}
	return s, nil
}

// headerName is a header's name as Go's maps have it, or for an answer as AWS
// writes it (ETag, x-amz-version-id), where net/http need not find it.
func headerName(name string, out bool) string {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	if out && !strings.HasPrefix(canonical, "Content-") {
		return name
	}
	return canonical
}

func (op *operation) isLabel(field string) bool {
	return slices.ContainsFunc(op.rest.route.segments, func(s segment) bool { return s.field == field })
}
