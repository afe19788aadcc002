package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Answer is a function's result.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
type Answer struct {
	Status int
	Header http.Header // names are as HTTP has them, and renamed where the gateway renames them
	Body   string
	Base64 bool // Body is so encoded
}

// ReadAnswer reads a result. All members may be absent, and there may be none
// but these; the error says what makes the result malformed.
func ReadAnswer(payload []byte) (*Answer, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, errors.New("it is null")
	}
	a := &Answer{Status: http.StatusOK, Header: http.Header{}}
	var err error
	var single map[string]any
	var multi map[string][]any
	for name, value := range members {
		switch name {
		case "statusCode":
			a.Status, err = readStatus(value)
		case "headers":
			err = json.Unmarshal(value, &single)
		case "multiValueHeaders":
			err = json.Unmarshal(value, &multi)
		case "body":
			err = json.Unmarshal(value, &a.Body)
		case "isBase64Encoded":
			err = json.Unmarshal(value, &a.Base64)
		default:
			err = fmt.Errorf("unknown member %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return a, a.setHeaders(single, multi)
}

// readStatus takes a number or its text.
func readStatus(raw json.RawMessage) (int, error) {
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
