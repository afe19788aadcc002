package iotmessages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/transform/csv"
)

// outcome is what becomes of rows, as text.
type outcome struct{ strings.Builder }

func (o *outcome) good(m message) error {
	_, err := fmt.Fprintf(o, "%d good %s\n", m.line, m.body)
	return err
}

func (o *outcome) bad(r badRow) error {
	_, err := fmt.Fprintf(o, "%d bad %s: %.80q\n", r.Line, r.Reason, r.Row)
	return err
}

// after is late from its n-th question on, from 1.
func after(n int) func() bool {
	return func() bool { n--; return n <= 0 }
}

// An awkward file has everything in it that makes lines and rows different.
func awkwardFile() string {
	header := "\uFEFF\"time\"\"\nstamp\",\"a note,\n\n\"," + strings.Join(columns, ",") + "\r\n"
	row := "x,y,978339665,location-03,wireless,router-1,5.55,device-1,10.10\r\n"
	return header + "\n\r\n" + row +
		strings.Replace(row, "y", "\"y\n\"\"\n\"", 1) +
		strings.Replace(row, "y", `"never closed`, 1) +
		row + "short\n" + row +
		strings.Repeat("long", csv.MaxRow) + "\n" + row +
		strings.Repeat("\n", 3) +
		strings.Replace(row, "y", "\"y\n", 1) + row +
		strings.Replace(row, "y", "\xff", 1) +
		strings.Repeat(row, 20) +
		strings.TrimRight(row, "\r\n")
}

// A file in parts, however many and however it arrives, is the file as a whole.
func TestPartsAreTheWhole(t *testing.T) {
	good, err := os.ReadFile("../../pipelines/iot-messages/sample-data/data.csv")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile("../../pipelines/iot-messages/sample-data/data-bad.csv")
	if err != nil {
		t.Fatal(err)
	}
	large := string(good) + strings.Repeat(strings.TrimSpace(strings.SplitN(string(good), "\n", 3)[1])+"\n", 30_000)
	for name, test := range map[string]struct {
		content string
		every   []int // rows in a part
	}{
		"good": {string(good), []int{1, 2, 7, 19, 20}},
		"bad":  {string(bad), []int{1, 2, 3, 5}},
		"odd":  {awkwardFile(), []int{1, 2, 3, 4, 5}},
		"long": {large, []int{9_999, 20_000}},
	} {
		var whole outcome
		if err := readWhole(strings.NewReader(test.content), "t", whole.good, whole.bad); err != nil {
			t.Fatal(err)
		}
		for _, rows := range test.every {
			t.Run(fmt.Sprintf("%s/%d", name, rows), func(t *testing.T) {
				for _, in := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.DataErrReader} {
					got, parts := readParts(t, test.content, rows, in)
					if got != whole.String() {
						t.Errorf("in %d parts, got\n%.2000s\nwant\n%.2000s", parts, got, whole.String())
					}
					if parts == 1 && rows < 20 {
						t.Error("it came in one part")
					}
				}
			})
		}
	}
}

func readParts(t *testing.T, content string, rows int, in func(io.Reader) io.Reader) (_ string, parts int) {
	t.Helper()
	var out outcome
	f, err := openFile(in(strings.NewReader(content)))
	for ; ; parts++ {
		if err != nil {
			t.Fatal(err)
		}
		rest, err := f.messages("t", after(rows), out.good, out.bad)
		if err != nil {
			t.Fatal(err)
		}
		if rest == nil {
			return out.String(), parts + 1
		}
		if f, err = reopenFile([]byte(content[:f.begin.Offset]), f.begin, *rest, in(strings.NewReader(content[rest.Offset:]))); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzPartsAreTheWhole(f *testing.F) {
	header := strings.Join(columns, ",")
	f.Add(strings.ReplaceAll(awkwardFile(), "long", ""), 3)
	f.Add(header+"\r\n1,l,s,r,1,d,2\r\n\r\n1,\"l\n\",s,r,1,d,2\n\"", 1)
	f.Add("\""+strings.Join(columns, "\",\"")+"\",\"\n\"\"\n\"\n\"\"\nx\"\n", 1)
	f.Fuzz(func(t *testing.T, content string, rows int) {
		if rows < 1 {
			return
		}
		var whole outcome
		in := func(r io.Reader) io.Reader { return r }
		if _, err := openFile(strings.NewReader(content)); err != nil {
			content = header + "\n" + content
		}
		if err := readWhole(strings.NewReader(content), "t", whole.good, whole.bad); err != nil {
			t.Fatal(err)
		}
		if got, parts := readParts(t, content, rows, in); got != whole.String() {
			t.Errorf("in %d parts, got\n%s\nwant\n%s", parts, got, whole.String())
		}
	})
}

// A part has a row at least, so that every file comes to an end.
func TestPartHasARow(t *testing.T) {
	content := strings.Join(columns, ",") + "\n1,l,s,r,1,d,2\n\n2,l,s,r,1,d,2\n"
	var out outcome
	f, err := openFile(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	rest, err := f.messages("t", func() bool { return true }, out.good, out.bad)
	if want := (place{int64(strings.LastIndex(content, "2,l")), 4}); err != nil || rest == nil || *rest != want {
		t.Errorf("got %+v, %v, want %+v", rest, err, want)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("got %d rows", n)
	}
}

func TestMargin(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		time.Second:       500 * time.Millisecond,
		3 * time.Second:   1500 * time.Millisecond,
		10 * time.Second:  2 * time.Second,
		time.Minute:       6 * time.Second,
		900 * time.Second: 30 * time.Second,
		0:                 0,
	} {
		if got := margin(left); got != want {
			t.Errorf("%v: got %v, want %v", left, got, want)
		}
	}
}

func TestLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, stop := lateness(t.Context())
		defer stop()
		time.Sleep(time.Hour) // of the bubble
		if late() {
			t.Error("late without a deadline")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Second)
		defer cancel()
		late, stop = lateness(ctx)
		defer stop()
		time.Sleep(870*time.Second - 1)
		if late() {
			t.Error("late too early")
		}
		time.Sleep(1)
		synctest.Wait()
		if !late() || ctx.Err() != nil {
			t.Errorf("late too late: %v, %v", late(), ctx.Err())
		}
	})
}

func TestEventParts(t *testing.T) {
	const s3Event = `{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"a+b%C3%BC.csv","versionId":"v"}}}]}`
	rest := part{Bucket: "b", Key: "a bü.csv", VersionID: "v", ETag: `"1"`, Number: 2, Begin: place{70, 2}, Row: place{5 << 30, 17_000_000}, Sent: 16_999_990, Bad: 9}
	again, err := json.Marshal(continuation{&rest})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, event string
		want        []part
	}{
		{"S3's", s3Event, []part{{Bucket: "b", Key: "a bü.csv", VersionID: "v", Number: 1}}},
		{"S3's test of a notification", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, nil},
		{"its own", string(again), []part{rest}},
	} {
		var e event
		if err := json.Unmarshal([]byte(test.event), &e); err != nil {
			t.Fatal(err)
		}
		got, err := e.parts()
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, %v", test.name, got, err)
		}
	}
	for name, change := range map[string]func(e *event, p *part){
		"has both Records and continue":             func(e *event, _ *part) { json.Unmarshal([]byte(s3Event), e) },
		"bucket, key or eTag is missing":            func(_ *event, p *part) { p.ETag = "" },
		"part is 1; the first to continue is 2":     func(_ *event, p *part) { p.Number = 1 },
		"begin is {Offset:0 Line:1}":                func(_ *event, p *part) { p.Begin = place{0, 1} },
		"begin is {Offset:1073741824 Line:2}":       func(_ *event, p *part) { p.Begin.Offset = 1 << 30 },
		"row is {Offset:69 Line:17000000}, before":  func(_ *event, p *part) { p.Row.Offset = 69 },
		"row is {Offset:5368709120 Line:1}, before": func(_ *event, p *part) { p.Row.Line = 1 },
	} {
		p := rest
		e := event{continuation: continuation{&p}}
		change(&e, &p)
		if _, err := e.parts(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPartReportKey(t *testing.T) {
	p := part{Key: "data.csv", Number: 1}
	if got := p.reportKey("etag"); got != "errors/data.csv/etag.ndjson" {
		t.Errorf("first: got %q", got)
	}
	p.Number, p.Row.Line = 2, 17_000_000
	if got := p.reportKey("etag"); got != "errors/data.csv/etag-0017000000.ndjson" {
		t.Errorf("second: got %q", got)
	}
}

// An object goes through its parts over connections that break.
func TestPartsOfAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{content: awkwardFile(), etag: `"1"`, lasts: 9_000}
		client := newS3(aws.Config{
			Region: "us-east-1", HTTPClient: l, BaseEndpoint: aws.String("http://s3.test"),
			Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		})
		var whole, got outcome
		if err := readWhole(strings.NewReader(l.content), "t", whole.good, whole.bad); err != nil {
			t.Fatal(err)
		}
		p, parts := &part{Bucket: "b", Key: "k", Number: 1}, 0
		for last := p; p != nil; parts++ {
			o, err := p.open(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			last = p
			p, err = p.messages(o, "t", after(5), got.good, got.bad)
			if o.Close(); err != nil {
				t.Fatal(err)
			}
			if p != nil && (p.check() != nil || p.Number != last.Number+1 || p.Row.Offset <= last.Row.Offset) {
				t.Fatalf("%+v after %+v: %v", *p, *last, p.check())
			}
		}
		if got.String() != whole.String() || parts < 5 {
			t.Errorf("in %d parts, got\n%s\nwant\n%s", parts, got.String(), whole.String())
		}
	})
}

// What is continued is of one object, not of another that has taken its place.
func TestPartOfAReplacedObject(t *testing.T) {
	l := &line{content: "new", etag: `"2"`, lasts: 1000}
	client := newS3(aws.Config{
		Region: "us-east-1", HTTPClient: l, BaseEndpoint: aws.String("http://s3.test"),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
	f := &csvToQueue{s3: client}
	e := event{continuation: continuation{&part{Bucket: "b", Key: "k", ETag: `"1"`, Number: 2, Begin: place{70, 2}, Row: place{90, 3}, Sent: 1}}}
	got, err := f.handle(t.Context(), e)
	if want := []loaded{{Bucket: "b", Key: "k", Sent: 1}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// An invocation that has not handed the rest over fails.
func TestPartIsHandedOver(t *testing.T) {
	content := strings.Join(columns, ",") + "\nbad\nworse\n"
	for _, test := range []struct {
		name, function string
		status         int
		want           string // "" if it is handed over
	}{
		{"accepted", "sender", 202, ""},
		{"throttled", "sender", 429, "invoke part 2: "},
		{"no name", "", 202, "invoke part 2: the environment variable AWS_LAMBDA_FUNCTION_NAME is not set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_LAMBDA_FUNCTION_NAME", test.function)
			cfg := aws.Config{
				Region: "us-east-1", HTTPClient: &line{content: content, etag: `"1"`, lasts: 1000}, BaseEndpoint: aws.String("http://aws.test"),
				Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
				Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			}
			f := &csvToQueue{s3: newS3(cfg), table: "t"}
			door := &door{status: test.status}
			cfg.HTTPClient = door
			f.lambda = lambda.NewFromConfig(cfg)
			got, err := f.load(t.Context(), part{Bucket: "b", Key: "k", Number: 1}, func() bool { return true })
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			begin := int64(strings.Index(content, "bad"))
			rest := place{begin + 4, 3}
			if want := (loaded{Bucket: "b", Key: "k", Bad: 1, Report: "errors/k/1.ndjson", Rest: &rest}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
			var e event
			if err := json.Unmarshal(door.body, &e); err != nil || door.kind != "Event" {
				t.Fatalf("the invocation is %s of %s: %v", door.kind, door.body, err)
			}
			if want := (part{Bucket: "b", Key: "k", Number: 2, ETag: `"1"`, Begin: place{begin, 2}, Row: rest, Bad: 1}); e.Continue == nil || *e.Continue != want {
				t.Errorf("the event is %s", door.body)
			}
		})
	}
}

// A door answers every request with a status, and keeps the last.
type door struct {
	status int
	kind   string
	body   []byte
}

func (d *door) Do(r *http.Request) (*http.Response, error) {
	d.kind = r.Header.Get("X-Amz-Invocation-Type")
	var err error
	d.body, err = io.ReadAll(r.Body)
	return &http.Response{StatusCode: d.status, Header: http.Header{}, Body: http.NoBody, Request: r}, err
}

func TestTracker(t *testing.T) {
	content := strings.Repeat("x", remembered) + "\n" + strings.Repeat("y\n", remembered) + "z"
	tr := track(iotest.HalfReader(strings.NewReader(content)), place{100, 10})
	if _, ok := tr.find(10); !ok {
		t.Error("the first line has no place")
	}
	if _, ok := tr.find(11); ok {
		t.Error("a line that was not read yet has a place")
	}
	if n, err := io.Copy(io.Discard, tr); n != int64(len(content)) || err != nil {
		t.Fatal(n, err)
	}
	last := 11 + remembered
	for line, want := range map[int]place{
		last:     {100 + int64(len(content)) - 1, last},
		last - 9: {100 + int64(len(content)) - 1 - 18, last - 9},
		last + 1: {}, 10: {}, 11: {}, 0: {}, -1: {},
	} {
		if got, ok := tr.find(line); got != want || ok != (want != place{}) {
			t.Errorf("line %d: got %+v, %v, want %+v", line, got, ok, want)
		}
	}
	if cap(tr.tail) > 4*remembered {
		t.Errorf("it holds %d bytes", cap(tr.tail))
	}
	broken := errors.New("broken")
	if _, err := track(iotest.ErrReader(broken), place{0, 1}).Read(make([]byte, 1)); err != broken {
		t.Errorf("got %v", err)
	}
}
