package dynamodb_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	service "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestScripts sends the requests in testdata/*.txt as they are, past what SDKs
// check before they send, and compares the answers. A script's line is an
// operation and its input; the indented line after it is the answer: its code
// and text, or its body.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runScript(t, file) })
		})
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(service.New(storetest.Open(t), service.Config{Region: "us-east-1", Account: "000000000000"}).API())
	var out strings.Builder
	var request, got string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if want, ok := strings.CutPrefix(line, "\t"); ok {
			if got != want && !*rewrite {
				t.Errorf("%s\n got %s\nwant %s", request, got, want)
			}
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		request = line
		operation, input, _ := strings.Cut(line, " ")
		got = send(t, mux, operation, expand(input))
		out.WriteString("\t" + got + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var repeated = regexp.MustCompile(`<(\d+) times (.+?)>`)

// expand writes out <N times TEXT>.
func expand(s string) string {
	return repeated.ReplaceAllStringFunc(s, func(m string) string {
		var n int
		parts := repeated.FindStringSubmatch(m)
		fmt.Sscan(parts[1], &n)
		return strings.Repeat(parts[2], n)
	})
}

// volatile are the members that differ from run to run.
var volatile = regexp.MustCompile(`"(TableId|CreationDateTime|LastUpdateToPayPerRequestDateTime|LastIncreaseDateTime|LastDecreaseDateTime|LastUpdateDateTime)":("[^"]*"|[0-9.E]+)`)

func send(t *testing.T, h http.Handler, operation, input string) string {
	r, err := http.NewRequest("POST", "http://localhost:4566/", strings.NewReader(input))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	resp, err := wire.InProcess(h).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return volatile.ReplaceAllString(string(body), `"$1":"..."`)
	}
	var e struct {
		Type          string `json:"__type"`
		Message       string `json:"message"`
		CoralsMessage string `json:"Message"`
		Item          json.RawMessage
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%s: %s", body, err)
	}
	_, code, _ := strings.Cut(e.Type, "#")
	answer := fmt.Sprintf("%d %s: %s", resp.StatusCode, code, e.Message+e.CoralsMessage)
	if e.Item != nil {
		answer += " " + string(e.Item)
	}
	if len(answer) > 900 {
		answer = answer[:300] + "..." + answer[len(answer)-300:]
	}
	return answer
}
