package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	"github.com/runnel/runnel/transform/rule"
)

// A file is one that is to be put into the bucket.
type file struct {
	key         string
	rule        string // "" for the one that its key says
	contentType string
	data        []byte
}

// An accepted is the answer to a file that was put into the bucket.
type accepted struct {
	Status string        `json:"status"`
	Source place.Object  `json:"source"`
	Rule   *place.RuleOf `json:"rule,omitempty"`
	rule.Summary
	Result string `json:"result"` // a link, from the API's root
}

// upload runs the whole rule over a file before it stores it: what it lets pass,
// the conversion does too, unless the rule is changed between the two.
func (a *api) upload(ctx context.Context, r request) (answer.Answer, error) {
	f, err := a.file(r)
	if err != nil {
		return answer.Answer{}, err
	}
	by, err := a.rules.Of(ctx, f.rule, f.key, a.fallback)
	if err != nil {
		return answer.Answer{}, unknownRule(f.rule, err)
	}
	summary, err := by.Run(ctx, bytes.NewReader(f.data), io.Discard, rule.Options{Patience: recordPatience})
	if err != nil {
		return answer.Answer{}, err
	}
	in := &s3.PutObjectInput{Bucket: &a.files, Key: &f.key, Body: bytes.NewReader(f.data)}
	if f.contentType != "" {
		in.ContentType = &f.contentType
	}
	if f.rule != "" {
		in.Metadata = map[string]string{place.RuleMetadata: f.rule}
	}
	put, err := a.s3.PutObject(ctx, in)
	if err != nil {
		return answer.Answer{}, err
	}
	source := place.ObjectOf(a.files, f.key, put.ETag, put.VersionId, int64(len(f.data)))
	return answer.Answer{
		Status: http.StatusAccepted, Header: map[string]string{"Location": r.location(link(f.key))},
		Body: accepted{place.Pending, source, by.RuleOf(), summary, link(f.key)},
	}, nil
}

// unknownRule is the error of a rule that is not there. Only the one that the
// request names is the caller's.
func unknownRule(named string, err error) error {
	if !errors.Is(err, rules.ErrNotFound) {
		return err
	}
	if named != "" {
		return bad("%v", err)
	}
	return errors.New("the default rule: " + err.Error())
}

// file is the file of a request and where it goes.
func (a *api) file(r request) (file, error) {
	var f file
	var bucket string
	for _, v := range []struct {
		name  string
		value *string
	}{{"file", &f.key}, {"rule", &f.rule}, {"bucket", &bucket}} {
		var err error
		if *v.value, err = r.query(v.name); err != nil {
			return f, err
		}
	}
	body, err := r.body()
	if err != nil {
		return f, err
	}
	f.contentType, f.data = mediaType(r.header("Content-Type")), body
	if r.isForm() {
		if err := f.readForm(r, body, &bucket); err != nil {
			return f, err
		}
	}
	switch {
	case bucket != "" && bucket != a.files:
		return f, bad("bucket is %.100q; files go into %q, and bucket can be left out", bucket, a.files)
	case f.rule != "" && !rules.ValidID(f.rule):
		return f, bad("rule: %.100q is no id of a rule", f.rule)
	}
	return f, checkKey(f.key)
}

// readForm takes the file and the fields of a form. Other fields are the form's
// own business.
func (f *file) readForm(r request, body []byte, bucket *string) error {
	parts, err := r.form(body)
	if err != nil {
		return err
	}
	var files []part
	for _, p := range parts {
		if p.file != "" {
			files = append(files, p)
			continue
		}
		switch p.name {
		case "rule":
			err = setField(&f.rule, p)
		case "bucket":
			err = setField(bucket, p)
		}
		if err != nil {
			return err
		}
	}
	if len(files) != 1 {
		return bad("the form has %d files; send one at a time, as a part with a filename", len(files))
	}
	f.contentType, f.data = mediaType(files[0].contentType), files[0].data
	if f.key == "" {
		f.key = files[0].file
	}
	return nil
}

// mediaType is a content type as it was sent, or "" if no header of S3 can have
// it.
func mediaType(s string) string {
	_, _, err := mime.ParseMediaType(s)
	if err != nil || len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}

// setField sets what a field of a form says. The query may say it too, but
// nothing else.
func setField(value *string, p part) error {
	if len(p.data) > maxField {
		return bad("%s has %d bytes; it may have %d", p.name, len(p.data), maxField)
	}
	if *value != "" && *value != string(p.data) {
		return bad("%s is %.100q in the query and %.100q in the form", p.name, *value, p.data)
	}
	*value = string(p.data)
	return nil
}
