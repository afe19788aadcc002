package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/object"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform/rule"
)

const (
	maxInline = 3 << 20 // bytes of a result that an answer has in it
	maxReport = 1 << 20 // bytes of a report
	linkLasts = 15 * time.Minute
)

// A progress is how far a file is, and once it succeeded its result: as JSON, as
// the text that it is otherwise, or as a link where it is large.
type progress struct {
	place.Notice
	output
	URL string `json:"url,omitempty"` // for linkLasts
}

// status finds what became of a file. Results and reports say which state of the
// file they were made of: those of another are not this one's, which is pending
// then.
func (a *api) status(ctx context.Context, r request) (answer.Answer, error) {
	key := r.PathParameters["key"]
	if len(key) > place.LongestKey {
		return noFile(key), nil
	}
	source, err := a.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.files, Key: &key})
	if object.IsGone(err) {
		return noFile(key), nil
	}
	if err != nil {
		return answer.Answer{}, err
	}
	of := place.ObjectOf(a.files, key, source.ETag, source.VersionId, aws.ToInt64(source.ContentLength))
	of.Modified = aws.ToTime(source.LastModified)
	for _, find := range []func(context.Context, place.Object) (*progress, error){a.succeeded, a.failed} {
		p, err := find(ctx, of)
		if err != nil && !object.IsGone(err) {
			return answer.Answer{}, err
		}
		if err == nil && p != nil {
			return p.answer(), nil
		}
	}
	p := progress{Notice: place.Notice{Status: place.Pending, Source: of}}
	return p.answer(), nil
}

func noFile(key string) answer.Answer {
	return answer.Refuse(http.StatusNotFound, fmt.Sprintf("there is no file %.200q", key))
}

func (p *progress) answer() answer.Answer {
	return answer.Answer{Status: http.StatusOK, Body: p, Header: map[string]string{"Cache-Control": "no-store"}}
}

// succeeded is the progress of a file that has a result, nil if it has none yet.
func (a *api) succeeded(ctx context.Context, of place.Object) (*progress, error) {
	key := place.Result(of.Key)
	head, err := a.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.results, Key: &key})
	if err != nil {
		return nil, err
	}
	if !of.Made(head.Metadata) {
		return nil, nil
	}
	result := place.ObjectOf(a.results, key, head.ETag, head.VersionId, aws.ToInt64(head.ContentLength))
	p := &progress{Notice: place.Notice{
		Status: place.Succeeded, Source: of, Rule: madeBy(head.Metadata), Result: &result,
	}}
	if err := a.count(ctx, p, head.Metadata); err != nil {
		return nil, err
	}
	return p, a.attach(ctx, p, head)
}

// count says how many records a result has, and where those are that were left
// out. A large result does not say how many: S3 takes the metadata of an upload
// when it begins. Then what was left out is looked for.
func (a *api) count(ctx context.Context, p *progress, metadata map[string]string) error {
	left := &place.Object{Bucket: a.results, Key: place.LeftOut(p.Source.Key)}
	if metadata[place.Records] != "" {
		p.Summary = &rule.Summary{Records: number(metadata, place.Records), Quarantined: number(metadata, place.LeftOutCount)}
		if p.Quarantined > 0 {
			p.LeftOut = left
		}
		return nil
	}
	head, err := a.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &left.Bucket, Key: &left.Key})
	if err == nil && p.Source.Made(head.Metadata) {
		p.LeftOut = left
	}
	if object.IsGone(err) {
		return nil
	}
	return err
}

// attach puts the result into the answer, or a link to it.
func (a *api) attach(ctx context.Context, p *progress, head *s3.HeadObjectOutput) error {
	if p.Result.Size <= maxInline {
		text, _, err := a.read(ctx, p.Result.Key, head.ETag, maxInline)
		if err != nil {
			return err
		}
		if p.put(text, aws.ToString(head.ContentType)) {
			return nil
		}
	}
	get, err := s3.NewPresignClient(a.s3).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &a.results, Key: &p.Result.Key,
		ResponseContentDisposition: aws.String(mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(p.Result.Key)})),
	}, s3.WithPresignExpires(linkLasts))
	if err != nil {
		return err
	}
	p.URL = get.URL
	return nil
}

// put takes a result whose JSON, as a part of the answer's, is not too long.
func (p *progress) put(text []byte, contentType string) bool {
	if p.output = outputOf(text, contentType); fits(p) {
		return true
	}
	p.output = output{}
	return false
}

// failed is the progress of a file that has a report, nil if that is of another
// state of the file.
func (a *api) failed(ctx context.Context, of place.Object) (*progress, error) {
	text, metadata, err := a.read(ctx, place.Report(of.Key), nil, maxReport)
	if err != nil || !of.Made(metadata) {
		return nil, err
	}
	var p progress
	if err := json.Unmarshal(text, &p.Notice); err != nil {
		return nil, errors.New("report " + place.Report(of.Key) + ": " + err.Error())
	}
	return &p, nil
}

// read is an object of the results with its metadata, of the ETag if one is given.
func (a *api) read(ctx context.Context, key string, etag *string, limit int64) ([]byte, map[string]string, error) {
	out, err := a.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.results, Key: &key, IfMatch: etag})
	if err != nil {
		return nil, nil, err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(io.LimitReader(out.Body, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errors.New("object " + key + " has more than " + strconv.FormatInt(limit, 10) + " bytes")
	}
	return b, out.Metadata, err
}

func madeBy(metadata map[string]string) *place.RuleOf {
	id := metadata[place.RuleID]
	if id == "" {
		return nil
	}
	return &place.RuleOf{ID: id, Version: number(metadata, place.RuleVersion)}
}

func number(metadata map[string]string, name string) int {
	n, _ := strconv.Atoi(metadata[name])
	return n
}
