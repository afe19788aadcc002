package convert

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/object"
	"github.com/runnel/runnel/functions/upload"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	"github.com/runnel/runnel/transform/rule"
)

// An attempt is one at a file as it is now.
type attempt struct {
	*converter
	source place.Object
	in     *object.Reader
	rule   *rules.Stored
	was    *s3.HeadObjectOutput // the result that was there before, nil if none was
}

// attempt converts a file as it is now, or rejects it. The error is errGone,
// errReplaced, or that of a service.
func (c *converter) attempt(ctx context.Context, bucket, key string) (*place.Notice, error) {
	was, err := c.head(ctx, c.results, place.Result(key))
	if err != nil {
		return nil, err
	}
	in, err := object.Open(ctx, c.s3, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if object.IsGone(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	head := in.Head()
	source := place.ObjectOf(bucket, key, head.ETag, head.VersionId, aws.ToInt64(head.ContentLength))
	source.Modified = aws.ToTime(head.LastModified)
	a := &attempt{converter: c, in: in, was: was, source: source}
	notice, err := a.convert(ctx)
	if why := (*rule.Rejected)(nil); errors.As(err, &why) {
		notice, err = a.reject(ctx, why)
	}
	if err != nil {
		return nil, err
	}
	return notice, a.check(ctx)
}

// check looks whether what was written is of the file as it is now. A file that
// was deleted meanwhile is as it was.
func (a *attempt) check(ctx context.Context) error {
	now, err := a.head(ctx, a.source.Bucket, a.source.Key)
	if err != nil || now == nil {
		return err
	}
	if read := a.in.Head(); aws.ToString(now.ETag) != aws.ToString(read.ETag) || !aws.ToTime(now.LastModified).Equal(aws.ToTime(read.LastModified)) {
		return errReplaced
	}
	return nil
}

// convert writes the result. The error is a *rule.Rejected if the file is at
// fault.
func (a *attempt) convert(ctx context.Context) (*place.Notice, error) {
	if err := a.choose(ctx); err != nil {
		return nil, err
	}
	out := upload.New(a.s3, a.results, place.Result(a.source.Key), a.rule.ContentType())
	out.Metadata = a.metadata()
	if out.IfMatch = a.etagBefore(); out.IfMatch == nil {
		out.IfNoneMatch = aws.String("*")
	}
	left := a.newLeftOut(ctx)
	summary, err := a.rule.Run(ctx, a.in, writer{ctx, out}, rule.Options{Quarantine: left.add, Size: a.largest})
	if err == nil {
		err = a.finish(ctx, out, left, summary)
	}
	if err != nil {
		ctx := context.WithoutCancel(ctx)
		return nil, errors.Join(err, out.Abort(ctx), left.out.Abort(ctx))
	}
	n := &place.Notice{
		Status: place.Succeeded, Source: a.source, Rule: a.rule.RuleOf(), Summary: &summary,
		Result: objectOf(out),
	}
	if left.count > 0 {
		n.LeftOut = objectOf(left.out)
	}
	return n, nil
}

// choose finds the rule of the file. One that is not there, or is none, is the
// fault of the file that names it: trying again would not mend it.
func (a *attempt) choose(ctx context.Context) error {
	key := a.source.Key
	if place.Reserved(key) {
		return rejected("keys that begin with " + place.Errors + " or " + place.Quarantine + " are taken in the bucket of the results: call the file something else")
	}
	named := place.Decode(a.in.Head().Metadata[place.RuleMetadata])
	stored, err := a.rules.Of(ctx, named, key, a.fallback)
	problems := rule.Problems(nil)
	switch {
	case errors.Is(err, rules.ErrNotFound) && named != "":
		return rejected("the file's metadata: " + err.Error())
	case errors.Is(err, rules.ErrNotFound):
		return rejected("the default rule: " + err.Error())
	case errors.As(err, &problems):
		return rejected(err.Error())
	}
	a.rule = stored
	return err
}

func rejected(reason string) error {
	return &rule.Rejected{Failures: []rule.Failure{{Reason: reason}}}
}

// finish writes the records that were left out and then the result, after what
// told of an earlier failure is gone: where there is a result, nothing else says
// that there is none.
func (a *attempt) finish(ctx context.Context, out *upload.Upload, left *leftOut, summary rule.Summary) error {
	if err := left.close(ctx); err != nil {
		return err
	}
	if err := a.forgetFailure(ctx); err != nil {
		return err
	}
	out.Metadata[place.Records] = strconv.Itoa(summary.Records)
	out.Metadata[place.LeftOutCount] = strconv.Itoa(summary.Quarantined)
	return out.Close(ctx)
}

// forgetFailure deletes the copy and the report of an earlier state of the file.
// The report was written first and is deleted last: without it there is no copy.
func (a *attempt) forgetFailure(ctx context.Context) error {
	report, err := a.head(ctx, a.results, place.Report(a.source.Key))
	if err != nil || report == nil {
		return err
	}
	return a.delete(ctx, place.Copy(a.source.Key), place.Report(a.source.Key))
}

// isOurs says that the result that was there is of the file: another of nearly
// the same name may have it too.
func (a *attempt) isOurs() bool {
	return a.was != nil && place.Decode(a.was.Metadata[place.SourceKey]) == a.source.Key
}

func (a *attempt) etagBefore() *string {
	if a.was == nil {
		return nil
	}
	return a.was.ETag
}

// head is what S3 says of an object, nil if there is none.
func (c *converter) head(ctx context.Context, bucket, key string) (*s3.HeadObjectOutput, error) {
	out, err := c.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if object.IsGone(err) {
		return nil, nil
	}
	return out, err
}

// delete deletes results.
func (c *converter) delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.results, Key: &key}); err != nil {
			return err
		}
	}
	return nil
}

// A writer is an upload as Run writes to it.
type writer struct {
	ctx context.Context
	out *upload.Upload
}

func (w writer) Write(p []byte) (int, error) {
	if err := w.out.Write(w.ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
