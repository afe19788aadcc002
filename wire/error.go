package wire

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/wire/codec"
)

// Error is an error of AWS's that the SDK has no type for. It is a smithy.APIError,
// as the SDK's modelled errors are; an operation may return either.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status; if 0, what API.Status says, else 400
	// Fields are further members of the answer, such as S3's Key and BucketName.
	Fields map[string]string
	// Headers are further headers of the answer, such as the ETag of a 304.
	Headers map[string]string
}

// Errorf returns an *Error with a text.
func Errorf(code, format string, args ...any) *Error {
	if len(args) == 0 {
		return &Error{Code: code, Message: format}
	}
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// ErrorCode is AWS's code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is the text that the client is shown.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault is the server's for a status of 500 and above, else the client's.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= 500 {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// Is makes errors.Is compare by code, so that
// errors.Is(err, wire.ErrBadDigest) works whatever the text.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Errors that reading a [Body] returns. The texts are S3's
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var (
	ErrBadDigest      error = &Error{Code: "BadDigest", Message: "The Content-MD5 you specified did not match what we received."}
	ErrSHA256Mismatch error = &Error{Code: "XAmzContentSHA256Mismatch", Message: "The provided 'x-amz-content-sha256' header does not match what was computed."}
	ErrIncompleteBody error = &Error{Code: "IncompleteBody", Message: "You did not provide the number of bytes specified by the Content-Length HTTP header"}
	ErrChunkSignature error = &Error{Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", Status: 403}
	ErrMalformedBody  error = &Error{Code: "InvalidRequest", Message: "The body is not well formed for the aws-chunked content encoding"}
)

// apiError is err as an error of AWS's, if it is one.
func apiError(err error) (smithy.APIError, bool) {
	var doc *codec.Error
	if errors.As(err, &doc) {
		return &Error{Code: doc.Code, Message: doc.Message}, true
	}
	var e smithy.APIError
	ok := errors.As(err, &e)
	return e, ok
}

// serializationError says that a request is not in its protocol's form.
func serializationError(text string) error {
	return &Error{Code: "SerializationException", Message: text}
}
