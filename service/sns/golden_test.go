package sns_test

import (
	"bufio"
	"flag"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/runnel/runnel/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// TestGolden runs the scripts in testdata. A line that begins with the name of
// an operation sends it in the query protocol; what follows are parameters,
// parted by " & ". The answer stands below: the error, or the result without its
// wrappers and escapes. ARN stands for the beginning of the ARNs of
// topics, QARN for that of queues, FARN for that of functions; $10x for ten x,
// UUID for what is random. SUB is the ARN of the subscription that was
// made last.
func TestGolden(t *testing.T) {
	for _, name := range []string{"topics", "subscriptions", "publish"} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/" + name + ".txt"
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) {
				st := storetest.Open(t)
				useKey(t, st)
				got = runScript(newFixture(t, st, &web{}), string(want))
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

var (
	repeated  = regexp.MustCompile(`\$(\d+)(.)`)
	uuid      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	metadata  = regexp.MustCompile(`<ResponseMetadata>.*</ResponseMetadata>|<RequestId>.*</RequestId>|<\?xml[^>]*>`)
	wrappers  = regexp.MustCompile(`</?[A-Za-z]+(Response|Result)( xmlns="[^"]*")?/?>`)
	arnPrefix = strings.NewReplacer("QARN", queueARN(""), "FARN", funcARN(""), "ARN", topicARN(""))
	arnNames  = strings.NewReplacer(queueARN(""), "QARN", funcARN(""), "FARN", topicARN(""), "ARN")
)

func runScript(fx *fixture, script string) string {
	var out strings.Builder
	last := ""
	lines := bufio.NewScanner(strings.NewReader(script))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue // an answer
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		answer := fx.query(strings.ReplaceAll(line, "SUB", last))
		if _, rest, ok := strings.Cut(answer, "<SubscriptionArn>arn:"); ok {
			arn, _, _ := strings.Cut(rest, "<")
			last = "arn:" + arn
		}
		fmt.Fprintf(&out, "  %s\n", arnNames.Replace(uuid.ReplaceAllString(answer, "UUID")))
	}
	return out.String()
}

// query sends "Operation a=b & c=d", and returns what its answer says.
func (fx *fixture) query(line string) string {
	op, rest, _ := strings.Cut(line, " ")
	form := url.Values{"Action": {op}, "Version": {"2010-03-31"}}
	for pair := range strings.SplitSeq(rest, " & ") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			form.Set(name, expand(value))
		}
	}
	req := httptest.NewRequest("POST", endpoint+"/", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	fx.handler.ServeHTTP(rec, req)
	body := metadata.ReplaceAllString(rec.Body.String(), "")
	if rec.Code == 200 {
		return strings.TrimSpace("200 " + html.UnescapeString(wrappers.ReplaceAllString(body, "")))
	}
	text := strings.ReplaceAll(html.UnescapeString(between(body, "<Message>", "</Message>")), "\n", `\n`)
	return fmt.Sprintf("%d %s: %s", rec.Code, between(body, "<Code>", "</Code>"), text)
}

// expand replaces what a script abbreviates.
func expand(s string) string {
	s = repeated.ReplaceAllStringFunc(s, func(m string) string {
		parts := repeated.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[1])
		return strings.Repeat(parts[2], n)
	})
	return arnPrefix.Replace(s)
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
