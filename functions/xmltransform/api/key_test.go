package api

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

func TestCheckKey(t *testing.T) {
	for _, key := range []string{
		"a.xml", "orders/1.xml", "a b+c%d?.xml", "ü/小林.xml", "..a/b..", ".hidden", "error/x", "x/errors/y", strings.Repeat("x", 900),
	} {
		if err := checkKey(key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	for key, want := range map[string]string{
		"":                       "file is missing",
		"/a":                     "begins with a slash",
		"a//b":                   "empty",
		"a/":                     "empty",
		"..":                     `".."`,
		"a/../b":                 `".."`,
		"./a":                    `"."`,
		"a\nb":                   `control character: "a\nb"`,
		"a\x00":                  "control character",
		"a\u0085":                "control character",
		"\xff":                   "UTF-8",
		"a\ufffd":                "UTF-8",
		"errors/a.xml":           "errors/ or quarantine/, where reports lie",
		"quarantine/a":           "quarantine/, where reports lie",
		strings.Repeat("x", 901): "901 bytes; it may have 900",
	} {
		if err := checkKey(key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", key, err, want)
		}
	}
}

func TestLink(t *testing.T) {
	if got := link("a b/ü+%?#.xml"); got != "upload/a%20b/%C3%BC+%25%3F%23.xml" {
		t.Errorf("got %s", got)
	}
	r := request{events.APIGatewayProxyRequest{Path: "/rules/"}}
	if got := r.location("rules/a"); got != "../rules/a" {
		t.Errorf("got %s", got)
	}
}

func FuzzCheckKey(f *testing.F) {
	f.Add("orders/1.xml")
	f.Add("a/../b")
	f.Fuzz(func(t *testing.T, key string) {
		if checkKey(key) == nil && (!utf8.ValidString(key) || strings.Contains("/"+key+"/", "/../") || key[0] == '/') {
			t.Errorf("%q is a key", key)
		}
	})
}

func TestReadTags(t *testing.T) {
	for value, want := range map[string]string{
		`"1"`: `"1"`, ` "1" , W/"2","a,b" `: `"1" W"2" "a,b"`, `""`: `""`,
		``: "bad", `1`: "bad", `"`: "bad", `"1" "2"`: "bad", `"1",`: "bad", `,"1"`: "bad", `w/"1"`: "bad", `*, "1"`: "bad", `W/`: "bad",
	} {
		tags, _, err := readTags("If-Match", value)
		var got []string
		for _, tag := range tags {
			weak := ""
			if tag.weak {
				weak = "W"
			}
			got = append(got, weak+tag.opaque)
		}
		if err != nil {
			got = []string{"bad"}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: got %s, want %s", value, s, want)
		}
	}
	if _, all, err := readTags("If-Match", " * "); !all || err != nil {
		t.Errorf("*: got %v, %v", all, err)
	}
}

func FuzzReadTags(f *testing.F) {
	f.Add(`"1", W/"2"`)
	f.Add(`*`)
	f.Fuzz(func(t *testing.T, value string) {
		tags, all, err := readTags("If-Match", value)
		if (err == nil) != (all || len(tags) > 0) {
			t.Errorf("%q: got %v, %v, %v", value, tags, all, err)
		}
		for _, tag := range tags {
			if len(tag.opaque) < 2 || strings.Count(tag.opaque, `"`) != 2 {
				t.Errorf("%q: got %q", value, tag.opaque)
			}
		}
	})
}

func FuzzForm(f *testing.F) {
	body, header := form(field{name: "rule", data: "a"}, field{name: "file", file: "a.xml", data: "<a/>"})
	f.Add(strings.TrimPrefix(header, "Content-Type: "), body)
	f.Add("multipart/form-data", body)
	f.Add("multipart/form-data; boundary=", "--")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := request{events.APIGatewayProxyRequest{Headers: map[string]string{"content-type": contentType}, Body: body}}
		if !r.isForm() {
			return
		}
		parts, err := r.form([]byte(body))
		if err != nil {
			if _, ok := err.(*refusal); !ok {
				t.Errorf("got %T %v", err, err)
			}
			return
		}
		for _, p := range parts {
			if strings.Contains(p.file, "/") && p.file != "/" {
				t.Errorf("a file is %q", p.file)
			}
		}
	})
}
