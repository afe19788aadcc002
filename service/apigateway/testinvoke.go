package apigateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/service/apigateway/route"
	"github.com/runnel/runnel/store"
)

// testStage is the stage that a test of a method runs in.
const testStage = "test-invoke-stage"

// TestInvokeMethod runs a method as it is now, deployed or not. Authorization
// is left out.
func (s *Service) TestInvokeMethod(ctx context.Context, in *apigateway.TestInvokeMethodInput) (*apigateway.TestInvokeMethodOutput, error) {
	if in.ClientCertificateId != nil {
		return nil, refuse.NotSupported("clientCertificateId")
	}
	x, err := s.testExchange(ctx, in)
	if err != nil {
		return nil, err
	}
	res, err := x.test(ctx)
	if err != nil {
		res = x.fail(err)
	}
	out := &apigateway.TestInvokeMethodOutput{
		Status: int32(res.Status), Body: aws.String(string(res.Body)), Headers: last(res.Header), MultiValueHeaders: res.Header,
		Latency: s.st.Clock().Now().Sub(x.now).Milliseconds(),
	}
	out.Log = aws.String(x.log(err, out))
	return out, nil
}

func (x *exchange) test(ctx context.Context) (*Response, error) {
	if x.method.MethodIntegration == nil {
		return nil, &fault{kind: types.GatewayResponseTypeApiConfigurationError}
	}
	if err := x.validate(); err != nil {
		return nil, err
	}
	return x.integrate(ctx)
}

// testExchange is the call that a test stands for.
func (s *Service) testExchange(ctx context.Context, in *apigateway.TestInvokeMethodInput) (*exchange, error) {
	h := http.Header{}
	for name, value := range in.Headers {
		h.Set(name, value)
	}
	for name, values := range in.MultiValueHeaders {
		h[http.CanonicalHeaderKey(name)] = values
	}
	path, query, _ := strings.Cut(aws.ToString(in.PathWithQueryString), "?")
	r := &Request{
		APIID: aws.ToString(in.RestApiId), Stage: testStage, Method: aws.ToString(in.HttpMethod), RawPath: path, RawQuery: query,
		Header: h, Body: []byte(aws.ToString(in.Body)), Host: "testPrefix.testDomainName", SourceIP: "test-invoke-source-ip", Protocol: "HTTP/1.1",
	}
	x := s.newExchange(r)
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		x.resource, x.method, err = s.method(tx, methodRef{in.RestApiId, in.ResourceId, in.HttpMethod})
		if err != nil {
			return err
		}
		a, err := s.api(tx, in.RestApiId)
		if err == nil {
			x.served = readServed(tx, definitionOf(*a.Id), a, &types.Stage{StageName: aws.String(testStage), Variables: in.StageVariables})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if x.RawPath == "" {
		x.RawPath = *x.resource.Path
	}
	if r.Method == anyMethod {
		r.Method = http.MethodGet
	}
	return x, x.testParams()
}

// testParams takes the path's parameters from the test's path.
func (x *exchange) testParams() error {
	only := route.New([]*types.Resource{x.resource})
	r, params := only.Match(x.RawPath)
	if r == nil {
		return refuse.BadRequest("Invalid path specified: %s does not match %s", x.RawPath, *x.resource.Path)
	}
	x.params = params
	return nil
}

func (x *exchange) log(err error, out *apigateway.TestInvokeMethodOutput) string {
	var b strings.Builder
	at := x.now.UTC().Format(time.UnixDate)
	line := func(format string, args ...any) { fmt.Fprintf(&b, at+" : "+format+"\n", args...) }
	fmt.Fprintf(&b, "Execution log for request %s\n", x.id)
	line("Starting execution for request: %s", x.id)
	line("HTTP Method: %s, Resource Path: %s", x.Method, x.RawPath)
	if err != nil {
		line("Execution failed due to configuration error: %v", err)
	}
	line("Method response body after transformations: %s", *out.Body)
	line("Method completed with status: %d", out.Status)
	return b.String()
}
