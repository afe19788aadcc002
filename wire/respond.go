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
	"strconv"
	"strings"
	"time"
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
	if c.seen != nil {
		c.seen.Status, c.seen.FirstByte = status, time.Since(c.seen.Start)
	}
	h := c.w.Header()
	if c.proto == RESTXML {
		h.Set("X-Amz-Request-Id", c.req.ID)
		h.Set("X-Amz-Id-2", c.hostID)
	} else {
		h.Set("X-Amzn-Requestid", c.req.ID)
	}
	if c.proto == RPCv2CBOR {
		h.Set("Smithy-Protocol", rpcv2)
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
	case RPCv2CBOR:
		return "application/cbor"
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
		c.Write(b) // a client that has gone needs no answer
	}
	if cap(b) <= 1<<20 {
		c.buffers.Put(bytes.NewBuffer(b[:0]))
	}
	return nil
}

// fail answers with an error in the request's protocol.
func (c *call) fail(err error) {
	e, ok := apiError(err)
	if !ok || c.started {
		c.logFailure(err)
		e = c.internal()
	}
	c.saw(e)
	if c.started {
		panic(http.ErrAbortHandler)
	}
	if c.req.ID == "" {
		c.identify()
	}
	if err := c.answerFailure(c.failure(e)); err != nil {
		c.logFailure(err)
		e = c.internal()
		c.saw(e)
		c.answerFailure(c.failure(e))
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
	case c.proto == JSON10 || c.proto == JSON11 || c.proto == RPCv2CBOR:
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
