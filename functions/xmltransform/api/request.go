package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// maxBody is how many bytes a request may have. As base64, in an event, it stays
// within the 6 MB that Lambda takes.
const maxBody = 4_500_000

type request struct{ events.APIGatewayProxyRequest }

// header is a header of any case; of several of a name, the list.
func (r request) header(name string) string {
	var values []string
	for n, list := range r.MultiValueHeaders {
		if strings.EqualFold(n, name) {
			values = append(values, list...)
		}
	}
	if values != nil {
		return strings.Join(values, ", ")
	}
	for n, value := range r.Headers {
		if strings.EqualFold(n, name) {
			return value
		}
	}
	return ""
}

// query is a parameter of the query; it is given once, or the request is not
// understood by all alike.
func (r request) query(name string) (string, error) {
	if values := r.MultiValueQueryStringParameters[name]; len(values) > 1 {
		return "", bad("%s is given %d times", name, len(values))
	}
	return r.QueryStringParameters[name], nil
}

// body is the body in bytes.
func (r request) body() ([]byte, error) {
	size := len(r.Body)
	if r.IsBase64Encoded {
		size = base64.StdEncoding.DecodedLen(size) - strings.Count(r.Body[max(0, size-2):], "=")
	}
	if size > maxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("a request has %d bytes at the most; put larger files into the bucket", maxBody)}
	}
	if !r.IsBase64Encoded {
		return []byte(r.Body), nil
	}
	b, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		return nil, bad("the body is not base64")
	}
	return b, nil
}

// isForm tells whether the body is a form as browsers send it.
func (r request) isForm() bool { return isOf(r.header("Content-Type"), "multipart/form-data") }

// isOf tells whether a content type, with or without parameters, is of a media
// type.
func isOf(contentType, mediaType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), mediaType)
}

const (
	maxParts = 100     // of a form
	maxField = 1 << 10 // bytes of a field that is no file
)

// A part is one of a form.
type part struct {
	name, file  string // file is the name of the file without its folder, "" for a field
	contentType string
	data        []byte
}

// form reads the parts of a multipart/form-data body (RFC 7578), of which no
// two have the same name.
func (r request) form(body []byte) ([]part, error) {
	_, params, err := mime.ParseMediaType(r.header("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, bad("the content type multipart/form-data has no boundary")
	}
	if !bytes.Contains(body, []byte("--"+params["boundary"]+"--")) {
		return nil, bad("the form has no end")
	}
	var parts []part
	for in := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		p, err := in.NextPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, bad("the form cannot be read: %v", err)
		}
		if len(parts) == maxParts {
			return nil, bad("the form has more than %d parts", maxParts)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return nil, bad("the form cannot be read: %v", err)
		}
		if _, twice := find(parts, p.FormName()); twice {
			return nil, bad("the form has more than one part %.64q", p.FormName())
		}
		parts = append(parts, part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), data})
	}
}

func find(parts []part, name string) (part, bool) {
	for _, p := range parts {
		if p.name == name {
			return p, true
		}
	}
	return part{}, false
}
