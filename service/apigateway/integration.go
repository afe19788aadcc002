package apigateway

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/patch"
	"github.com/runnel/runnel/service/apigateway/refuse"
	"github.com/runnel/runnel/store"
)

// Bounds of an integration's timeout, in milliseconds.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const (
	minTimeout = 50
	maxTimeout = 29_000
)

// PutIntegration implements the operation of that name.
func (s *Service) PutIntegration(ctx context.Context, in *apigateway.PutIntegrationInput) (*types.Integration, error) {
	i := &types.Integration{
		Type: in.Type, HttpMethod: in.IntegrationHttpMethod, Uri: in.Uri, Credentials: in.Credentials,
		CacheKeyParameters: in.CacheKeyParameters, CacheNamespace: in.CacheNamespace,
		ConnectionId: in.ConnectionId, ConnectionType: in.ConnectionType, ContentHandling: in.ContentHandling,
		IntegrationTarget: in.IntegrationTarget, PassthroughBehavior: in.PassthroughBehavior,
		RequestParameters: in.RequestParameters, RequestTemplates: in.RequestTemplates,
		ResponseTransferMode: in.ResponseTransferMode, TlsConfig: in.TlsConfig,
		TimeoutInMillis: maxTimeout,
	}
	if in.TimeoutInMillis != nil {
		i.TimeoutInMillis = *in.TimeoutInMillis
	}
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeMethod(ctx, s, ref, func(_ *store.Tx, r *types.Resource, m *types.Method) (*types.Integration, error) {
		if m.MethodIntegration != nil {
			i.IntegrationResponses = m.MethodIntegration.IntegrationResponses
		}
		m.MethodIntegration = i
		return i, completeIntegration(i, r)
	})
}

// completeIntegration fills in defaults and refuses what is not valid or not
// supported.
func completeIntegration(i *types.Integration, r *types.Resource) error {
	if i.CacheNamespace == nil {
		i.CacheNamespace = r.Id
	}
	if i.CacheKeyParameters == nil {
		i.CacheKeyParameters = []string{}
	}
	if i.PassthroughBehavior == nil {
		i.PassthroughBehavior = aws.String("WHEN_NO_MATCH")
	}
	return checkIntegration(i)
}

func checkIntegration(i *types.Integration) error {
	if err := refuse.Enum(i.Type, "type", i.Type.Values()); err != nil {
		return err
	}
	if i.TimeoutInMillis < minTimeout || i.TimeoutInMillis > maxTimeout {
		return refuse.BadRequest("Timeout should be between %d ms and %d ms", minTimeout, maxTimeout)
	}
	if !slices.Contains([]string{"WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"}, *i.PassthroughBehavior) {
		return refuse.BadRequest("Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER")
	}
	switch {
	case i.ConnectionType != "" && i.ConnectionType != types.ConnectionTypeInternet:
		return refuse.NotSupported("Connection type " + string(i.ConnectionType))
	case i.ContentHandling == types.ContentHandlingStrategyConvertToBinary:
		return refuse.NotSupported("Content handling CONVERT_TO_BINARY")
	case i.ResponseTransferMode == types.ResponseTransferModeStream:
		return refuse.NotSupported("Response transfer mode STREAM")
	case i.IntegrationTarget != nil:
		return refuse.NotSupported("integrationTarget")
	case i.TlsConfig != nil:
		return refuse.NotSupported("tlsConfig")
	}
	switch i.Type {
	case types.IntegrationTypeAwsProxy:
		return checkProxy(i)
	case types.IntegrationTypeMock:
		return checkMock(i)
	}
	return refuse.NotSupported("Integration type " + string(i.Type) + " (other than AWS_PROXY and MOCK)")
}

func checkProxy(i *types.Integration) error {
	if aws.ToString(i.HttpMethod) == "" {
		return refuse.BadRequest("Enumeration value for HttpMethod must be non-empty")
	}
	uri, err := arn.Parse(aws.ToString(i.Uri))
	if err != nil || uri.Service != "apigateway" {
		return refuse.BadRequest("Invalid ARN specified in the request")
	}
	if !strings.HasPrefix(uri.Resource, "path/") && !strings.HasPrefix(uri.Resource, "action/") {
		return refuse.BadRequest("AWS ARN for integration must contain path or action")
	}
	if uri.AccountID != "lambda" {
		return refuse.BadRequest("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.")
	}
	if _, ok := functionOf(*i.Uri); !ok {
		return refuse.BadRequest("Invalid function ARN or invalid uri")
	}
	return nil
}

// functionOf is the ARN of the function that an integration's uri invokes:
// arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations.
// It may hold ${stageVariables.NAME}.
func functionOf(uri string) (string, bool) {
	_, rest, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/")
	function, end := strings.CutSuffix(rest, "/invocations")
	return function, ok && end && function != ""
}

// vtl matches what the Velocity template language would evaluate.
var vtl = regexp.MustCompile(`\$[!{a-zA-Z]|#[#*@{a-zA-Z]`)

// checkMock takes templates that are JSON as they stand.
func checkMock(i *types.Integration) error {
	for kind, t := range i.RequestTemplates {
		if vtl.MatchString(t) {
			return refuse.NotSupported("A request template with VTL (" + kind + ")")
		}
		if _, ok := mockStatus(t); !ok {
			return refuse.NotSupported("A request template (" + kind + `) that is not JSON such as {"statusCode": 200}`)
		}
	}
	if len(i.RequestParameters) > 0 {
		return refuse.NotSupported("requestParameters of a MOCK integration")
	}
	for _, r := range i.IntegrationResponses {
		if err := checkIntegrationResponse(&r); err != nil {
			return err
		}
	}
	return nil
}

// mockStatus is the status that a MOCK integration's request asks for.
func mockStatus(template string) (int, bool) {
	var request struct {
		StatusCode any `json:"statusCode"`
	}
	if json.Unmarshal([]byte(template), &request) != nil {
		return 0, false
	}
	switch v := request.StatusCode.(type) {
	case float64:
		return int(v), v == float64(int(v))
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// GetIntegration implements the operation of that name.
func (s *Service) GetIntegration(ctx context.Context, in *apigateway.GetIntegrationInput) (*types.Integration, error) {
	return view(ctx, s, func(tx *store.Tx) (*types.Integration, error) {
		_, m, err := s.method(tx, methodRef{in.RestApiId, in.ResourceId, in.HttpMethod})
		if err == nil && m.MethodIntegration == nil {
			err = errNoIntegration()
		}
		if err != nil {
			return nil, err
		}
		return m.MethodIntegration, nil
	})
}

// changeIntegration runs change on a method's integration and stores it.
func changeIntegration[T any](ctx context.Context, s *Service, ref methodRef, change func(*types.Method, *types.Integration) (*T, error)) (*T, error) {
	return changeMethod(ctx, s, ref, func(_ *store.Tx, _ *types.Resource, m *types.Method) (*T, error) {
		if m.MethodIntegration == nil {
			return nil, errNoIntegration()
		}
		return change(m, m.MethodIntegration)
	})
}

// UpdateIntegration implements the operation of that name.
func (s *Service) UpdateIntegration(ctx context.Context, in *apigateway.UpdateIntegrationInput) (*types.Integration, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeIntegration(ctx, s, ref, func(_ *types.Method, i *types.Integration) (*types.Integration, error) {
		if err := patch.Apply(integrationChanges(), i, in.PatchOperations); err != nil {
			return nil, err
		}
		if i.PassthroughBehavior == nil {
			i.PassthroughBehavior = aws.String("WHEN_NO_MATCH")
		}
		return i, checkIntegration(i)
	})
}

func integrationChanges() []patch.Change[types.Integration] {
	return []patch.Change[types.Integration]{
		patch.Text("/httpMethod", func(i *types.Integration) **string { return &i.HttpMethod }),
		patch.Text("/uri", func(i *types.Integration) **string { return &i.Uri }),
		patch.Text("/credentials", func(i *types.Integration) **string { return &i.Credentials }),
		patch.Text("/passthroughBehavior", func(i *types.Integration) **string { return &i.PassthroughBehavior }),
		patch.Text("/cacheNamespace", func(i *types.Integration) **string { return &i.CacheNamespace }),
		patch.Members("/cacheKeyParameters", func(i *types.Integration) *[]string { return &i.CacheKeyParameters }),
		patch.Entries("/requestParameters", func(i *types.Integration) *map[string]string { return &i.RequestParameters }),
		patch.Entries("/requestTemplates", func(i *types.Integration) *map[string]string { return &i.RequestTemplates }),
		patch.Enum("/contentHandling", func(i *types.Integration) *types.ContentHandlingStrategy { return &i.ContentHandling },
			types.ContentHandlingStrategy("").Values()),
		patch.Member("/timeoutInMillis", func(i *types.Integration, _, value string) error {
			n, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return refuse.BadRequest("Invalid value '%s' specified for '/timeoutInMillis'. Must be an integer", value)
			}
			i.TimeoutInMillis = int32(n)
			return nil
		}),
	}
}

// DeleteIntegration implements the operation of that name.
func (s *Service) DeleteIntegration(ctx context.Context, in *apigateway.DeleteIntegrationInput) (*apigateway.DeleteIntegrationOutput, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeIntegration(ctx, s, ref, func(m *types.Method, _ *types.Integration) (*apigateway.DeleteIntegrationOutput, error) {
		m.MethodIntegration = nil
		return &apigateway.DeleteIntegrationOutput{}, nil
	})
}

// PutIntegrationResponse implements the operation of that name.
func (s *Service) PutIntegrationResponse(ctx context.Context, in *apigateway.PutIntegrationResponseInput) (*types.IntegrationResponse, error) {
	r := &types.IntegrationResponse{
		StatusCode: in.StatusCode, ContentHandling: in.ContentHandling, SelectionPattern: in.SelectionPattern,
		ResponseParameters: in.ResponseParameters, ResponseTemplates: in.ResponseTemplates,
	}
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeIntegration(ctx, s, ref, func(m *types.Method, i *types.Integration) (*types.IntegrationResponse, error) {
		put(&i.IntegrationResponses, *in.StatusCode, *r)
		return r, checkAnswers(m, i, r)
	})
}

// checkAnswers refuses an integration response that its method or its
// integration does not go with.
func checkAnswers(m *types.Method, i *types.Integration, r *types.IntegrationResponse) error {
	if !statusCode.MatchString(*r.StatusCode) {
		return refuse.BadRequest("Invalid status code specified")
	}
	for name := range r.ResponseParameters {
		if _, ok := m.MethodResponses[*r.StatusCode].ResponseParameters[name]; !ok {
			return refuse.BadRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", name)
		}
	}
	if i.Type != types.IntegrationTypeMock {
		return nil // a proxy's answer is its function's: these are kept and not used
	}
	return checkIntegrationResponse(r)
}

// checkIntegrationResponse takes static header values and templates that stand
// as they are.
func checkIntegrationResponse(r *types.IntegrationResponse) error {
	if r.ContentHandling != "" {
		return refuse.NotSupported("Content handling of an integration response")
	}
	if _, err := regexp.Compile(aws.ToString(r.SelectionPattern)); err != nil {
		return refuse.BadRequest("Invalid selection pattern specified: %s", *r.SelectionPattern)
	}
	for name, value := range r.ResponseParameters {
		if !responseParameter.MatchString(name) {
			return errMapping(name)
		}
		if _, ok := literal(value); !ok {
			return refuse.NotSupported("The mapping expression " + value + " (other than a static value in single quotes)")
		}
	}
	for kind, t := range r.ResponseTemplates {
		if vtl.MatchString(t) {
			return refuse.NotSupported("A response template with VTL (" + kind + ")")
		}
	}
	return nil
}

// literal is the static value of a mapping expression: 'value'.
func literal(expression string) (string, bool) {
	if len(expression) < 2 || expression[0] != '\'' || expression[len(expression)-1] != '\'' {
		return "", false
	}
	return expression[1 : len(expression)-1], true
}

func integrationResponse(i *types.Integration, status *string) (*types.IntegrationResponse, error) {
	r, ok := i.IntegrationResponses[aws.ToString(status)]
	if !ok {
		return nil, errNoStatus()
	}
	return &r, nil
}

// GetIntegrationResponse implements the operation of that name.
func (s *Service) GetIntegrationResponse(ctx context.Context, in *apigateway.GetIntegrationResponseInput) (*types.IntegrationResponse, error) {
	i, err := s.GetIntegration(ctx, &apigateway.GetIntegrationInput{RestApiId: in.RestApiId, ResourceId: in.ResourceId, HttpMethod: in.HttpMethod})
	if err != nil {
		return nil, err
	}
	return integrationResponse(i, in.StatusCode)
}

// UpdateIntegrationResponse implements the operation of that name.
func (s *Service) UpdateIntegrationResponse(ctx context.Context, in *apigateway.UpdateIntegrationResponseInput) (*types.IntegrationResponse, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeIntegration(ctx, s, ref, func(m *types.Method, i *types.Integration) (*types.IntegrationResponse, error) {
		r, err := integrationResponse(i, in.StatusCode)
		if err != nil {
			return nil, err
		}
		err = patch.Apply([]patch.Change[types.IntegrationResponse]{
			patch.Text("/selectionPattern", func(r *types.IntegrationResponse) **string { return &r.SelectionPattern }),
			patch.Entries("/responseParameters", func(r *types.IntegrationResponse) *map[string]string { return &r.ResponseParameters }),
			patch.Entries("/responseTemplates", func(r *types.IntegrationResponse) *map[string]string { return &r.ResponseTemplates }),
		}, r, in.PatchOperations)
		if err != nil {
			return nil, err
		}
		i.IntegrationResponses[*in.StatusCode] = *r
		return r, checkAnswers(m, i, r)
	})
}

// DeleteIntegrationResponse implements the operation of that name.
func (s *Service) DeleteIntegrationResponse(ctx context.Context, in *apigateway.DeleteIntegrationResponseInput) (*apigateway.DeleteIntegrationResponseOutput, error) {
	ref := methodRef{in.RestApiId, in.ResourceId, in.HttpMethod}
	return changeIntegration(ctx, s, ref, func(_ *types.Method, i *types.Integration) (*apigateway.DeleteIntegrationResponseOutput, error) {
		if _, err := integrationResponse(i, in.StatusCode); err != nil {
			return nil, err
		}
		delete(i.IntegrationResponses, *in.StatusCode)
		return &apigateway.DeleteIntegrationResponseOutput{}, nil
	})
}
