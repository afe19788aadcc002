package proxy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/http/httpguts"
)

// Answer is a function's result.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
type Answer struct {
	Status int
	Header http.Header // names are as HTTP has them, and renamed where the gateway renames them
	Body   []byte
	Base64 bool // Body is so encoded
}

// ReadAnswer reads a result. All members may be absent, and there may be none
// but these; the error says what makes the result malformed. The body, which may
// be megabytes, is copied once.
func ReadAnswer(payload []byte) (*Answer, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, fmt.Errorf("it is not an object: %w", cmp.Or(err, errors.New(t.Kind().String())))
	}
	r := reading{Answer: Answer{Status: http.StatusOK, Header: http.Header{}}}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String()
		value, err := d.ReadValue()
		if err == nil {
			err = r.member(name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("%.64s: %w", name, err)
		}
	}
	if _, err := d.ReadToken(); err != nil { // the end of the object
		return nil, err
	}
	if t, err := d.ReadToken(); err != io.EOF {
		return nil, fmt.Errorf("more follows it: %w", cmp.Or(err, errors.New(t.Kind().String())))
	}
	return &r.Answer, r.setHeaders(r.single, r.multi)
}

// reading is an answer of which some members are read.
type reading struct {
	Answer
	single map[string]any
	multi  map[string][]any
}

func (r *reading) member(name string, value jsontext.Value) (err error) {
	switch name {
	case "statusCode":
		r.Status, err = readStatus(value)
	case "headers":
		err = json.Unmarshal(value, &r.single)
	case "multiValueHeaders":
		err = json.Unmarshal(value, &r.multi)
	case "body":
		r.Body, err = readBody(value)
	case "isBase64Encoded":
		err = json.Unmarshal(value, &r.Base64)
	default:
		err = errors.New("unknown member")
	}
	return err
}

// readBody takes a string or null.
func readBody(value jsontext.Value) ([]byte, error) {
	switch value.Kind() {
	case 'n':
		return nil, nil
	case '"':
		body, _ := jsontext.AppendUnquote(make([]byte, 0, len(value)), value) // the error tells of what is not UTF-8
		return body, nil
	}
	return nil, errors.New("it is not a string")
}

// readStatus takes a number or its text.
func readStatus(raw jsontext.Value) (int, error) {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil || n < 200 || n > 599 {
		return 0, fmt.Errorf("%s is not the status of a response", raw)
	}
	return n, nil
}

// setHeaders joins both kinds of headers; a value that is in both is written
// once.
func (a *Answer) setHeaders(single map[string]any, multi map[string][]any) error {
	for name, values := range multi {
		for _, v := range values {
			if err := a.addHeader(name, v); err != nil {
				return err
			}
		}
	}
	for name, v := range single {
		text, _ := scalar(v)
		if slices.Contains(a.Header[responseName(name)], text) {
			continue
		}
		if err := a.addHeader(name, v); err != nil {
			return err
		}
	}
	return nil
}

func (a *Answer) addHeader(name string, v any) error {
	text, ok := scalar(v)
	if !ok {
		return fmt.Errorf("header %s: %v is not a string, a number or a boolean", name, v)
	}
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(text) {
		return fmt.Errorf("header %q: %q cannot be in HTTP", name, text)
	}
	if v != nil {
		name = responseName(name)
		a.Header[name] = append(a.Header[name], text)
	}
	return nil
}

// scalar is a value as a header has it; null is no header.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// responseName is the name of a response's header. What belongs to the
// connection, or to the gateway, is renamed.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
func responseName(name string) string {
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch name {
	case "Authorization", "Connection", "Content-Length", "Date", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate",
		"Server", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via", "Www-Authenticate":
		return "X-Amzn-Remapped-" + name
	}
	return name
}
