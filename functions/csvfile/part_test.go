package csvfile

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

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/text/encoding/unicode"

	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/object/objecttest"
	"github.com/runnel/runnel/transform/csv"
)

// outcome is what becomes of rows, as text.
type outcome struct{ strings.Builder }

func (o *outcome) good(r csv.Row) error {
	if r.Get("timestamp") == "" {
		return &Unfit{"no timestamp"}
	}
	_, err := fmt.Fprintf(o, "%d good %q\n", r.Line, r.Fields())
	return err
}

func (o *outcome) bad(r BadRow) error {
	_, err := fmt.Fprintf(o, "%d bad %s: %.80q\n", r.Line, r.Reason, r.Row)
	return err
}

// columns are what the files of the tests must have.
var columns = []string{"timestamp", "location", "source", "local_dest", "local_avg", "remote_dest", "remote_avg"}

var format = &Format{Columns: columns}

// readWhole reads a file in one part.
func readWhole(in io.Reader, good func(csv.Row) error, bad func(BadRow) error) error {
	f, err := format.openFile(in)
	if err != nil {
		return headerTo(bad, err)
	}
	rest, err := f.each(never, good, bad)
	if rest != nil {
		return fmt.Errorf("stopped at %+v", *rest)
	}
	return err
}

func never() bool { return false }

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
		if err := readWhole(strings.NewReader(test.content), whole.good, whole.bad); err != nil {
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
	f, err := format.openFile(in(strings.NewReader(content)))
	for ; ; parts++ {
		if err != nil {
			t.Fatal(err)
		}
		rest, err := f.each(after(rows), out.good, out.bad)
		if err != nil {
			t.Fatal(err)
		}
		if rest == nil {
			return out.String(), parts + 1
		}
		if f, err = format.reopenFile([]byte(content[:f.begin.Offset]), f.begin, *rest, in(strings.NewReader(content[rest.Offset:]))); err != nil {
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
		if _, err := format.openFile(strings.NewReader(content)); err != nil {
			content = header + "\n" + content
		}
		if err := readWhole(strings.NewReader(content), whole.good, whole.bad); err != nil {
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
	f, err := format.openFile(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	rest, err := f.each(func() bool { return true }, out.good, out.bad)
	if want := (Place{int64(strings.LastIndex(content, "2,l")), 4}); err != nil || rest == nil || *rest != want {
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

func TestParts(t *testing.T) {
	for _, test := range []struct {
		name, event string
		want        []Part
	}{
		{"a file", `{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"a+b%C3%BC.csv","versionId":"v"}}}]}`, []Part{{Bucket: "b", Key: "a bü.csv", VersionID: "v", Number: 1}}},
		{"S3's test of a notification", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, nil},
	} {
		var e events.S3Event
		if err := json.Unmarshal([]byte(test.event), &e); err != nil {
			t.Fatal(err)
		}
		if got := Parts(e); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v", test.name, got)
		}
	}
}

func TestContinuation(t *testing.T) {
	rest := Part{Bucket: "b", Key: "a bü.csv", VersionID: "v", ETag: `"1"`, Charset: "utf-16le", Number: 2, Begin: Place{70, 2}, Row: Place{5 << 30, 17_000_000}, Sent: 16_999_990, Bad: 9}
	b, err := json.Marshal(Continuation{&rest})
	if err != nil {
		t.Fatal(err)
	}
	var again Continuation
	if err := json.Unmarshal(b, &again); err != nil || again.Check() != nil || *again.Continue != rest {
		t.Errorf("%s comes back as %+v: %v, %v", b, again.Continue, err, again.Check())
	}
	for want, change := range map[string]func(p *Part){
		"bucket, key or eTag is missing":            func(p *Part) { p.ETag = "" },
		"part is 1; the first to continue is 2":     func(p *Part) { p.Number = 1 },
		"begin is {Offset:0 Line:1}":                func(p *Part) { p.Begin = Place{0, 1} },
		"begin is {Offset:1073741824 Line:2}":       func(p *Part) { p.Begin.Offset = 1 << 30 },
		"row is {Offset:69 Line:17000000}, before":  func(p *Part) { p.Row.Offset = 69 },
		"row is {Offset:5368709120 Line:1}, before": func(p *Part) { p.Row.Line = 1 },
	} {
		p := rest
		change(&p)
		if err := (Continuation{&p}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestReportKey(t *testing.T) {
	const etag = "9b2cf535f27731c974343645a3985328"
	for want, p := range map[string]Part{
		"errors/data.csv/" + etag + ".ndjson":            {Key: "data.csv", Number: 1},
		"errors/in/2025/a b.csv/" + etag + ".ndjson":     {Key: "in/2025/a b.csv", Number: 1},
		"errors/data.csv/" + etag + "-0017000000.ndjson": {Key: "data.csv", Number: 2, Row: Place{Line: 17_000_000}},
	} {
		if got := p.reportKey("errors/", etag); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := strings.Repeat("d/", 500) + "1.csv"
	got, other := keyBeside("errors/", long, etag, ".ndjson"), keyBeside("errors/", long[:1000]+"2.csv", etag, ".ndjson")
	if len(got) > 1024 || got == other || !strings.HasSuffix(got, "/"+etag+".ndjson") {
		t.Errorf("long keys: got %q and %q", got, other)
	}
}

func config(client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: client, BaseEndpoint: aws.String("http://aws.test"),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// Open makes the outcome the sink of a part.
func (o *outcome) open(_ context.Context, _ Source, _ func(BadRow) error) (Sink, error) {
	return &sink{outcome: o}, nil
}

type sink struct {
	*outcome
	sent int
}

func (s *sink) Row(r csv.Row) error {
	err := s.good(r)
	if err == nil {
		s.sent++
	}
	return err
}

func (s *sink) Close(failed error) (int, error) { return s.sent, failed }

// An object goes through its parts over connections that break, whatever it is
// written in.
func TestPartsOfAnObject(t *testing.T) {
	var whole outcome
	if err := readWhole(strings.NewReader(awkwardFile()), whole.good, whole.bad); err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.TrimPrefix(strings.ReplaceAll(awkwardFile(), "\xff", "\uFFFD"), "\uFEFF"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		content string
		differs string // in the text of this
	}{
		"UTF-8":  {content: awkwardFile()},
		"UTF-16": {content: utf16, differs: "text that is not of the file's encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := environment.S3(config(&objecttest.Line{Content: test.content, ETag: `"1"`, Lasts: 9_000}))
				var got outcome
				l := &Loader{Format: *format, S3: client, Open: got.open}
				p, parts := &Part{Bucket: "b", Key: "k", Number: 1}, 0
				for last := p; p != nil; parts++ {
					o, err := p.open(t.Context(), client)
					if err != nil {
						t.Fatal(err)
					}
					last = p
					_, p, err = l.rows(t.Context(), *p, o, after(5), got.bad)
					if o.Close(); err != nil {
						t.Fatal(err)
					}
					if p != nil && ((Continuation{p}).Check() != nil || p.Number != last.Number+1 || p.Row.Offset <= last.Row.Offset) {
						t.Fatalf("%+v after %+v: %v", *p, *last, (Continuation{p}).Check())
					}
				}
				want := whole.String()
				if test.differs != "" {
					want = strings.Replace(want, "not UTF-8 text", test.differs, 1)
					want = strings.Replace(want, `\xff`, "\uFFFD", 1)
				}
				if got.String() != want || parts < 5 {
					t.Errorf("in %d parts, got\n%s\nwant\n%s", parts, got.String(), want)
				}
			})
		})
	}
}

// What is continued is of one object, not of another that has taken its place.
func TestPartOfAReplacedObject(t *testing.T) {
	l := &Loader{Format: *format, S3: environment.S3(config(&objecttest.Line{Content: "new", ETag: `"2"`, Lasts: 1000}))}
	got, err := l.Load(t.Context(), []Part{{Bucket: "b", Key: "k", ETag: `"1"`, Number: 2, Begin: Place{70, 2}, Row: Place{90, 3}, Sent: 1}})
	if want := []Loaded{{Bucket: "b", Key: "k", Sent: 1}}; err != nil || !reflect.DeepEqual(got, want) {
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
			door := &door{status: test.status}
			l := &Loader{
				Format: *format, Reports: "errors/", Open: new(outcome).open,
				S3:     environment.S3(config(&objecttest.Line{Content: content, ETag: `"1"`, Lasts: 1000})),
				Lambda: lambda.NewFromConfig(config(door)),
			}
			got, err := l.load(t.Context(), Part{Bucket: "b", Key: "k", Number: 1}, func() bool { return true })
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			begin := int64(strings.Index(content, "bad"))
			rest := Place{begin + 4, 3}
			if want := (Loaded{Bucket: "b", Key: "k", Bad: 1, Report: "errors/k/1.ndjson", Rest: &rest}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
			var e Continuation
			if err := json.Unmarshal(door.body, &e); err != nil || door.kind != "Event" {
				t.Fatalf("the invocation is %s of %s: %v", door.kind, door.body, err)
			}
			if want := (Part{Bucket: "b", Key: "k", Number: 2, ETag: `"1"`, Begin: Place{begin, 2}, Row: rest, Bad: 1}); e.Continue == nil || *e.Continue != want {
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
	tr := track(iotest.HalfReader(strings.NewReader(content)), Place{100, 10})
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
	for line, want := range map[int]Place{
		last:     {100 + int64(len(content)) - 1, last},
		last - 9: {100 + int64(len(content)) - 1 - 18, last - 9},
		last + 1: {}, 10: {}, 11: {}, 0: {}, -1: {},
	} {
		if got, ok := tr.find(line); got != want || ok != (want != Place{}) {
			t.Errorf("line %d: got %+v, %v, want %+v", line, got, ok, want)
		}
	}
	if cap(tr.tail) > 4*remembered {
		t.Errorf("it holds %d bytes", cap(tr.tail))
	}
	broken := errors.New("broken")
	if _, err := track(iotest.ErrReader(broken), Place{0, 1}).Read(make([]byte, 1)); err != broken {
		t.Errorf("got %v", err)
	}
}
