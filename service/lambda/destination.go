package lambda

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/event"
)

// condition is why an asynchronous invocation ended.
type condition string

const (
	success          condition = "Success"
	retriesExhausted condition = "RetriesExhausted"
	ageExceeded      condition = "EventAgeExceeded"
	zeroConcurrency  condition = "ZeroReservedConcurrency"
)

// record is what a destination is sent, as
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// shows it.
type record struct {
	Version         string          `json:"version"`
	Timestamp       string          `json:"timestamp"`
	RequestContext  requestContext  `json:"requestContext"`
	RequestPayload  json.RawMessage `json:"requestPayload"`
	ResponseContext *response       `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID   string    `json:"requestId"`
	FunctionARN string    `json:"functionArn"`
	Condition   condition `json:"condition"`
	Count       uint64    `json:"approximateInvokeCount"`
}

type response struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

func (o *outcome) destinationRecord(s *Service, now time.Time, c condition) []byte {
	r := record{
		Version: "1.0", Timestamp: now.Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{
			RequestID:   o.call.id,
			FunctionARN: s.arn(ref{o.call.ref.Name, orLatest(o.call.ref.Qualifier)}),
			Condition:   c, Count: o.failures + o.faults,
		},
		RequestPayload: asJSON(o.call.payload),
	}
	if c == success {
		r.RequestContext.Count++
	}
	if o.result != nil {
		r.ResponseContext = &response{200, aws.ToString(o.w.row.Config.Version), o.result.FunctionError}
		r.ResponsePayload = asJSON(o.result.Payload)
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // all parts are JSON
	}
	return b
}

// asJSON is a function's answer, or, where that is no JSON, a string of it.
func asJSON(payload []byte) json.RawMessage {
	if len(payload) == 0 {
		return json.RawMessage("null")
	}
	if json.Valid(payload) {
		return payload
	}
	b, err := json.Marshal(string(payload))
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

// maxErrorMessage is how much of an error a dead letter says, in bytes.
const maxErrorMessage = 1 << 10

// deadLetterAttributes are those of
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq.
func (o *outcome) deadLetterAttributes() map[string]event.Attribute {
	code, message := 429, "Rate Exceeded."
	if o.gone == ageExceeded || o.gone == "" && o.result == nil {
		code, message = 500, "The function could not be run before the event exceeded its maximum age."
	}
	if o.result != nil {
		code, message = 200, errorMessage(o.result.Payload)
	}
	return map[string]event.Attribute{
		"RequestID":    {DataType: "String", String: o.call.id},
		"ErrorCode":    {DataType: "Number", String: strconv.Itoa(code)},
		"ErrorMessage": {DataType: "String", String: message},
	}
}

// errorMessage is the beginning of a function's error. It is never empty, since
// no message attribute may be.
func errorMessage(payload []byte) string {
	var e struct {
		ErrorMessage string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &e) != nil || e.ErrorMessage == "" {
		e.ErrorMessage = "Unhandled"
	}
	n := 0
	for i, r := range e.ErrorMessage {
		end := i + len(string(r))
		if end > maxErrorMessage {
			break
		}
		n = end
	}
	return e.ErrorMessage[:n]
}
