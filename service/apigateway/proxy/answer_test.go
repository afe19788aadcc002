package proxy

import (
	"testing"

	"golang.org/x/net/http/httpguts"
)

// FuzzReadAnswer reads what functions return: what it lets pass can be written
// as HTTP.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"statusCode":200,"headers":{"A":"b","C":1.5,"D":null},"multiValueHeaders":{"A":["b",true]},"body":"x","isBase64Encoded":true}`,
		`{"statusCode":"404"}`, `{}`, `null`, `[]`, `{"headers":{"":""}}`, `{"body":7}`, `{"statusCode":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := ReadAnswer(payload)
		if err != nil {
			return
		}
		if a.Status < 200 || a.Status > 599 {
			t.Errorf("status %d", a.Status)
		}
		for name, values := range a.Header {
			for _, v := range values {
				if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(v) {
					t.Errorf("header %q: %q", name, v)
				}
			}
		}
	})
}
