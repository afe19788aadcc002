package convert

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/object/objecttest"
)

// cut is a client's connections to S3, of which those of files break in the
// middle of their bodies.
type cut struct{ s3.HTTPClient }

func (c cut) Do(r *http.Request) (*http.Response, error) {
	out, err := c.HTTPClient.Do(r)
	if err == nil && r.Method == http.MethodGet && strings.Contains(r.URL.Path, files) {
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, 40), broken{}))
	}
	return out, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, objecttest.ErrReset }

// A file that cannot be read to its end is not at fault: it comes again.
func TestBrokenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.keep("rows", rowsRule)
		r.keep("csv", `{"input": {"format": "csv"}, "onError": "quarantine"}`)
		r.keep("json", `{"input": {"format": "json", "each": ""}, "onError": "quarantine"}`)
		r.keep("ndjson", `{"input": {"format": "ndjson"}, "onError": "quarantine"}`)
		options := r.converter.s3.Options()
		r.converter.s3 = s3.New(options, func(o *s3.Options) { o.HTTPClient = cut{o.HTTPClient} })
		for key, content := range map[string]string{
			"plain/a.xml": "<rows>" + strings.Repeat("<row><n>1</n></row>", 20) + "</rows>",
			"rows/a.xml":  "<rows>" + strings.Repeat("<row><n>1</n></row>", 20) + "</rows>",
			"csv/a.csv":   "a,b\n" + strings.Repeat("1,2\n", 100),
			"json/a":      "[" + strings.Repeat(`{"a":1},`, 100) + "1]",
			"ndjson/a":    strings.Repeat(`{"a":1}`+"\n", 100),
		} {
			if _, err := r.invoke(r.put(key, content)); !errors.Is(err, objecttest.ErrReset) {
				t.Errorf("%s: got %v", key, err)
			}
		}
		if objects, told := r.objects(), r.notices(); len(objects) != 0 || len(told) != 0 {
			t.Errorf("the objects are %v; %d notices", objects, len(told))
		}
	})
}

// An invocation that is out of time is not its file's fault either.
func TestOutOfTime(t *testing.T) {
	r := newRig(t)
	r.keep("slow", `{"map": {"n": "[range(1e12)] | length"}}`)
	event := parsed(t, r.put("slow/a.xml", "<a/>"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if answer, err := r.handle(ctx, event); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v", answer, err)
	}
	if objects := r.objects(); len(objects) != 0 {
		t.Errorf("the objects are %v", objects)
	}
}
