package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/async"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/service/lambda/metrics"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Limits of payloads, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxSyncPayload  = 6 << 20
	maxAsyncPayload = 1 << 20
	maxContext      = 3583 // ClientContext, in base64
)

// Invoke runs a function and waits for it, or has it run later, or does
// neither.
func (s *Service) Invoke(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	call, err := s.call(ctx, r, in)
	if err != nil {
		return nil, err
	}
	i, err := s.invocable(ctx, r)
	if err != nil {
		return nil, err
	}
	version := i.versions[0].row.Config.Version
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		return &lambda.InvokeOutput{StatusCode: 204, ExecutedVersion: version}, nil
	case types.InvocationTypeEvent:
		err := s.st.Update(ctx, func(tx *store.Tx) error { return s.enqueue(tx, call) })
		return &lambda.InvokeOutput{StatusCode: 202}, err
	}
	return s.invokeNow(ctx, i, call)
}

// call is one invocation, however it came about.
type call struct {
	ref     ref
	id      string // request id
	trace   string
	context string // ClientContext, JSON
	payload []byte
	tail    bool // the end of the log is wanted
}

// call reads a request.
func (s *Service) call(ctx context.Context, r ref, in *lambda.InvokeInput) (*call, error) {
	var v fault.Constraints
	limit, kind := maxSyncPayload, in.InvocationType
	switch kind {
	case "":
		kind = types.InvocationTypeRequestResponse
	case types.InvocationTypeEvent:
		limit = maxAsyncPayload
	case types.InvocationTypeRequestResponse, types.InvocationTypeDryRun:
	default:
		v.Fail("invocationType", kind, fault.MustBeEnum, "Event, RequestResponse, DryRun")
	}
	if in.LogType != "" && in.LogType != types.LogTypeNone && in.LogType != types.LogTypeTail {
		v.Fail("logType", in.LogType, fault.MustBeEnum, "None, Tail")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	if in.DurableExecutionName != nil || in.TenantId != nil {
		return nil, fault.NotSupported("Invoke with DurableExecutionName or TenantId")
	}
	if n := len(in.Payload); n > limit {
		return nil, fault.New("RequestEntityTooLargeException",
			"%d byte payload is too large for the %s invocation type (limit %d bytes)", n, kind, limit)
	}
	req := wire.RequestOf(ctx)
	c := &call{ref: r, id: req.ID, trace: req.Trace, payload: in.Payload, tail: in.LogType == types.LogTypeTail}
	if len(c.payload) == 0 {
		c.payload = []byte("{}")
	}
	if err := checkJSON(c.payload); err != nil {
		return nil, err
	}
	if c.trace == "" {
		c.trace = event.NewTrace(s.st.Clock().Now())
	}
	var err error
	c.context, err = clientContext(in.ClientContext)
	return c, err
}

func checkJSON(payload []byte) error {
	if json.Valid(payload) {
		return nil
	}
	var v any
	return fault.New("InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: %v", json.Unmarshal(payload, &v))
}

// enqueue adds an asynchronous invocation, in the transaction of whatever
// caused it.
func (s *Service) enqueue(tx *store.Tx, c *call) error {
	if len(c.payload) > maxAsyncPayload {
		return fault.New("RequestEntityTooLargeException",
			"%d byte payload is too large for the Event invocation type (limit %d bytes)", len(c.payload), maxAsyncPayload)
	}
	s.async.Add(tx, &async.Invocation{
		Name: c.ref.Name, Qualifier: c.ref.Qualifier, ID: c.id, Trace: c.trace, Context: c.context, Payload: c.payload,
	})
	tx.OnCommit(func() {
		scope := metrics.Of(c.ref.Name, c.ref.Qualifier)
		scope.Received(s.cfg.Metrics)
	})
	return nil
}

// clientContext decodes the base64 of the header.
func clientContext(in *string) (string, error) {
	if in == nil {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(*in)
	if err != nil || !json.Valid(b) || len(*in) > maxContext {
		return "", fault.New("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	return string(b), nil
}

// InvokeAsync is Invoke with the type Event, as it was before 2015.
func (s *Service) InvokeAsync(ctx context.Context, in *invokeAsyncInput) (*lambda.InvokeAsyncOutput, error) {
	out, err := s.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: in.FunctionName, Payload: in.InvokeArgs, InvocationType: types.InvocationTypeEvent,
	})
	if err != nil {
		return nil, err
	}
	return &lambda.InvokeAsyncOutput{Status: out.StatusCode}, nil
}

// invokeAsyncInput has the payload in memory, unlike the SDK's.
type invokeAsyncInput struct {
	FunctionName *string
	InvokeArgs   []byte
}

// invokeNow runs a function for a caller that waits. It is throttled where an
// asynchronous invocation would wait. A caller that gives up does not end the
// function, as on AWS.
func (s *Service) invokeNow(ctx context.Context, i *invocable, c *call) (*lambda.InvokeOutput, error) {
	if reason, ok := s.slots.Try(c.ref.Name); !ok {
		i.versions[0].scope.Throttled(s.cfg.Metrics)
		return nil, fault.Throttled(reason)
	}
	type answer struct {
		out *lambda.InvokeOutput
		err error
	}
	answered := make(chan answer, 1)
	running := context.WithoutCancel(ctx)
	s.calls.Go(func() {
		out, err := s.answer(running, i.pick(), c)
		s.slots.Release(c.ref.Name) // first: who has the answer may call again at once
		answered <- answer{out, err}
	})
	select {
	case a := <-answered:
		return a.out, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answer runs the call and says what came of it. What the function printed is
// in its log by then.
func (s *Service) answer(ctx context.Context, w *weighted, c *call) (*lambda.InvokeOutput, error) {
	res, err := s.run(ctx, w, c)
	if err != nil {
		return nil, s.runtimeError(w, err)
	}
	if err := s.lines.flush(ctx); err != nil {
		return nil, err
	}
	out := &lambda.InvokeOutput{StatusCode: 200, ExecutedVersion: w.row.Config.Version, Payload: res.Payload}
	if res.FunctionError != "" {
		out.FunctionError = aws.String(res.FunctionError)
	}
	if c.tail {
		out.LogResult = aws.String(base64.StdEncoding.EncodeToString(res.LogTail))
	}
	return out, nil
}

// runtimeError is what a caller is told when no process could take the
// invocation. Whoever runs this machine must see why, and may: it says what to
// install.
func (s *Service) runtimeError(w *weighted, err error) error {
	s.log.Error("function cannot be run", "function", aws.ToString(w.row.Config.FunctionArn), "err", err)
	e := wire.Errorf("ServiceException", "The function cannot be run: %v", err)
	e.Status = 500
	return e
}

// run has a process serve the call. The caller holds a slot.
func (s *Service) run(ctx context.Context, w *weighted, c *call) (*sandbox.Result, error) {
	f := w.fn
	if _, err := s.code.Folder(s.st, w.row.Code, aws.ToString(w.row.Config.CodeSha256)); err != nil {
		return nil, fmt.Errorf("code of %s: %w", f.ARN, err)
	}
	function, all, unreserved := s.slots.Usage(f.Name)
	w.scope.Running(s.cfg.Metrics, function, all, unreserved)
	in := sandbox.Invocation{
		RequestID: c.id, Payload: c.payload, InvokedARN: s.arn(c.ref), TraceID: c.trace, ClientContext: c.context, Tail: c.tail,
	}
	c.payload = nil // megabytes, which nobody needs while the function runs
	res, err := s.exec.Invoke(ctx, f, in)
	if err == nil {
		w.scope.Invoked(s.cfg.Metrics, res.Duration, res.FunctionError != "")
	}
	return res, err
}

// isMissing reports whether err says that a target is not there, or may not be
// used: whatever else is wrong is not the caller's fault.
func isMissing(err error) bool {
	return errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied)
}
