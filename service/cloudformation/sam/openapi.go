package sam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

const (
	integrationKey = "x-amazon-apigateway-integration"
	anyMethodKey   = "x-amazon-apigateway-any-method"
)

// skeleton is the body of an API before it has paths: Swagger 2, or OpenAPI 3
// where the API asks for that version.
func skeleton(version string) object {
	body := object{"info": object{"version": "1.0", "title": ref("AWS::StackName")}, "paths": object{}}
	if strings.HasPrefix(version, "3") {
		body["openapi"] = version
	} else {
		body["swagger"] = "2.0"
	}
	return body
}

// addRoutes writes the methods that functions answer. A method whose function
// is conditional exists under that condition, and a path under any of those of
// its methods.
func (t *transformer) addRoutes(api string, body object) {
	paths := body["paths"].(object)
	conditions := map[string][]string{}
	for _, r := range t.routes[api] {
		item, ok := paths[r.path].(object)
		if !ok {
			item = object{}
			paths[r.path] = item
		}
		method := r.method
		if method == "any" {
			method = anyMethodKey
		}
		integration := present(object{"type": "aws_proxy", "httpMethod": "POST", "uri": conditional(r.condition, r.uri),
			"timeoutInMillis": r.timeout})
		item[method] = conditional(r.condition, object{integrationKey: integration, "responses": object{}})
		conditions[r.path] = append(conditions[r.path], r.condition)
	}
	for _, path := range template.Keys(paths) {
		if slices.Contains(conditions[path], "") {
			continue
		}
		name := api + strings.NewReplacer("/", "SLASH", "{", "OB", "}", "CB").Replace(path) + "PathCondition"
		paths[path] = conditional(t.anyOf(name, conditions[path]), paths[path])
	}
}

// extend adds to the body what properties of the API say: CORS, gateway
// responses, binary media types.
func (t *transformer) extend(m *macro, body object, version string) error {
	if m.props["Cors"] != nil {
		if err := addCORS(m.props["Cors"], body, version); err != nil {
			return err
		}
	}
	if m.props["GatewayResponses"] != nil {
		if err := addGatewayResponses(m.props["GatewayResponses"], body); err != nil {
			return err
		}
	}
	if types, ok := t.resolve(m.props["BinaryMediaTypes"]).(list); ok && len(types) > 0 {
		slashed := list{}
		for _, kind := range types {
			if text, ok := kind.(string); ok {
				kind = strings.ReplaceAll(text, "~1", "/")
			}
			slashed = append(slashed, kind)
		}
		body["x-amazon-apigateway-binary-media-types"] = slashed
	}
	if v := m.props["DisableExecuteApiEndpoint"]; v != nil {
		if body["openapi"] != nil {
			return errors.New("DisableExecuteApiEndpoint with OpenAPI 3 is not supported")
		}
		body["x-amazon-apigateway-endpoint-configuration"] = object{"disableExecuteApiEndpoint": v}
	}
	return nil
}

var corsMembers = []string{"AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials"}

// addCORS gives every path an OPTIONS method that answers a preflight request,
// unless the path has one.
func addCORS(v any, body object, version string) error {
	cors, ok := v.(object)
	if _, text := v.(string); text || ok && isFunction(cors) {
		cors, ok = object{"AllowOrigin": v}, true
	}
	if !ok {
		return errors.New("Invalid value for 'Cors' property")
	}
	for _, key := range template.Keys(cors) {
		if !slices.Contains(corsMembers, key) {
			return fmt.Errorf("Invalid key '%s' for 'Cors' property.", key)
		}
	}
	if cors["AllowOrigin"] == nil {
		cors["AllowOrigin"] = "'*'"
	}
	if cors["AllowCredentials"] == true && cors["AllowOrigin"] == any("'*'") {
		return errors.New("Unable to add Cors configuration because 'AllowCredentials' can not be true when " +
			"'AllowOrigin' is \"'*'\" or not set")
	}
	paths, ok := body["paths"].(object)
	if !ok {
		return errors.New("Unable to add Cors configuration because 'DefinitionBody' does not contain a valid Swagger definition.")
	}
	done := map[string]bool{}
	for _, path := range template.Keys(paths) {
		normal := path
		if path != "/" {
			normal = strings.TrimRight(path, "/")
		}
		item := inside(paths[path])
		if done[normal] || item == nil || item["options"] != nil {
			continue
		}
		done[normal] = true
		item["options"] = preflight(cors, item, version)
	}
	return nil
}

// inside gives a path item, also where a condition is around it.
func inside(v any) object {
	item, _ := v.(object)
	if branches, ok := item["Fn::If"].(list); ok && len(branches) == 3 {
		item, _ = branches[1].(object)
	}
	return item
}

// preflight is the OPTIONS method of a path. Source: API Gateway developer
// guide, "Enable CORS on a resource by using the API Gateway import API".
func preflight(cors, item object, version string) object {
	methods := cors["AllowMethods"]
	if methods == nil || methods == "" {
		methods = "'" + allowed(item) + "'"
	}
	credentials := any(nil)
	if cors["AllowCredentials"] == true {
		credentials = "'true'"
	}
	parameters, headers := object{}, object{}
	for _, h := range []struct {
		name, kind string
		value      any
	}{
		{"Access-Control-Allow-Origin", "string", cors["AllowOrigin"]},
		{"Access-Control-Allow-Headers", "string", cors["AllowHeaders"]},
		{"Access-Control-Allow-Methods", "string", methods},
		{"Access-Control-Max-Age", "integer", cors["MaxAge"]},
		{"Access-Control-Allow-Credentials", "string", credentials},
	} {
		if h.value == nil || h.value == "" {
			continue
		}
		parameters["method.response.header."+h.name] = h.value
		headers[h.name] = object{"type": h.kind}
		if strings.HasPrefix(version, "3") {
			headers[h.name] = object{"schema": object{"type": h.kind}}
		}
	}
	options := object{"summary": "CORS support",
		integrationKey: object{"type": "mock",
			"requestTemplates": object{"application/json": "{\n  \"statusCode\" : 200\n}\n"},
			"responses": object{"default": object{"statusCode": "200", "responseParameters": parameters,
				"responseTemplates": object{"application/json": "{}\n"}}}},
		"responses": object{"200": object{"description": "Default response for CORS method", "headers": headers}}}
	if !strings.HasPrefix(version, "3") {
		options["consumes"] = list{"application/json"}
		options["produces"] = list{"application/json"}
	}
	return options
}

// allowed lists the methods of a path, in order and with OPTIONS among them.
func allowed(item object) string {
	if item[anyMethodKey] != nil {
		return "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"
	}
	methods := []string{"OPTIONS"}
	for method := range item {
		methods = append(methods, strings.ToUpper(method))
	}
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ",")
}

// addGatewayResponses writes the answers that API Gateway itself gives.
func addGatewayResponses(v any, body object) error {
	all, ok := v.(object)
	if !ok {
		return errors.New("Type of property 'GatewayResponses' is invalid.")
	}
	out := object{}
	for _, kind := range template.Keys(all) {
		r, ok := all[kind].(object)
		if !ok {
			return fmt.Errorf("Property 'GatewayResponses.%s' should be a map.", kind)
		}
		for _, key := range template.Keys(r) {
			if key != "StatusCode" && key != "ResponseParameters" && key != "ResponseTemplates" {
				return fmt.Errorf("Invalid property '%s' in 'GatewayResponses' property '%s'.", key, kind)
			}
		}
		parameters, err := responseParameters(r["ResponseParameters"])
		if err != nil {
			return err
		}
		response := object{"responseParameters": parameters, "responseTemplates": object{}}
		if templates := r["ResponseTemplates"]; templates != nil {
			response["responseTemplates"] = templates
		}
		if code, ok := template.Text(r["StatusCode"]); ok {
			response["statusCode"] = code
		}
		out[kind] = response
	}
	body["x-amazon-apigateway-gateway-responses"] = out
	return nil
}

func responseParameters(v any) (object, error) {
	out := object{}
	given, ok := v.(object)
	if !ok && v != nil {
		return nil, errors.New("Property 'ResponseParameters' should be a map.")
	}
	prefixes := map[string]string{"Headers": "header.", "Paths": "path.", "QueryStrings": "querystring."}
	for _, place := range template.Keys(given) {
		prefix, ok := prefixes[place]
		values, isMap := given[place].(object)
		if !ok || !isMap {
			return nil, fmt.Errorf("Invalid gateway response parameter '%s'", place)
		}
		for name, value := range values {
			out["gatewayresponse."+prefix+name] = value
		}
	}
	return out, nil
}
