package convert

import (
	"crypto/md5"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/xmltransform/place"
)

// States of the file rows/a.xml, with the objects that are of each.
var states = map[string]string{
	"good":       "<rows><row><n>1</n></row></rows>",
	"other":      "<rows><row><n>2</n></row><row><n>3</n></row></rows>",
	"quarantine": "<rows><row><n>1</n></row><row><n>x</n></row></rows>",
	"third":      "<rows><row><n>4</n></row></rows>",
	"bad":        "<rows><row>",
	"worse":      "<rows>&",
}

const file = "rows/a.xml"

// of are the objects that there are to be of a state, as fresh.
func of(t testing.TB, state string) map[string]string {
	t.Helper()
	r := newRig(t)
	r.keep("rows", rowsRule)
	r.done(r.put(file, states[state]))
	return r.objects()
}

func (r *rig) is(want map[string]string) {
	r.Helper()
	if got := r.objects(); !maps.Equal(got, want) {
		r.Errorf("the objects are\n%v\nwant\n%v", got, want)
	}
}

// One state of a file is replaced by another, which another invocation converts
// while the first is at a request of its own.
func TestReplacedMeanwhile(t *testing.T) {
	const result, report = "PUT json-data/rows/a.json", "PUT json-data/errors/rows/a.xml.report.json"
	for _, test := range []struct {
		name                 string
		before, first, other string
		at                   string
	}{
		{"a result that is new", "", "good", "other", result},
		{"a result that was there", "good", "other", "quarantine", result},
		{"a result by one that is the same again", "good", "other", "good", result},
		{"a result by a failure", "", "good", "bad", result},
		{"a failure by a result", "", "bad", "good", report},
		{"a failure by a result, of its copy", "", "bad", "good", "PUT json-data/errors/rows/a.xml"},
		{"a failure by another", "", "bad", "worse", report},
		{"a failure that takes a result away", "good", "bad", "quarantine", "DELETE json-data/rows/a.json"},
		{"left out by none", "", "quarantine", "good", "PUT json-data/quarantine/rows/a.xml.ndjson"},
		{"none by left out", "quarantine", "good", "quarantine", "DELETE json-data/quarantine/rows/a.xml.ndjson"},
		{"as it is read", "good", "other", "bad", "GET xml-data/rows/a.xml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.keep("rows", rowsRule)
				if test.before != "" {
					r.done(r.put(file, states[test.before]))
				}
				event := r.put(file, states[test.first])
				interfered := false
				r.once(test.at, func() { r.done(r.put(file, states[test.other])); interfered = true })
				notices := r.done(event)
				if !interfered {
					t.Fatalf("there was no %s", test.at)
				}
				r.is(of(t, test.other))
				if want := fmt.Sprintf("%x", md5.Sum([]byte(states[test.other]))); len(notices) != 1 || notices[0].Source.ETag != want {
					t.Errorf("the notices are %+v, want one of %s", notices, want)
				}
			})
		})
	}
}

// The same content that is put again names another rule perhaps: it is another
// state of the file.
func TestSameContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := states["good"]
		again := func(r *rig) {
			time.Sleep(time.Second) // of the bubble: S3 tells times in seconds
			r.done(r.put(file, content, place.RuleMetadata, "order"))
		}
		var rigs [2]*rig
		for i := range rigs {
			rigs[i] = newRig(t)
			rigs[i].keep("rows", rowsRule)
			rigs[i].keep("order", orderRule)
		}
		again(rigs[0])
		r, event := rigs[1], rigs[1].put(file, content)
		r.once("PUT json-data/rows/a.json", func() { again(r) })
		if notices := r.done(event); len(notices) != 1 || notices[0].Status != place.Failed {
			t.Errorf("the notices are %+v", notices)
		}
		r.is(rigs[0].objects())
	})
}

// A result that is out of date does not even for a moment take the place of one
// that is not.
func TestNewerResultStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.keep("rows", rowsRule)
		r.done(r.put(file, states["good"]))
		event, replaced := r.put(file, states["other"]), false
		r.once("PUT json-data/rows/a.json", func() {
			r.done(r.put(file, states["third"]))
			want := of(t, "third")
			r.before = func(string) int {
				replaced = true
				r.is(want)
				return 0
			}
		})
		if r.done(event); !replaced {
			t.Error("there was no second attempt")
		}
	})
}

// A file that is deleted is no failure, whenever that is.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.keep("rows", rowsRule)
		remove := func() {
			must(r.direct.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(files), Key: aws.String(file)}))(t)
		}
		if notices := r.done(eventOf(file)); len(notices) != 0 || len(r.notices()) != 0 {
			t.Errorf("told of a file that is not there: %+v", notices)
		}
		event := r.put(file, states["bad"])
		r.once("PUT json-data/errors/rows/a.xml", remove)
		if notices := r.done(event); len(notices) != 0 {
			t.Errorf("told of a file that was deleted: %+v", notices)
		}
		event = r.put(file, states["good"])
		r.once("PUT json-data/rows/a.json", remove)
		if notices := r.done(event); len(notices) != 1 || notices[0].Status != place.Succeeded {
			t.Errorf("of a file that was deleted when it was read: %+v", notices)
		}
	})
}

// A file that is replaced all the time comes again.
func TestNeverTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		n := 0
		r.before = func(request string) int {
			if request == "HEAD xml-data/"+file {
				n++
				r.put(file, fmt.Sprintf("<n>%d</n>", n))
			}
			return 0
		}
		_, err := r.invoke(r.put(file, "<n>0</n>"))
		if err == nil || !strings.Contains(err.Error(), "was replaced 10 times") || n != 10 {
			t.Errorf("got %v after %d", err, n)
		}
	})
}

// An invocation that breaks off leaves some of what it was to write. That is
// forgotten too, whether the file was replaced meanwhile or afterwards.
func TestBrokenOff(t *testing.T) {
	const (
		result  = "PUT json-data/rows/a.json"
		leftOut = "PUT json-data/quarantine/rows/a.xml.ndjson"
		report  = "PUT json-data/errors/rows/a.xml.report.json"
		copied  = "PUT json-data/errors/rows/a.xml"
	)
	for _, test := range []struct {
		name, first, other string
		meanwhile          string // the request before which the file is replaced, and converted
		at                 string // the request that fails
	}{
		{"left out", "quarantine", "good", "", result},
		{"left out, then rejected", "quarantine", "bad", "", result},
		{"left out, beside a result", "quarantine", "good", leftOut, result},
		{"rejected", "bad", "good", "", copied},
		{"rejected, beside a result", "bad", "good", report, copied},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			r.keep("rows", rowsRule)
			event := r.put(file, states[test.first])
			fail := func(request string) int {
				if request == test.at {
					return http.StatusServiceUnavailable
				}
				return 0
			}
			r.before = fail
			if test.meanwhile != "" {
				r.once(test.meanwhile, func() {
					r.done(r.put(file, states[test.other]))
					r.before = fail
				})
			}
			if _, err := r.invoke(event); err == nil {
				t.Fatalf("there was no %s", test.at)
			}
			r.before = nil
			if test.meanwhile == "" {
				r.put(file, states[test.other])
			}
			r.done(event)
			r.is(of(t, test.other))
		})
	}
}

// Whatever request fails, the invocation does; and the next is as if it had not.
func TestServiceFails(t *testing.T) {
	for _, test := range [][2]string{{"", "good"}, {"", "bad"}, {"good", "bad"}, {"bad", "good"}, {"quarantine", "bad"}} {
		t.Run(test[0]+" then "+test[1], func(t *testing.T) {
			r, want := newRig(t), of(t, test[1])
			r.keep("rows", rowsRule)
			for n := 1; r.failsAt(n, test[0], test[1], want); n++ {
			}
		})
	}
}

// failsAt has the n-th request fail when a file goes from one state to another,
// and says whether there were as many.
func (r *rig) failsAt(n int, from, to string, want map[string]string) bool {
	r.Helper()
	for key := range r.objects() {
		must(r.direct.DeleteObject(r.Context(), &s3.DeleteObjectInput{Bucket: aws.String(results), Key: &key}))(r)
	}
	if from != "" {
		r.done(r.put(file, states[from]))
	}
	event, left, failed := r.put(file, states[to]), n, ""
	r.before = func(request string) int {
		if left--; left == 0 {
			failed = request
			return http.StatusServiceUnavailable
		}
		return 0
	}
	_, err := r.invoke(event)
	if (failed != "") != (err != nil) {
		r.Errorf("when %q failed: %v", failed, err)
	}
	r.before = nil
	r.done(event)
	r.is(want)
	return failed != ""
}

// Random histories: a file is put again and again, events of it come at once,
// twice, and at any time, and any request of an invocation may fail, which then
// comes again. When all is done, what there is is of the last state alone.
func TestHistories(t *testing.T) {
	histories := 12
	if testing.Short() {
		histories = 5
	}
	want := make(map[string]map[string]string)
	for state := range states {
		want[state] = of(t, state)
	}
	for seed := range uint64(histories) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{rig: newRig(t), Rand: rand.New(rand.NewPCG(seed, 4))}
			h.keep("rows", rowsRule)
			h.run()
			if got := h.objects(); !maps.Equal(got, want[h.state]) {
				t.Errorf("seed %d:\n%s\nthe objects are\n%v\nwant\n%v", seed, strings.Join(h.log, "\n"), got, want[h.state])
			}
		})
		if t.Failed() {
			return
		}
	}
}

type history struct {
	*rig
	*rand.Rand
	state   string // of the file
	events  int    // that nobody works on
	running []*invocation
	current int // of running
	log     []string
}

// An invocation stops before each of its requests.
type invocation struct {
	request string   // that it stopped before
	goOn    chan int // the status of the request's failure, or 0
	done    bool
	err     error
}

func (h *history) run() {
	names := slices.Sorted(maps.Keys(states))
	for puts := 6; puts > 0 || h.events > 0 || len(h.running) > 0; {
		switch n := h.IntN(10); {
		case n == 0 && puts > 0:
			puts--
			h.state = names[h.IntN(len(names))]
			h.put(file, states[h.state])
			h.events += 1 + h.IntN(2)
			h.log = append(h.log, "put "+h.state)
		case n < 3 && h.events > 0:
			h.events--
			h.start()
		case len(h.running) > 0:
			// Mostly one goes on, and others stay behind with what they read.
			if h.IntN(5) == 0 || h.current >= len(h.running) {
				h.current = h.IntN(len(h.running))
			}
			h.step(h.running[h.current])
		}
	}
}

func (h *history) start() {
	i := &invocation{goOn: make(chan int)}
	c := h.another(func(request string) int {
		i.request = request
		return <-i.goOn
	})
	h.running = append(h.running, i)
	event := parsed(h, eventOf(file))
	go func() {
		_, i.err = c.handle(h.Context(), event)
		i.done = true
	}()
	h.settle()
}

// step has an invocation make its request, or fail at it.
func (h *history) step(i *invocation) {
	status, n := 0, slices.Index(h.running, i)
	if h.IntN(25) == 0 {
		status = http.StatusInternalServerError
	}
	h.log = append(h.log, fmt.Sprintf("%p %s %d", i, i.request, status))
	i.goOn <- status
	h.settle()
	if !i.done {
		return
	}
	h.running = slices.Delete(h.running, n, n+1)
	if i.err != nil {
		h.events++ // which comes again
	}
}

// settle waits until every invocation has stopped, or ended; pauses included.
func (h *history) settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}
