package convert

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/rule"
)

// reject puts the file beside the results, with the report of what is wrong with
// it, in the place of the result of an earlier state.
func (a *attempt) reject(ctx context.Context, why *rule.Rejected) (*place.Notice, error) {
	if err := a.forgetResult(ctx); err != nil {
		return nil, err
	}
	n := &place.Notice{
		Status: place.Failed, Source: a.source, Rule: a.rule.RuleOf(),
		Report: &place.Object{Bucket: a.results, Key: place.Report(a.source.Key)},
		Reason: why.Failures[0].Error(), Failures: why.Failures,
	}
	if a.source.Size <= maxCopy {
		n.Copy = &place.Object{Bucket: a.results, Key: place.Copy(a.source.Key), Size: a.source.Size}
	}
	if err := a.report(ctx, n); err != nil {
		return nil, err
	}
	return n, a.copy(ctx, n.Copy)
}

// forgetResult deletes what there is of an earlier state of the file.
func (a *attempt) forgetResult(ctx context.Context) error {
	if err := a.forgetLeftOut(ctx); err != nil || !a.isOurs() {
		return err
	}
	return a.delete(ctx, place.Result(a.source.Key))
}

func (a *attempt) report(ctx context.Context, n *place.Notice) error {
	text, err := transform.JSON(n)
	if err != nil {
		return err
	}
	_, err = a.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &a.results, Key: &n.Report.Key, Body: bytes.NewReader(text),
		ContentType: aws.String("application/json"), Metadata: a.metadata(),
	})
	return err
}

// maxCopy is the largest object that CopyObject takes (Amazon S3 API Reference).
// A larger file stays where it is, and only there.
const maxCopy = 5 << 30

// maxNamed is how long the name of a rule may be for a copy to have it too, in
// bytes: as long as an id.
const maxNamed = 64

// copy copies the file, if it is still the one that was read.
func (a *attempt) copy(ctx context.Context, to *place.Object) error {
	if to == nil {
		return nil
	}
	head := a.in.Head()
	metadata := a.metadata()
	delete(metadata, place.SourceModified) // for which a long key leaves no room beside the name
	if named := head.Metadata[place.RuleMetadata]; named != "" && len(named) <= maxNamed {
		metadata[place.RuleMetadata] = named
	}
	_, err := a.s3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &to.Bucket, Key: &to.Key,
		CopySource: aws.String(a.source.Bucket + "/" + escaped(a.source.Key)), CopySourceIfMatch: head.ETag,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: metadata, ContentType: head.ContentType,
		TaggingDirective: types.TaggingDirectiveReplace, // with none: to copy them takes leave of its own
	})
	return err
}

// escaped is a key as the source of a copy has it: with spaces as %20, since a
// plus sign may be one or itself.
func escaped(key string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key))
}
