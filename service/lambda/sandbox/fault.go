package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

// A fault is a failure of a function that Lambda itself reports. The texts are
// those of the service, which clients and alarms match on:
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html.
type fault struct {
	errorType string
	message   string
	payload   []byte // what the runtime reported, when it is JSON
	reported  bool   // by the runtime, not by Lambda
	status    string // as the REPORT line has it: "error" or "timeout"
	logLine   string // what Lambda writes about it, if anything
}

const (
	typeExit          = "Runtime.ExitError"
	typeOutOfMemory   = "Runtime.OutOfMemory"
	typeEntrypoint    = "Runtime.InvalidEntrypoint"
	typeTimeout       = "Sandbox.Timedout"
	typeResponseLarge = "Function.ResponseSizeTooLarge"
	typeUnknown       = "Runtime.Unknown"
)

// body is the payload that the caller receives.
func (f *fault) body() []byte {
	if f.payload != nil {
		return f.payload
	}
	b, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{f.errorType, f.message})
	if err != nil { // two strings always marshal
		panic(err)
	}
	return b
}

func requestError(id, text string) string { return "RequestId: " + id + " Error: " + text }

// exitFault tells how a process ended that should have answered.
func exitFault(id string, state *os.ProcessState, why cause) *fault {
	text := "Runtime exited without providing a reason"
	if reason := exitReason(state); reason != "" {
		text = "Runtime exited with error: " + reason
	}
	f := &fault{errorType: typeExit, status: "error", message: requestError(id, text)}
	if why == causeMemory {
		f.errorType = typeOutOfMemory
	}
	f.logLine = f.message + "\n" + typeExit
	return f
}

// exitReason is "" for an exit with status 0.
func exitReason(state *os.ProcessState) string {
	if state == nil {
		return "unknown"
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return "signal: " + ws.Signal().String()
	}
	if code := state.ExitCode(); code != 0 {
		return fmt.Sprintf("exit status %d", code)
	}
	return ""
}

func timeoutFault(id string, limit time.Duration, now time.Time) *fault {
	text := fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
	return &fault{
		errorType: typeTimeout,
		status:    "timeout",
		message:   requestError(id, text),
		logLine:   now.UTC().Format("2006-01-02T15:04:05.000Z") + " " + id + " " + text,
	}
}

func tooLargeFault(size int64) *fault {
	return &fault{
		errorType: typeResponseLarge,
		status:    "error",
		message: fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).",
			size, MaxResponse),
	}
}

// An entrypointError says that a function has nothing that could be started.
// It is the function's failure, not the executor's.
type entrypointError struct{ text string }

func (e *entrypointError) Error() string { return e.text }

func (e *entrypointError) fault(id string) *fault {
	f := &fault{errorType: typeEntrypoint, status: "error", message: requestError(id, e.text)}
	f.logLine = f.message + "\n" + typeEntrypoint
	return f
}
