package apigateway

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// mock answers by the integration responses alone: the request template says a
// status, the status selects a response.
func (x *exchange) mock() (*Response, error) {
	i := x.method.MethodIntegration
	template, err := x.mockRequest(i)
	if err != nil {
		return nil, err
	}
	status, ok := mockStatus(template)
	if !ok {
		return nil, &fault{kind: types.GatewayResponseTypeApiConfigurationError}
	}
	r := selectResponse(i.IntegrationResponses, status)
	if r == nil {
		return nil, &fault{kind: types.GatewayResponseTypeApiConfigurationError}
	}
	res := &Response{Header: http.Header{}}
	res.Status, _ = strconv.Atoi(*r.StatusCode)
	kind, body := pick(r.ResponseTemplates, x.Header.Get("Accept"))
	if kind == "" {
		kind = "application/json"
	}
	res.Header.Set("Content-Type", kind)
	res.Body = []byte(body)
	for name, expression := range r.ResponseParameters {
		value, _ := literal(expression)
		res.Header.Set(strings.TrimPrefix(name, "method.response.header."), value)
	}
	return res, nil
}

// mockRequest is what the integration is asked: the template for the request's
// content type, else the body itself, if the integration passes that through.
func (x *exchange) mockRequest(i *types.Integration) (string, error) {
	kind := mediaType(x.Header.Get("Content-Type"))
	if kind == "" {
		kind = "application/json"
	}
	if t, ok := i.RequestTemplates[kind]; ok {
		return t, nil
	}
	behavior := aws.ToString(i.PassthroughBehavior)
	if behavior == "NEVER" || behavior == "WHEN_NO_TEMPLATES" && len(i.RequestTemplates) > 0 {
		return "", faultMediaType
	}
	return string(x.Body), nil
}

// selectResponse is the response whose pattern matches the status, else the
// one that has no pattern.
func selectResponse(responses map[string]types.IntegrationResponse, status int) *types.IntegrationResponse {
	var fallback *types.IntegrationResponse
	for _, code := range slices.Sorted(maps.Keys(responses)) {
		r := responses[code]
		pattern := aws.ToString(r.SelectionPattern)
		if pattern == "" {
			if fallback == nil {
				fallback = &r
			}
			continue
		}
		if re, err := regexp.Compile("^(?:" + pattern + ")$"); err == nil && re.MatchString(strconv.Itoa(status)) {
			return &r
		}
	}
	return fallback
}
