package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// fault is why the gateway answers by itself. The texts are API Gateway's;
// causes are logged and never shown.
type fault struct {
	kind    types.GatewayResponseType
	status  int    // where it is not the kind's own
	code    string // of the header x-amzn-ErrorType
	message string
	cause   error
	fixed   *Response // the answer, where an API cannot give its own
}

func (f *fault) Error() string {
	if f.cause != nil {
		return f.cause.Error()
	}
	return f.message
}

var (
	faultForbidden  = &fault{kind: types.GatewayResponseTypeAccessDenied, code: "ForbiddenException", message: "Forbidden"}
	faultNoKey      = &fault{kind: types.GatewayResponseTypeInvalidApiKey, code: "ForbiddenException", message: "Forbidden"}
	faultNoRoute    = &fault{kind: types.GatewayResponseTypeMissingAuthenticationToken, code: "MissingAuthenticationTokenException", message: "Missing Authentication Token"}
	faultParameters = &fault{kind: types.GatewayResponseTypeBadRequestParameters, code: "BadRequestException"}
	faultMediaType  = &fault{kind: types.GatewayResponseTypeUnsupportedMediaType, code: "BadRequestException", message: "Unsupported Media Type"}
	faultThrottled  = &fault{kind: types.GatewayResponseTypeThrottled, code: "TooManyRequestsException", message: "Too Many Requests"}
	faultTimeout    = &fault{kind: types.GatewayResponseTypeIntegrationTimeout, message: "Endpoint request timed out"}
)

// What is too large. That an API does not customize the answer is what
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html says;
// the answers are as REST APIs were seen to give them, the second with its space.
var (
	// faultTooLarge is of a body over [MaxBody].
	faultTooLarge = &fault{fixed: &Response{
		Status: http.StatusRequestEntityTooLarge,
		Header: http.Header{"Content-Type": {"text; charset=utf-8"}},
		Body:   []byte("HTTP content length exceeded " + strconv.Itoa(MaxBody) + " bytes."),
	}}
	// faultTooLong is of an event that Lambda does not take: its limit is lower,
	// and holds for the body in base64 and all that is around it.
	faultTooLong = &fault{fixed: &Response{
		Status: http.StatusRequestEntityTooLarge,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {"BadRequestException"}},
		Body:   []byte(`{"message": "Request Too Long"}`),
	}}
)

const internalCode, internalMessage = "InternalServerErrorException", "Internal server error"

// malformed is the fault of a function that failed or whose answer is none.
func malformed(cause string) error {
	return &fault{kind: types.GatewayResponseTypeIntegrationFailure, status: http.StatusBadGateway, cause: errors.New(cause)}
}

// denied is the fault of a call that the API's policy does not allow.
func (x *exchange) denied() error {
	masked := strings.Repeat("*", max(0, len(x.s.cfg.Account)-4)) + x.s.cfg.Account[max(0, len(x.s.cfg.Account)-4):]
	return &fault{
		kind: types.GatewayResponseTypeAccessDenied, code: "AccessDeniedException",
		message: "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + x.arn(masked),
	}
}

// fail is the answer to a fault, as the API's gateway responses form it: that
// of the fault's kind, else the default for 4xx or 5xx, else API Gateway's.
func (x *exchange) fail(err error) *Response {
	f := faultOf(err)
	if f.fixed != nil {
		return &Response{Status: f.fixed.Status, Header: f.fixed.Header.Clone(), Body: f.fixed.Body}
	}
	if f.cause != nil && !errors.Is(f.cause, context.Canceled) {
		x.s.log.Warn("api call failed", "api", x.APIID, "stage", x.Stage, "method", x.Method, "path", x.RawPath, "request", x.id, "err", f.cause)
	}
	if f.code == "" {
		f.code = internalCode
	}
	if f.message == "" {
		f.message = internalMessage
	}
	response := defaultResponse(f.kind)
	status := *response.StatusCode
	if f.status != 0 {
		status = strconv.Itoa(f.status)
	}
	if x.served != nil {
		if own := x.ownResponse(f.kind, status); own != nil {
			response = own
			if own.StatusCode != nil {
				status = *own.StatusCode
			}
		}
	}
	res := &Response{Header: http.Header{}}
	res.Status, _ = strconv.Atoi(status)
	res.Header.Set("X-Amzn-Errortype", f.code)
	x.fill(res, response, f)
	return res
}

func faultOf(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		c := *f
		return &c
	}
	return &fault{kind: types.GatewayResponseTypeApiConfigurationError, cause: err}
}

// ownResponse is the response that the API was given for a kind of fault.
func (x *exchange) ownResponse(kind types.GatewayResponseType, status string) *types.GatewayResponse {
	if r := x.served.responses[kind]; r != nil {
		return r
	}
	if strings.HasPrefix(status, "4") {
		return x.served.responses[types.GatewayResponseTypeDefault4xx]
	}
	return x.served.responses[types.GatewayResponseTypeDefault5xx]
}

// fill writes the headers and the body of a gateway response.
func (x *exchange) fill(res *Response, r *types.GatewayResponse, f *fault) {
	for name, expression := range r.ResponseParameters {
		value, ok := literal(expression)
		if !ok {
			value = x.lookup(expression, f)
		}
		if value != "" {
			res.Header.Set(strings.TrimPrefix(name, "gatewayresponse.header."), value)
		}
	}
	kind, template := pick(r.ResponseTemplates, x.Header.Get("Accept"))
	if kind == "" {
		return
	}
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", kind)
	}
	res.Body = []byte(variable.ReplaceAllStringFunc(template, func(v string) string {
		return x.lookup(strings.Trim(v, "${}"), f)
	}))
}

// pick chooses the template for a request: the one whose content type it asks
// for, else JSON, else the only one there is.
func pick(templates map[string]string, asked string) (kind, template string) {
	first := mediaType(asked)
	if t, ok := templates[first]; ok {
		return first, t
	}
	if t, ok := templates["application/json"]; ok {
		return "application/json", t
	}
	for k, t := range templates {
		if kind == "" || k < kind {
			kind, template = k, t
		}
	}
	return kind, template
}

// mediaType is the first media type of an Accept or Content-Type header, in
// lower case and without parameters.
func mediaType(header string) string {
	first, _, _ := strings.Cut(header, ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.ToLower(strings.TrimSpace(first))
}

// variable matches what the template of a gateway response may refer to. Such
// templates know no more than that.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
var variable = regexp.MustCompile(`\$\{` + reference + `\}|\$` + reference)

const reference = `(?:context|method\.request|stageVariables)\.[a-zA-Z0-9._-]*[a-zA-Z0-9_-]`

// lookup is the value that an expression of a gateway response refers to.
func (x *exchange) lookup(expression string, f *fault) string {
	if name, ok := strings.CutPrefix(expression, "stageVariables."); ok && x.served != nil {
		return x.served.stage.Variables[name]
	}
	if name, ok := strings.CutPrefix(expression, "method.request.header."); ok {
		return x.Header.Get(name)
	}
	if name, ok := strings.CutPrefix(expression, "method.request.querystring."); ok {
		return query(x.RawQuery).Get(name)
	}
	if name, ok := strings.CutPrefix(expression, "method.request.path."); ok {
		return x.params[name]
	}
	switch strings.TrimPrefix(expression, "context.") {
	case "error.message":
		return f.message
	case "error.messageString":
		quoted, _ := json.Marshal(f.message)
		return string(quoted)
	case "error.responseType":
		return string(f.kind)
	case "error.validationErrorString":
		return f.message
	case "requestId":
		return x.id
	case "extendedRequestId":
		return x.extended
	case "httpMethod":
		return x.Method
	case "path":
		return x.stagePath()
	case "stage":
		return x.Stage
	case "apiId":
		return x.APIID
	case "accountId":
		return x.s.cfg.Account
	case "identity.sourceIp":
		return x.SourceIP
	case "identity.userAgent":
		return x.Header.Get("User-Agent")
	case "resourcePath":
		if x.resource != nil {
			return aws.ToString(x.resource.Path)
		}
	}
	return ""
}
