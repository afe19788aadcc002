package openapi

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// method reads an operation of a path, of which shared are the parameters of
// all its operations.
func (o *reader) method(verb string, op object, shared []any) (*types.Method, error) {
	m := &types.Method{
		HttpMethod: &verb, AuthorizationType: aws.String("NONE"), ApiKeyRequired: aws.Bool(false),
		OperationName: op.optional("operationId"),
	}
	for name := range op {
		known := slices.Contains([]string{"integration", "request-validator", "auth"}, strings.TrimPrefix(name, extension))
		if strings.HasPrefix(name, extension) && !known {
			return nil, unsupported("The extension " + name)
		}
	}
	if err := o.security(m, op); err != nil {
		return nil, err
	}
	if name := op.text(extension + "request-validator"); name != "" {
		m.RequestValidatorId = &name
	} else {
		m.RequestValidatorId = o.doc.optional(extension + "request-validator")
	}
	o.request(m, op, append(slices.Clone(shared), op.list("parameters")...))
	o.methodResponses(m, op)
	if in := op.object(extension + "integration"); in != nil {
		i, err := readIntegration(in)
		if err != nil {
			return nil, err
		}
		m.MethodIntegration = i
	}
	return m, nil
}

// security reads who may call. What names no scheme of API Gateway's is open,
// as it is there.
func (o *reader) security(m *types.Method, op object) error {
	switch kind := strings.ToUpper(op.object(extension + "auth").text("type")); kind {
	case "", "NONE":
	default:
		m.AuthorizationType = &kind
	}
	schemes := o.doc.object("securityDefinitions")
	if o.three {
		schemes = o.doc.object("components").object("securitySchemes")
	}
	required, own := op["security"].([]any)
	if !own {
		required = o.doc.list("security")
	}
	for _, alternative := range required {
		names, _ := alternative.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			scheme := schemes.object(name)
			kind := scheme.text(extension + "authtype")
			switch {
			case name == "NONE":
			case strings.EqualFold(kind, "awsSigv4"):
				m.AuthorizationType = aws.String("AWS_IAM")
			case kind != "" || scheme[extension+"authorizer"] != nil:
				return unsupported("The authorizer " + name)
			case strings.EqualFold(scheme.text("name"), "x-api-key"):
				m.ApiKeyRequired = aws.Bool(true)
			default:
				o.warn("The security scheme " + name + " is not enforced")
			}
		}
	}
	return nil
}

// request reads parameters and the models of bodies.
func (o *reader) request(m *types.Method, op object, parameters []any) {
	for _, v := range parameters {
		p := o.resolve(v)
		name := p.text("name")
		switch p.text("in") {
		case "path", "header":
			put(&m.RequestParameters, "method.request."+p.text("in")+"."+name, p.flag("required"))
		case "query":
			put(&m.RequestParameters, "method.request.querystring."+name, p.flag("required"))
		case "body":
			if model := modelOf(p.object("schema")); model != "" {
				for _, kind := range o.kinds(op, "consumes") {
					put(&m.RequestModels, kind, model)
				}
			}
		}
	}
	for kind := range o.resolve(op["requestBody"]).object("content") {
		if model := modelOf(o.resolve(op["requestBody"]).object("content").object(kind).object("schema")); model != "" {
			put(&m.RequestModels, kind, model)
		}
	}
}

// kinds are the media types of an operation's bodies (OpenAPI 2).
func (o *reader) kinds(op object, member string) []string {
	list := op.list(member)
	if list == nil {
		list = o.doc.list(member)
	}
	var kinds []string
	for _, v := range list {
		if text, ok := v.(string); ok {
			kinds = append(kinds, text)
		}
	}
	if kinds == nil {
		return []string{"application/json"}
	}
	return kinds
}

// isStatus reports whether a response's name is a status, and not "default".
func isStatus(name string) bool {
	_, err := strconv.ParseUint(name, 10, 16)
	return err == nil
}

func (o *reader) methodResponses(m *types.Method, op object) {
	responses := op.object("responses")
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if !isStatus(status) {
			o.warn("Response " + status + " of a method has no status code and is not kept")
			continue
		}
		in := o.resolve(responses[status])
		r := types.MethodResponse{StatusCode: &status}
		for name := range in.object("headers") {
			put(&r.ResponseParameters, "method.response.header."+name, false)
		}
		if model := modelOf(in.object("schema")); model != "" {
			for _, kind := range o.kinds(op, "produces") {
				put(&r.ResponseModels, kind, model)
			}
		}
		for kind := range in.object("content") {
			if model := modelOf(in.object("content").object(kind).object("schema")); model != "" {
				put(&r.ResponseModels, kind, model)
			}
		}
		put(&m.MethodResponses, status, r)
	}
}

// defaultTimeout is an integration's, in milliseconds.
const defaultTimeout = 29_000

// readIntegration reads x-amazon-apigateway-integration.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
func readIntegration(in object) (*types.Integration, error) {
	i := &types.Integration{
		Type: types.IntegrationType(strings.ToUpper(in.text("type"))), HttpMethod: in.optional("httpMethod"),
		Uri: in.optional("uri"), Credentials: in.optional("credentials"), CacheNamespace: in.optional("cacheNamespace"),
		ConnectionId: in.optional("connectionId"), ConnectionType: types.ConnectionType(strings.ToUpper(in.text("connectionType"))),
		ContentHandling:      types.ContentHandlingStrategy(strings.ToUpper(in.text("contentHandling"))),
		ResponseTransferMode: types.ResponseTransferMode(strings.ToUpper(in.text("responseTransferMode"))),
		RequestParameters:    in.texts("requestParameters"), RequestTemplates: in.texts("requestTemplates"),
		TimeoutInMillis: defaultTimeout,
	}
	if behavior := in.text("passthroughBehavior"); behavior != "" {
		i.PassthroughBehavior = aws.String(strings.ToUpper(behavior))
	}
	if in["tlsConfig"] != nil {
		i.TlsConfig = &types.TlsConfig{}
	}
	if text := in.text("timeoutInMillis"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, invalid("Invalid timeoutInMillis specified: %s", text)
		}
		i.TimeoutInMillis = int32(n)
	}
	for _, v := range in.list("cacheKeyParameters") {
		if text, ok := v.(string); ok {
			i.CacheKeyParameters = append(i.CacheKeyParameters, text)
		}
	}
	responses := in.object("responses")
	for _, pattern := range slices.Sorted(maps.Keys(responses)) {
		out := responses.object(pattern)
		r := types.IntegrationResponse{
			StatusCode: aws.String(out.text("statusCode")), ContentHandling: types.ContentHandlingStrategy(strings.ToUpper(out.text("contentHandling"))),
			ResponseParameters: out.texts("responseParameters"), ResponseTemplates: out.texts("responseTemplates"),
		}
		if pattern != "default" {
			r.SelectionPattern = &pattern
		}
		put(&i.IntegrationResponses, *r.StatusCode, r)
	}
	return i, nil
}

func put[V any](m *map[string]V, k string, v V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[k] = v
}
