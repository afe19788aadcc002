package logs

import (
	_ "embed"
	"strings"
	"testing"
)

//go:embed testdata/patterns.txt
var patterns string

func TestPatterns(t *testing.T) {
	cases := 0
	for line := range strings.Lines(patterns) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.LastIndexByte(line, '|')
		want, line := line[end+1:], line[:end]
		// The last | before the text is the one that no pattern has: take the text
		// from the right.
		cut := strings.LastIndexByte(line, '|')
		if got := verdict(line[:cut], line[cut+1:]); got != want {
			t.Errorf("%s on %s: %s, want %s", line[:cut], line[cut+1:], got, want)
		}
		cases++
	}
	if cases < 30 {
		t.Fatalf("only %d cases", cases)
	}
}

func verdict(expr, text string) string {
	p, err := parsePattern(expr)
	if err != nil {
		return "error"
	}
	if p.matches(text) {
		return "match"
	}
	return "no"
}

func FuzzPattern(f *testing.F) {
	for line := range strings.Lines(patterns) {
		f.Add(line, `{"a":[1,{"b":null}]}`)
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		if p, err := parsePattern(expr); err == nil {
			p.matches(text)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("f/" + position(make([]byte, 16)).id())
	f.Fuzz(func(t *testing.T, token string) {
		dir, pos, err := parseToken(token)
		if err == nil && string(dir)+"/"+pos.id() != token && strings.Trim(token[2:], "0123456789") == "" {
			t.Fatalf("%q reads as %c/%s", token, dir, pos.id())
		}
	})
}
