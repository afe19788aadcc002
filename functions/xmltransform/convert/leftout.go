package convert

import (
	"context"
	"strconv"

	"github.com/runnel/runnel/functions/upload"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/rule"
)

// leftOut is the records that the rule leaves out, as an object of
// newline-delimited JSON:
//
//	{"failures":[{"record":2,"line":7,"column":3,"key":"required.id","reason":"..."}],"input":{...}}
//
// It is written only if there are any.
type leftOut struct {
	*attempt
	ctx   context.Context
	out   *upload.Upload
	count int
}

func (a *attempt) newLeftOut(ctx context.Context) *leftOut {
	out := upload.New(a.s3, a.results, place.LeftOut(a.source.Key), "application/x-ndjson")
	out.Metadata = a.metadata()
	return &leftOut{attempt: a, ctx: ctx, out: out}
}

func (l *leftOut) add(q rule.Quarantined) error {
	line, err := transform.JSON(q)
	if err != nil {
		return err
	}
	l.count++
	return l.out.Write(l.ctx, line)
}

// close writes the object, or deletes that of an earlier state of the file.
func (l *leftOut) close(ctx context.Context) error {
	if l.count > 0 {
		l.out.Metadata[place.LeftOutCount] = strconv.Itoa(l.count)
		return l.out.Close(ctx)
	}
	return l.forgetLeftOut(ctx)
}

// forgetLeftOut deletes the records of an earlier state of the file. The result
// does not say whether there are any: they are written before it, and what wrote
// them may have broken off.
func (a *attempt) forgetLeftOut(ctx context.Context) error {
	key := place.LeftOut(a.source.Key)
	left, err := a.head(ctx, a.results, key)
	if err != nil || left == nil {
		return err
	}
	return a.delete(ctx, key)
}
