package event

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/store"
)

// Functions invokes functions and waits for their answers.
type Functions interface {
	// InvokeFunction runs the function. Errors are ErrNotFound, ErrDenied, ErrBusy
	// (too many run already), ErrTooLarge, and failures of the runtime itself. A
	// function that failed is no error: see Result.
	InvokeFunction(ctx context.Context, function ARN, in Invocation) (Result, error)
}

// Errors of invocations, besides those of targets.
var (
	ErrBusy     = errors.New("rate exceeded")        // the function runs as often as it may
	ErrTooLarge = errors.New("payload is too large") // for any function
)

// Invocation is one call of a function.
type Invocation struct {
	From    Sender
	Trace   string
	Payload []byte // JSON
}

// Result is how an invocation ended.
type Result struct {
	Payload []byte // JSON: the answer, or the error
	Failed  bool   // the function returned an error, crashed, or timed out
}

// InvokeFunction is [Functions.InvokeFunction] of whoever runs functions.
func (r *Router) InvokeFunction(ctx context.Context, function string, in Invocation) (Result, error) {
	a, err := arn.Parse(function)
	if err != nil || r.functions == nil {
		return Result{}, fmt.Errorf("%s: %w", function, ErrNotFound)
	}
	return r.functions.InvokeFunction(ctx, a, in)
}

// Logs keeps what functions print.
type Logs interface {
	// Append reads lines and returns what adds them to a log stream, in a
	// transaction; the group and the stream are made where there are none.
	Append(group, stream string, lines []LogLine) (add func(*store.Tx) error)
}

// LogLine is a line of a log.
type LogLine struct {
	Time time.Time
	Text string
}

// Roles gives out the credentials of roles.
type Roles interface {
	// Assume returns credentials of a session of the role, if its trust
	// policy lets the service (such as "lambda.amazonaws.com") assume it.
	// Errors are ErrNotFound and ErrDenied.
	Assume(ctx context.Context, role ARN, session, service string) (Credentials, error)
}

// Credentials are temporary credentials.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}
