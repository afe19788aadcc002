package cloudwatch_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// inbox is a target that keeps what it accepts in the store. It has no resource
// whose name begins with "no-", lets nobody send to those with "denied-", and
// fails with "broken-".
type inbox struct{}

var inboxSpace = store.K("inbox")

func (inbox) Check(_ context.Context, _ *store.Tx, to event.ARN, _ event.Sender) error {
	switch {
	case strings.HasPrefix(to.Resource, "no-"):
		return fmt.Errorf("%s: %w", to, event.ErrNotFound)
	case strings.HasPrefix(to.Resource, "denied-"):
		return fmt.Errorf("%s: %w", to, event.ErrDenied)
	case strings.HasPrefix(to.Resource, "broken-"):
		return errors.New("broken")
	}
	return nil
}

func (b inbox) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	if err := b.Check(ctx, tx, to, e.From); err != nil {
		return err
	}
	text := fmt.Sprintf("%s from %s %s: %s %s", to.Service+":"+to.Resource, e.From.Service, e.From.ARN, e.Subject, e.Body)
	tx.Set(inboxSpace.Uint(tx.NextID()), []byte(text))
	return nil
}

// newAlarmFixture is newFixture with an inbox for all that alarms tell.
func newAlarmFixture(t testing.TB, st *store.Store) *fixture {
	router := event.NewRouter()
	for _, service := range []string{"sns", "lambda", "events"} {
		router.HandleTarget(service, inbox{})
	}
	return newFixtureOf(t, st, router, slog.DiscardHandler)
}

// inboxAfter is what was accepted after the first n, in order.
func (fx *fixture) inboxAfter(n int) []string {
	fx.t.Helper()
	var out []string
	err := fx.store.View(ctx, func(tx *store.Tx) error {
		for _, v := range tx.Scan(store.Prefix(inboxSpace)) {
			out = append(out, string(v))
		}
		return nil
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return out[n:]
}

// TestAlarmGolden runs the scripts in testdata. A line that begins with the
// name of an operation sends its JSON, in which SNS, LAMBDA and ALARM stand for
// the beginnings of ARNs; "put m 5" puts a value of a metric of the namespace
// N; "wait 1m" lets time pass, "advance 720h" sets the clock. What stands below is the answer, and what was
// told to whom. Time begins at midnight of the first of January 2000.
func TestAlarmGolden(t *testing.T) {
	for _, name := range []string{"alarm", "missing", "expression", "composite", "suppression", "describe", "invalid"} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/alarm-" + name + ".txt"
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) {
				got = newAlarmFixture(t, storetest.Open(t)).script(string(want))
			})
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s is not what came out; see go test -rewrite and git diff. Got:\n%s", file, got)
			}
		})
	}
}

func (fx *fixture) script(script string) string {
	var out strings.Builder
	told := 0
	for lines := bufio.NewScanner(strings.NewReader(script)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue // what came out
		}
		fmt.Fprintln(&out, line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || word == "#":
			continue
		case word == "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				fx.t.Fatal(err)
			}
			time.Sleep(d)
			synctest.Wait()
		case word == "advance":
			d, err := time.ParseDuration(rest)
			if err != nil {
				fx.t.Fatal(err)
			}
			fx.store.Clock().Advance(d)
			synctest.Wait()
		case word == "put":
			var name string
			var value float64
			if _, err := fmt.Sscan(rest, &name, &value); err != nil {
				fx.t.Fatal(err)
			}
			fx.put("N", datum(name, value))
		default:
			fmt.Fprintln(&out, "  "+fx.request(word, rest))
		}
		for _, e := range fx.inboxAfter(told) {
			fmt.Fprintln(&out, "  -> "+maskIDs(e))
			told++
		}
	}
	return out.String()
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

func maskIDs(s string) string { return uuid.ReplaceAllString(s, "UUID") }

// request sends JSON and describes the answer.
func (fx *fixture) request(op, body string) string {
	body = strings.NewReplacer(
		"SNS:", "arn:aws:sns:"+region+":"+account+":",
		"LAMBDA:", "arn:aws:lambda:"+region+":"+account+":function:",
		"ALARM:", "arn:aws:cloudwatch:"+region+":"+account+":alarm:",
	).Replace(body)
	req := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+op)
	rec := httptest.NewRecorder()
	fx.handler.ServeHTTP(rec, req)
	text := strings.TrimSpace(rec.Body.String())
	var v any
	if json.Unmarshal([]byte(text), &v) == nil && rec.Code == 200 {
		b, _ := json.Marshal(v) // members in order of their names
		text = strings.NewReplacer(`\u003e`, ">", `\u003c`, "<", `\u0026`, "&").Replace(string(b))
	}
	return fmt.Sprintf("%d %s", rec.Code, maskIDs(text))
}
