package sandbox

import (
	"context"
	"time"
)

// Limits of AWS, from
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	// MaxResponse is the size of the largest buffered response, in bytes.
	MaxResponse = 6291556
	// MaxLogTail is how much of an invocation's log Result.LogTail holds, in bytes.
	MaxLogTail = 4096
)

// Function is one version of a function, as it is to be run. It must not
// change once it has been passed to Invoke; a change is a new Function with a
// new Revision.
type Function struct {
	// ARN names the version. Processes are pooled by it.
	ARN string
	// Revision changes whenever code or configuration does. Processes of
	// another revision of the same ARN finish what they do and are not used again.
	Revision string

	Name    string
	Version string // "$LATEST" or a number
	Handler string
	Runtime string // AWS's identifier: "provided.al2023", "python3.12", ...

	Dir      string        // folder that holds the unpacked code
	Timeout  time.Duration // of one invocation; 3 s when zero, as on AWS
	MemoryMB int           // 128 when zero, as on AWS
	Env      map[string]string
	LogGroup string // "/aws/lambda/NAME" when empty

	// Credentials gives the role's credentials to a process that starts. A
	// process is not used for an invocation that could outlive them. Nil leaves
	// the variables unset.
	Credentials func(ctx context.Context) (Credentials, error)
}

func (f *Function) timeout() time.Duration {
	if f.Timeout <= 0 {
		return 3 * time.Second
	}
	return f.Timeout
}

func (f *Function) memoryMB() int {
	if f.MemoryMB <= 0 {
		return 128
	}
	return f.MemoryMB
}

func (f *Function) logGroup() string {
	if f.LogGroup == "" {
		return "/aws/lambda/" + f.Name
	}
	return f.LogGroup
}

func (f *Function) version() string {
	if f.Version == "" {
		return "$LATEST"
	}
	return f.Version
}

// Credentials are what STS would issue for the function's role.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expires         time.Time // zero: never
}

// Invocation is one event for a function.
type Invocation struct {
	RequestID string // a UUID, unique among the invocations of the executor
	Payload   []byte // JSON

	InvokedARN      string // with the qualifier that the caller used; the function's ARN when empty
	TraceID         string // X-Ray header: "Root=...;Parent=...;Sampled=..."
	ClientContext   string // JSON, not base64
	CognitoIdentity string // JSON

	// Tail asks for Result.LogTail.
	Tail bool
}

// Result is the outcome of an invocation that a process took, a failure of the
// function included.
type Result struct {
	// Payload is the function's response, byte for byte, or the JSON object
	// that describes its error.
	Payload []byte
	// FunctionError is "" or "Unhandled", for the header X-Amz-Function-Error.
	FunctionError string
	// ErrorType is AWS's name of a failure: "Sandbox.Timedout",
	// "Runtime.ExitError", or what the function's runtime reported.
	ErrorType string

	LogTail   []byte // the last MaxLogTail bytes of the invocation's log, if asked for
	LogStream string

	Duration     time.Duration // of the invocation, without the start of the process
	Billed       time.Duration // whole milliseconds, with the start of the process
	InitDuration time.Duration // of the start of the process; zero when it was warm
	MaxMemoryMB  int           // resident; zero where it cannot be observed
}

// LogEvent is one line of a function's log.
type LogEvent struct {
	Group  string
	Stream string
	Time   time.Time
	// Line has no line end. It is valid UTF-8, may be empty, and may hold line
	// breaks where a runtime's logger wrote one event of several lines.
	Line string
}
