package apigateway

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/apigateway/metrics"
)

// MaxBody is the largest body of a request, in bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const MaxBody = 10 << 20

// Request is a call of an API.
type Request struct {
	APIID, Stage string
	Method       string
	RawPath      string // after the stage, still escaped
	RawQuery     string
	Header       http.Header
	Body         []byte
	Host         string // as the client wrote it, with the port
	SourceIP     string
	Protocol     string // HTTP/1.1
	TLS          bool
}

// Response is the answer to a call.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// exchange is a call on its way.
type exchange struct {
	*Request
	s        *Service
	id       string // request id
	extended string // extended request id
	trace    string
	now      time.Time
	served   *served         // nil until the stage is found
	resource *types.Resource // nil until the path is found
	method   *types.Method
	params   map[string]string // of the path
	backend  time.Duration     // how long the function took
}

// Execute answers a call of an API. What fails is an answer too: one of the
// API's gateway responses. It lets go of the request's body once the function's
// event has it.
func (s *Service) Execute(ctx context.Context, r *Request) *Response {
	x := s.newExchange(r)
	res, err := x.run(ctx)
	if err != nil {
		res = x.fail(err)
	}
	x.measure(res.Status)
	h := res.Header
	h.Set("X-Amzn-Requestid", x.id)
	h.Set("X-Amz-Apigw-Id", x.extended)
	if h.Get("X-Amzn-Trace-Id") == "" && x.resource != nil {
		h.Set("X-Amzn-Trace-Id", x.trace)
	}
	return res
}

// measure counts a call, if it is one of an API that is there.
func (x *exchange) measure(status int) {
	if x.served == nil {
		return
	}
	series := x.served.metrics
	if x.method != nil {
		if method, resource := aws.ToString(x.method.HttpMethod), aws.ToString(x.resource.Path); detailed(x.served.stage, resource, method) {
			series = series.Detailed(method, resource)
		}
	}
	series.Observe(x.s.cfg.Metrics, metrics.Call{
		Status: status, Latency: x.s.st.Clock().Now().Sub(x.now), Integration: x.backend,
	})
}

func (s *Service) newExchange(r *Request) *exchange {
	x := &exchange{Request: r, s: s, id: event.NewID(), now: s.st.Clock().Now(), trace: r.Header.Get("X-Amzn-Trace-Id")}
	var b [11]byte
	rand.Read(b[:])
	x.extended = base64.StdEncoding.EncodeToString(b[:])
	if !strings.Contains(x.trace, "Root=") {
		x.trace = event.NewTrace(x.now)
	}
	return x
}

func (x *exchange) run(ctx context.Context) (*Response, error) {
	var err error
	x.served, err = x.s.served(ctx, x.APIID, x.Stage)
	if err != nil {
		return nil, err
	}
	if x.served == nil {
		return nil, faultForbidden
	}
	if len(x.Body) > MaxBody {
		return nil, faultTooLarge
	}
	if err := x.route(); err != nil {
		return nil, err
	}
	if err := x.authorize(); err != nil {
		return nil, err
	}
	return x.integrate(ctx)
}

// route finds the resource and the method.
func (x *exchange) route() error {
	r, params := x.served.routes.Match(x.RawPath)
	if r == nil {
		return faultNoRoute
	}
	m, ok := r.ResourceMethods[x.Method]
	if !ok {
		m, ok = r.ResourceMethods[anyMethod]
	}
	if !ok {
		return faultNoRoute
	}
	x.resource, x.method, x.params = r, &m, params
	return nil
}

// authorize asks the API's policy, and refuses methods that need an API key,
// of which there are none.
func (x *exchange) authorize() error {
	if d := x.served.policy; d != nil && !policy.Allows(expand(d, x.arn("")), "", "execute-api:Invoke", x.arn(""), nil) {
		return x.denied()
	}
	if aws.ToBool(x.method.ApiKeyRequired) {
		return faultNoKey
	}
	return x.validate()
}

// arn is that of the call: arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path.
func (x *exchange) arn(account string) string {
	if account == "" {
		account = x.s.cfg.Account
	}
	path := strings.TrimSuffix(strings.TrimPrefix(x.RawPath, "/"), "/")
	return "arn:aws:execute-api:" + x.s.cfg.Region + ":" + account + ":" + x.APIID + "/" + x.Stage + "/" + x.Method + "/" + path
}

// expand writes out the short form of resources that API policies may have,
// execute-api:/STAGE/METHOD/path.
func expand(d *policy.Document, arn string) *policy.Document {
	prefix, _, _ := strings.Cut(arn, "/")
	c := *d
	c.Statements = slices.Clone(d.Statements)
	for i, st := range c.Statements {
		list := slices.Clone(st.Resource.List)
		for j, pattern := range list {
			if rest, short := strings.CutPrefix(pattern, "execute-api:/"); short {
				list[j] = prefix + "/" + rest
			}
		}
		c.Statements[i].Resource.List = list
	}
	return &c
}

// validate checks that the parameters are there that the method requires, if
// its validator says so.
func (x *exchange) validate() error {
	v := x.served.validators[aws.ToString(x.method.RequestValidatorId)]
	if v == nil || !v.ValidateRequestParameters {
		return nil
	}
	var missing []string
	for name, required := range x.method.RequestParameters {
		if parts := strings.SplitN(name, ".", 4); required && !x.has(parts[2], parts[3]) {
			missing = append(missing, parts[3])
		}
	}
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	f := *faultParameters
	f.message = "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
	return &f
}

func (x *exchange) has(kind, name string) bool {
	value := ""
	switch kind {
	case "path":
		value = x.params[name]
	case "querystring", "multivaluequerystring":
		value = query(x.RawQuery).Get(name)
	default:
		value = x.Header.Get(name)
	}
	return value != ""
}

// integrate has the method's integration answer.
func (x *exchange) integrate(ctx context.Context) (*Response, error) {
	if x.method.MethodIntegration.Type == types.IntegrationTypeMock {
		return x.mock()
	}
	function, err := x.function()
	if err != nil {
		return nil, err
	}
	payload, err := x.event()
	if err != nil {
		return nil, err
	}
	x.Body = nil // the payload has it, and the function may take its time
	start := x.s.st.Clock().Now()
	result, err := x.invoke(ctx, function, payload)
	x.backend = x.s.st.Clock().Now().Sub(start)
	if err != nil {
		return nil, err
	}
	if result.Failed {
		return nil, malformed("the function failed: " + string(result.Payload[:min(len(result.Payload), maxLogged)]))
	}
	return x.answer(result.Payload)
}

// maxLogged is how much of a function's error is logged, in bytes: the whole is
// in the function's own log.
const maxLogged = 1024

// function is the ARN of the function to invoke, with the stage's variables in
// their places.
func (x *exchange) function() (string, error) {
	i := x.method.MethodIntegration
	uri := *i.Uri
	for name, value := range x.served.stage.Variables {
		uri = strings.ReplaceAll(uri, "${stageVariables."+name+"}", value)
	}
	function, ok := functionOf(uri)
	if !ok || *i.HttpMethod != http.MethodPost {
		return "", &fault{kind: types.GatewayResponseTypeApiConfigurationError, cause: errors.New("integration is not a POST to a function: " + uri)}
	}
	return function, nil
}

// invoke waits for the function as long as the integration's timeout says. The
// function runs on after that, and when the client has gone, as it does on AWS.
func (x *exchange) invoke(ctx context.Context, function string, payload []byte) (event.Result, error) {
	from := event.Sender{Service: "apigateway.amazonaws.com", ARN: x.arn(""), Account: x.s.cfg.Account}
	if x.method.MethodIntegration.Credentials != nil {
		from = event.Sender{} // as the role: its policies are not enforced
	}
	type outcome struct {
		result event.Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := x.s.cfg.Router.InvokeFunction(context.WithoutCancel(ctx), function, event.Invocation{From: from, Trace: x.trace, Payload: payload})
		done <- outcome{r, err}
	}()
	timeout := time.NewTimer(time.Duration(x.method.MethodIntegration.TimeoutInMillis) * time.Millisecond)
	defer timeout.Stop()
	select {
	case o := <-done:
		return o.result, invokeFault(function, o.err)
	case <-timeout.C:
		return event.Result{}, faultTimeout
	case <-ctx.Done():
		return event.Result{}, ctx.Err()
	}
}

// invokeFault is the answer to a function that could not be invoked.
func invokeFault(function string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, event.ErrBusy):
		return faultThrottled
	case errors.Is(err, event.ErrTooLarge):
		return faultTooLong
	case errors.Is(err, event.ErrNotFound), errors.Is(err, event.ErrDenied):
		return &fault{kind: types.GatewayResponseTypeApiConfigurationError, cause: err}
	}
	return &fault{kind: types.GatewayResponseTypeIntegrationFailure, status: http.StatusBadGateway, cause: errors.New(function + ": " + err.Error())}
}
