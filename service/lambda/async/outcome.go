package async

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/sandbox"
)

// Condition is why an asynchronous invocation ended.
type Condition string

// The conditions that invocation records name.
const (
	Success          Condition = "Success"
	RetriesExhausted Condition = "RetriesExhausted"
	AgeExceeded      Condition = "EventAgeExceeded"
	ZeroConcurrency  Condition = "ZeroReservedConcurrency"
)

// Outcome is how an attempt at an invocation ended.
type Outcome struct {
	Invocation *Invocation
	Attempts
	ARN     string          // of the function as it was invoked, with its qualifier
	Version string          // that was run
	Result  *sandbox.Result // nil if no process took it
	Gone    Condition       // set if the event was given up before it could run
}

// Record is what a destination is sent, as
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
// shows it.
type Record struct {
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
	Condition   Condition `json:"condition"`
	Count       uint64    `json:"approximateInvokeCount"`
}

type response struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

// Encode is the [Record] of an invocation that ended, in JSON.
func (o *Outcome) Encode(now time.Time, c Condition) []byte {
	r := Record{
		Version: "1.0", Timestamp: now.Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{
			RequestID: o.Invocation.ID, FunctionARN: o.ARN, Condition: c, Count: o.Failures + o.Faults,
		},
		RequestPayload: asJSON(o.Invocation.Payload),
	}
	if c == Success {
		r.RequestContext.Count++
	}
	if o.Result != nil {
		r.ResponseContext = &response{200, o.Version, o.Result.FunctionError}
		r.ResponsePayload = asJSON(o.Result.Payload)
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

// DeadLetter is the attributes of a dead letter, those of
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq.
func (o *Outcome) DeadLetter() map[string]event.Attribute {
	code, message := 429, "Rate Exceeded."
	if o.Gone == AgeExceeded || o.Gone == "" && o.Result == nil {
		code, message = 500, "The function could not be run before the event exceeded its maximum age."
	}
	if o.Result != nil {
		code, message = 200, errorMessage(o.Result.Payload)
	}
	return map[string]event.Attribute{
		"RequestID":    {DataType: "String", String: o.Invocation.ID},
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
