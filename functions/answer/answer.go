// Package answer is how functions behind API Gateway answer: JSON with a status,
// and a message where it is no success.
package answer

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/transform"
)

// An Answer is what a route of an API says; API Gateway's form of it is made in
// one place.
type Answer struct {
	Status int
	Body   any // nil for none, a Content as it is, all else as JSON
	Header map[string]string
	// Base64 has the body sent as base64, which grows it by a third, where
	// text may double as it becomes a JSON string. The API must have binary
	// media types for it.
	Base64 bool
}

// Content is a body that is not JSON.
type Content struct {
	Type string // its media type
	Data []byte
}

// A complaint is the body of every answer that is not a success.
type complaint struct {
	Message string `json:"message"`
}

// Refuse is an answer that is not a success.
func Refuse(status int, message string) Answer {
	return Answer{Status: status, Body: complaint{message}}
}

// Failure is the answer to an error that is not the caller's: it is logged, and
// the caller learns whether it is worth trying again.
func Failure(ctx context.Context, err error) Answer {
	if isThrottle(err) {
		return Refuse(http.StatusTooManyRequests, "the service is busy; try again")
	}
	slog.ErrorContext(ctx, "the request failed", "error", err)
	return Refuse(http.StatusInternalServerError, "Internal server error")
}

// isThrottle tells whether DynamoDB or S3 asks to be asked later.
func isThrottle(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && throttles[e.ErrorCode()]
}

var throttles = map[string]bool{
	"ProvisionedThroughputExceededException": true,
	"RequestLimitExceeded":                   true,
	"ThrottlingException":                    true,
	"SlowDown":                               true,
}

// Encoded is the answer with the body that is sent: a Content, or nil for none.
func (a Answer) Encoded() (Answer, error) {
	if _, ok := a.Body.(Content); ok || a.Body == nil {
		return a, nil
	}
	b, err := transform.JSON(a.Body)
	a.Body = Content{"application/json", b}
	return a, err
}

// Response is the answer as API Gateway takes it from a Lambda proxy
// integration.
func (a Answer) Response() (events.APIGatewayProxyResponse, error) {
	out := events.APIGatewayProxyResponse{StatusCode: a.Status, Headers: make(map[string]string, len(a.Header)+1)}
	for name, value := range a.Header {
		out.Headers[name] = value
	}
	a, err := a.Encoded()
	content, ok := a.Body.(Content)
	if err != nil || !ok {
		return out, err
	}
	out.Headers["Content-Type"] = content.Type
	out.Body, out.IsBase64Encoded = string(content.Data), a.Base64
	if a.Base64 {
		out.Body = base64.StdEncoding.EncodeToString(content.Data)
	}
	return out, nil
}
