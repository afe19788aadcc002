package s3

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the answers in testdata")

// TestGolden sends the requests in testdata/*.txt and compares the answers.
//
//	=== METHOD PATH      a request, its headers, an empty line, its body
//	---                  the answer follows: status, headers, body
//
// What differs from run to run is replaced: $ID, $TIME, $UPLOAD. A request may
// name $UPLOAD, the last upload that was begun, too.
func TestGolden(t *testing.T) {
	files := must(filepath.Glob("testdata/*.txt"))(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			golden := string(must(os.ReadFile(file))(t))
			got := runScript(newFixture(t), golden)
			if got == golden {
				return
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			reportDifference(t, got, golden)
		})
	}
}

func reportDifference(t *testing.T, got, want string) {
	g, w := strings.Split(got, "=== "), strings.Split(want, "=== ")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Errorf("got:\n%s\nwant:\n%s", strings.Join(g[i:min(i+1, len(g))], ""), strings.Join(w[i:min(i+1, len(w))], ""))
			return
		}
	}
}

// runScript returns the script with the answers that it got.
func runScript(f *fixture, script string) string {
	head, rest, _ := strings.Cut(script, "=== ")
	var out strings.Builder
	out.WriteString(head)
	upload := ""
	for _, section := range strings.Split(rest, "\n=== ") {
		request, _, _ := strings.Cut(section+"\n", "\n---\n")
		fmt.Fprintf(&out, "=== %s\n---\n", request)
		res, body := send(f, strings.ReplaceAll(request, "$UPLOAD", upload))
		if m := uploadID.FindStringSubmatch(body); m != nil {
			upload = m[1]
		}
		text := answer(res, body)
		if upload != "" {
			text = strings.ReplaceAll(text, upload, "$UPLOAD")
		}
		out.WriteString(text + "\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func send(f *fixture, request string) (*http.Response, string) {
	f.t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(head, "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	var header []string
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		header = append(header, k, v)
	}
	res := f.raw(method, path, body, header...)
	return res, string(readBody(f.t, res.Body))
}

var (
	uploadID = regexp.MustCompile(`<UploadId>([0-9a-f]{48})</UploadId>`)
	varying  = []struct {
		*regexp.Regexp
		by string
	}{
		{regexp.MustCompile(`<(RequestId|HostId)>[^<]*<`), `<$1>$$ID<`},
		{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), `$$TIME`},
		{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), `$$ID`},
		{regexp.MustCompile(`\n(Last-Modified): [^\n]*`), "\n$1: $$TIME"},
	}
)

func answer(res *http.Response, body string) string {
	var b strings.Builder
	fmt.Fprintln(&b, res.StatusCode)
	for _, k := range slices.Sorted(maps.Keys(res.Header)) {
		switch k {
		case "Date", "X-Amz-Request-Id", "X-Amz-Id-2", "Content-Length":
		default:
			fmt.Fprintf(&b, "%s: %s\n", k, strings.Join(res.Header[k], ", "))
		}
	}
	if body != "" {
		body = strings.TrimPrefix(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
		fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(body, "><", ">\n<"))
	}
	text := b.String()
	for _, v := range varying {
		text = v.ReplaceAllString(text, v.by)
	}
	return text
}
