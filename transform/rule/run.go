package rule

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/runnel/runnel/transform/record"
)

// maxFailures is how many failures of a document are told of. A person who mends
// it wants all of them, and reads not more.
const maxFailures = 50

// A run is the conversion of one document.
type run struct {
	*Rule
	ctx      context.Context
	source   source
	out      record.Writer
	Options  Options
	summary  Summary
	read     int       // records
	failures []Failure // for which the document is rejected
	head     any
	headMade bool
	buf      []byte // of the latest record, reused

	allowance allowance
}

// Run reads a document and writes what the rule makes of it. A *Rejected is the
// document's fault; what was written until then is of no use. Any other error is
// of reading, writing, quarantining, or the context's.
//
// Of a document that has records one is held at a time. One that has none is
// held as a whole, and nothing is written before it is known to be good; a
// reader that tells its length (bytes.Reader, os.File, whatever has Len() int)
// saves copies of it.
func (r *Rule) Run(ctx context.Context, in io.Reader, out io.Writer, o Options) (Summary, error) {
	if o.Size > 0 && o.Size < r.input.size() {
		r = r.within(o.Size)
	}
	x := &run{Rule: r, ctx: ctx, Options: o, out: r.writer(out), allowance: allowance{whole: ctx, patience: cmp.Or(o.Patience, patience)}}
	defer x.allowance.end()
	var err error
	if x.source, err = r.open(in); err == nil {
		err = x.records()
	}
	if f, _, ok := flaw(err); ok {
		x.failures = append(x.failures, f)
		err = nil
	}
	if err == nil && len(x.failures) > 0 {
		err = &Rejected{x.failures}
	}
	if err == nil {
		err = x.out.Close()
	}
	return x.summary, err
}

// within is the rule with another limit of size.
func (r *Rule) within(size int) *Rule {
	c := *r
	c.input.limits.Size, c.input.xml.Limits.Size = size, size
	return &c
}

func (r *Rule) writer(out io.Writer) record.Writer {
	switch r.output.format {
	case formatNDJSON:
		return record.NewNDJSONWriter(out)
	case formatDynamoDB:
		return record.NewItemWriter(out)
	}
	return record.NewJSONWriter(out, r.input.records())
}

// records converts the records up to the end, or up to an error that is not one
// record's.
func (x *run) records() error {
	for len(x.failures) < maxFailures && !x.allowance.late {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		s, err := x.source.next()
		if err == io.EOF {
			return nil
		}
		x.read++
		if err == nil {
			err = x.record(s)
		} else if f, bad, ok := flaw(err); ok && bad != nil {
			err = x.fail([]Failure{f}, func() []byte { return record.AppendJSON(nil, bad.Text) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// record converts a record and writes it, or leaves it out.
func (x *run) record(s *subject) error {
	s.size = x.input.size()
	if x.usesHead && !x.headMade {
		x.head, x.headMade = x.source.head(), true
	}
	s.head, s.allowance = x.head, &x.allowance
	var failures []Failure
	// JSON is seldom longer than the XML it was.
	x.buf, failures = x.convert(slices.Grow(x.buf[:0], s.read), s)
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if len(failures) == 0 && len(x.failures) == 0 {
		var item *record.ItemError
		switch err := x.out.Write(x.buf); {
		case errors.As(err, &item):
			failures = []Failure{{Position: s.position(), Key: "output.format", Path: item.Path, Reason: item.Reason}}
		case err != nil:
			return err
		default:
			x.summary.Records++
			return nil
		}
	}
	if len(failures) == 0 {
		return nil // the document is rejected for another
	}
	return x.fail(failures, s.json)
}

// fail leaves a record out, or has the document rejected.
func (x *run) fail(failures []Failure, input func() []byte) error {
	if x.input.records() {
		for i := range failures {
			failures[i].Record = x.read
		}
	}
	if !x.quarantine || x.allowance.late {
		x.failures = append(x.failures, failures[:min(len(failures), maxFailures-len(x.failures))]...)
		return nil
	}
	x.summary.Quarantined++
	if x.Options.Quarantine == nil {
		return nil
	}
	return x.Options.Quarantine(Quarantined{failures[:min(len(failures), maxFailures)], input()})
}
