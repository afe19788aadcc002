package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// identify gives the request its id, in the form that the protocol has.
func (c *call) identify() {
	if c.proto == RESTXML {
		var b [10]byte
		rand.Read(b[:])
		c.req.ID = base32.StdEncoding.EncodeToString(b[:])
		c.hostID = base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c.req.ID, 3)))
	} else {
		c.req.ID = NewRequestID()
	}
}

// begin writes the header of an answer.
func (c *call) begin(status int) {
	c.started = true
	h := c.w.Header()
	if c.proto == RESTXML {
		h.Set("X-Amz-Request-Id", c.req.ID)
		h.Set("X-Amz-Id-2", c.hostID)
	} else {
		h.Set("X-Amzn-Requestid", c.req.ID)
	}
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	c.w.WriteHeader(status)
}

// contentType is what AWS says of documents in the protocol.
func (c *call) contentType() string {
	switch c.proto {
	case JSON10:
		return "application/x-amz-json-1.0"
	case JSON11:
		return "application/x-amz-json-1.1"
	case Query:
		return "text/xml"
	case RESTXML:
		return "application/xml"
	}
	return "application/json"
}

// document answers with what write appends.
func (c *call) document(status int, write func([]byte) ([]byte, error)) error {
	buf := c.buffers.Get().(*bytes.Buffer)
	buf.Reset()
	b, err := write(buf.AvailableBuffer())
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", c.contentType())
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if c.proto == JSON10 && c.svc != nil && c.svc.CRC32 {
		h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(b)), 10))
	}
	c.begin(status)
	if c.r.Method != http.MethodHead {
		c.w.Write(b) // a client that has gone needs no answer
	}
	if cap(b) <= 1<<20 {
		c.buffers.Put(bytes.NewBuffer(b[:0]))
	}
	return nil
}

// fail answers with an error in the request's protocol.
func (c *call) fail(err error) {
	if c.started {
		c.logFailure(err)
		panic(http.ErrAbortHandler)
	}
	if c.req.ID == "" {
		c.identify()
	}
	e, ok := apiError(err)
	if !ok {
		c.logFailure(err)
		e = c.internal()
	}
	f := c.failure(e)
	if err := c.answerFailure(f); err != nil {
		c.logFailure(err)
		c.answerFailure(c.failure(c.internal()))
	}
}

func (c *call) answerFailure(f failure) error {
	h := c.w.Header()
	if own, ok := f.err.(*Error); ok {
		for k, v := range own.Headers {
			h[headerName(k, true)] = []string{v}
		}
	}
	switch {
	case f.status == http.StatusNotModified || c.r.Method == http.MethodHead:
		c.begin(f.status)
		return nil
	case c.proto == RESTJSON:
		h.Set("X-Amzn-Errortype", f.code)
	case c.proto == JSON10 || c.proto == JSON11:
		if q := c.svc.queryError(f.code); q != "" {
			h.Set("X-Amzn-Query-Error", q+";"+f.sender())
		}
	}
	return c.document(f.status, f.append)
}

func (c *call) logFailure(err error) {
	if !errors.As(err, new(panicked)) && c.ctx.Err() != nil {
		return // the client has gone, and what failed failed for that
	}
	c.cfg.Logger.LogAttrs(c.ctx, slog.LevelError, "internal failure",
		slog.String("service", c.req.Service), slog.String("operation", c.req.Operation),
		slog.String("request", c.req.ID), slog.String("cause", err.Error()))
}

// internal is what a client is shown of an error that is not AWS's.
func (c *call) internal() *Error {
	if c.proto == RESTXML {
		return &Error{Code: "InternalError", Message: "We encountered an internal error. Please try again.", Status: 500}
	}
	return &Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: 500}
}

// failure is an error on its way to the client.
type failure struct {
	*call
	err    smithy.APIError
	code   string
	status int
}

func (c *call) failure(e smithy.APIError) failure {
	f := failure{call: c, err: e, code: e.ErrorCode()}
	if own, ok := e.(*Error); ok {
		f.status = own.Status
	}
	if f.status == 0 && c.svc != nil {
		f.status = c.svc.Status[f.code]
	}
	if f.status == 0 {
		f.status = http.StatusBadRequest
		if e.ErrorFault() == smithy.FaultServer {
			f.status = http.StatusInternalServerError
		}
	}
	return f
}

func (f failure) sender() string {
	if f.status >= 500 {
		return "Receiver"
	}
	return "Sender"
}

func (s *service) queryError(code string) string {
	if s == nil {
		return ""
	}
	return s.QueryErrors[code]
}

func (f failure) append(b []byte) ([]byte, error) {
	switch f.proto {
	case RESTXML:
		return f.appendREST(b), nil
	case Query:
		return f.appendQuery(b), nil
	}
	return f.appendJSON(b)
}

// appendJSON writes the code (awsJson), the text, and the other members that the
// SDK's type for the error has.
func (f failure) appendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	if f.proto != RESTJSON {
		b = append(b, `"__type":`...)
		b = append(appendQuoted(b, f.shape()), ',')
	}
	name := "message"
	if f.svc != nil {
		name = or(f.svc.MessageMember, name)
	}
	if f.code == errSyntax.Code {
		name = "Message"
	}
	b = append(appendQuoted(b, name), ':')
	b = appendQuoted(b, f.err.ErrorMessage())
	if own, ok := f.err.(*Error); ok {
		for k, v := range sorted(own.Fields) {
			b = append(appendQuoted(append(b, ','), k), ':')
			b = appendQuoted(b, v)
		}
		return append(b, '}'), nil
	}
	return f.appendModelled(b)
}

// appendModelled writes the members of the SDK's type but for the text.
func (f failure) appendModelled(b []byte) ([]byte, error) {
	v := reflect.Indirect(reflect.ValueOf(f.err))
	if f.svc == nil || v.Kind() != reflect.Struct {
		return append(b, '}'), nil
	}
	n, err := f.svc.codec.errorPlan(v.Type())
	if err != nil {
		return b, err
	}
	return n.appendMembers(b, v, '}'), nil
}

// coral are the namespaces of the errors that AWS's framework gives, not a service.
var coral = map[string]string{
	"SerializationException":              "com.amazon.coral.service",
	"UnknownOperationException":           "com.amazon.coral.service",
	"InternalFailure":                     "com.amazon.coral.service",
	"InvalidSignatureException":           "com.amazon.coral.service",
	"IncompleteSignatureException":        "com.amazon.coral.service",
	"MissingAuthenticationTokenException": "com.amazon.coral.service",
	"UnrecognizedClientException":         "com.amazon.coral.service",
	"ExpiredTokenException":               "com.amazon.coral.service",
	"AccessDeniedException":               "com.amazon.coral.service",
	"ValidationException":                 "com.amazon.coral.validate",
}

// shape is the __type of an awsJson error.
func (f failure) shape() string {
	if f.svc == nil || f.svc.Shapes == "" {
		return f.code
	}
	return or(coral[f.code], f.svc.Shapes) + "#" + f.code
}

func (f failure) appendQuery(b []byte) []byte {
	code := f.code
	if q := f.svc.queryError(code); q != "" {
		code = q
	}
	b = append(b, "<ErrorResponse"...)
	if f.svc != nil && f.svc.Namespace != "" {
		b = appendAttr(b, "xmlns", f.svc.Namespace)
	}
	b = append(b, "><Error>"...)
	b = appendElement(b, "Type", f.sender())
	b = appendElement(b, "Code", code)
	b = appendElement(b, "Message", f.err.ErrorMessage())
	b = append(b, "</Error>"...)
	b = appendElement(b, "RequestId", f.req.ID)
	return append(b, "</ErrorResponse>"...)
}

func (f failure) appendREST(b []byte) []byte {
	b = append(b, xmlHeader+"<Error>"...)
	b = appendElement(b, "Code", f.code)
	b = appendElement(b, "Message", f.err.ErrorMessage())
	if own, ok := f.err.(*Error); ok {
		for k, v := range sorted(own.Fields) {
			b = appendElement(b, k, v)
		}
	}
	b = appendElement(b, "RequestId", f.req.ID)
	b = appendElement(b, "HostId", f.hostID)
	return append(b, "</Error>"...)
}
