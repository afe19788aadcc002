// Package openapi reads OpenAPI documents, versions 2 (Swagger) and 3.0, in
// JSON or YAML, with API Gateway's extensions, as definitions of APIs.
//
// It says what a document says, in the types of the SDK; whether an API can be
// so is for its caller to judge. What it cannot carry over it refuses, or
// warns of where API Gateway ignores it too.
package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// extension begins the names of API Gateway's additions to OpenAPI.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
const extension = "x-amazon-apigateway-"

// Definition is an API as a document has it. Nothing in it has an id: methods
// name their validators.
type Definition struct {
	API        types.RestApi                      // what the document says; the rest is zero
	Paths      map[string]map[string]types.Method // by path and method, such as GET or ANY
	Models     []types.Model
	Validators []types.RequestValidator
	Responses  []types.GatewayResponse
	Warnings   []string
}

// reader reads a document.
type reader struct {
	doc   object
	three bool // OpenAPI 3, and not 2
	def   *Definition
}

func invalid(format string, args ...any) error {
	return &types.BadRequestException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// unsupported refuses what API Gateway has and Runnel does not.
func unsupported(what string) error { return invalid("%s is not supported by Runnel", what) }

// Read reads a document. The parameters are those of an import: basepath,
// endpointConfigurationTypes, ignore. Errors are BadRequestExceptions.
func Read(body []byte, parameters map[string]string) (*Definition, error) {
	doc, err := readDocument(body)
	if err != nil {
		return nil, invalid("Unable to parse the OpenAPI document: %v", err)
	}
	o := &reader{doc: doc, def: &Definition{Paths: map[string]map[string]types.Method{}}}
	switch version := doc.text("swagger") + doc.text("openapi"); {
	case version == "2.0" || version == "2":
	case strings.HasPrefix(version, "3.0"):
		o.three = true
	default:
		return nil, invalid("Invalid OpenAPI input. The version must be Swagger 2.0 or OpenAPI 3.0.")
	}
	for _, step := range []func() error{o.settings, o.readModels, o.readValidators, o.readResponses} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	prefix, err := o.parameters(parameters)
	if err != nil {
		return nil, err
	}
	return o.def, o.readPaths(prefix)
}

// parameters applies those of an import and returns what goes before paths.
func (o *reader) parameters(parameters map[string]string) (prefix string, err error) {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		switch {
		case name == "basepath" && value == "prepend":
			prefix = strings.TrimSuffix(o.basePath(), "/")
		case name == "basepath" && value == "ignore", name == "ignore" && value == "documentation":
		case name == "endpointConfigurationTypes":
			o.def.API.EndpointConfiguration = &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointType(value)}}
		default:
			return "", unsupported("The import parameter " + name + "=" + value)
		}
	}
	return prefix, nil
}

// basePath is basePath, or the path of the first server.
func (o *reader) basePath() string {
	if !o.three {
		return o.doc.text("basePath")
	}
	for _, s := range o.doc.list("servers") {
		m, _ := s.(map[string]any)
		u, err := url.Parse(object(m).text("url"))
		if err != nil {
			continue
		}
		path := u.Path
		for name := range object(m).object("variables") {
			path = strings.ReplaceAll(path, "{"+name+"}", strings.TrimPrefix(object(m).object("variables").object(name).text("default"), "/"))
		}
		return path
	}
	return ""
}

// settings are the API's own.
func (o *reader) settings() error {
	a, info := &o.def.API, o.doc.object("info")
	a.Name, a.Description, a.Version = info.optional("title"), info.optional("description"), info.optional("version")
	if a.Name == nil {
		return invalid("Invalid OpenAPI input. attribute info.title is missing")
	}
	for name, value := range o.doc {
		if !strings.HasPrefix(name, extension) {
			continue
		}
		switch strings.TrimPrefix(name, extension) {
		case "binary-media-types":
			for _, t := range o.doc.list(name) {
				if text, ok := t.(string); ok {
					a.BinaryMediaTypes = append(a.BinaryMediaTypes, text)
				}
			}
		case "api-key-source":
			a.ApiKeySource = types.ApiKeySourceType(strings.ToUpper(o.doc.text(name)))
		case "endpoint-configuration":
			a.DisableExecuteApiEndpoint = o.doc.object(name).flag("disableExecuteApiEndpoint")
			if o.doc.object(name)["vpcEndpointIds"] != nil {
				return invalid("VPCEndpoints can only be specified with PRIVATE apis.")
			}
		case "policy":
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			a.Policy = aws.String(string(text))
		case "minimum-compression-size":
			return unsupported("minimumCompressionSize")
		case "gateway-responses", "request-validators", "request-validator", "importexport-version":
		case "documentation":
			o.warn("documentation is not kept")
		default:
			return unsupported("The extension " + name)
		}
	}
	return nil
}

func (o *reader) warn(text string) { o.def.Warnings = append(o.def.Warnings, text) }

// readModels takes the schemas that have names. Those that are written where
// they are used are of no use here, since bodies are not validated.
func (o *reader) readModels() error {
	schemas := o.doc.object("definitions")
	if o.three {
		schemas = o.doc.object("components").object("schemas")
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		text, err := json.Marshal(schemas[name])
		if err != nil {
			return err
		}
		o.def.Models = append(o.def.Models, types.Model{
			Name: &name, ContentType: aws.String("application/json"),
			Description: schemas.object(name).optional("description"), Schema: aws.String(string(text)),
		})
	}
	return nil
}

func (o *reader) readValidators() error {
	all := o.doc.object(extension + "request-validators")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		o.def.Validators = append(o.def.Validators, types.RequestValidator{
			Name:                      &name,
			ValidateRequestBody:       all.object(name).flag("validateRequestBody"),
			ValidateRequestParameters: all.object(name).flag("validateRequestParameters"),
		})
	}
	return nil
}

func (o *reader) readResponses() error {
	all := o.doc.object(extension + "gateway-responses")
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		in := all.object(kind)
		o.def.Responses = append(o.def.Responses, types.GatewayResponse{
			ResponseType: types.GatewayResponseType(strings.ToUpper(kind)), StatusCode: in.optional("statusCode"),
			ResponseParameters: in.texts("responseParameters"), ResponseTemplates: in.texts("responseTemplates"),
		})
	}
	return nil
}

func (o *reader) readPaths(prefix string) error {
	paths := o.doc.object("paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths.object(path)
		if !strings.HasPrefix(path, "/") {
			if !strings.HasPrefix(path, "x-") {
				return invalid("Invalid path specified: %s", path)
			}
			continue
		}
		methods := map[string]types.Method{}
		for _, name := range slices.Sorted(maps.Keys(item)) {
			verb, ok := verbOf(name)
			if !ok {
				if !slices.Contains([]string{"parameters", "summary", "description", "servers"}, name) && !strings.HasPrefix(name, "x-") {
					return unsupported("The member " + name + " of path " + path)
				}
				continue
			}
			m, err := o.method(verb, item.object(name), item.list("parameters"))
			if err != nil {
				return placed(err, verb, path)
			}
			methods[verb] = *m
		}
		o.def.Paths[strings.TrimSuffix(prefix+path, "/")] = methods
	}
	return nil
}

// resolve follows a reference within the document, once.
func (o *reader) resolve(v any) object {
	m, _ := v.(map[string]any)
	ref, ok := strings.CutPrefix(object(m).text("$ref"), "#/")
	if !ok {
		return m
	}
	at := o.doc
	for token := range strings.SplitSeq(ref, "/") {
		at = at.object(strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	return at
}

// modelOf is the name of the model that a schema refers to, or "".
func modelOf(schema object) string {
	ref := schema.text("$ref")
	return ref[strings.LastIndexByte(ref, '/')+1:]
}

// verbOf is the method that a member of a path stands for.
func verbOf(member string) (string, bool) {
	if member == extension+"any-method" {
		return "ANY", true
	}
	ok := slices.Contains([]string{"get", "put", "post", "delete", "options", "head", "patch"}, strings.ToLower(member))
	return strings.ToUpper(member), ok
}

// placed is an error with the method that it is about, in API Gateway's words.
func placed(err error, verb, path string) error {
	text := err.Error()
	if e, ok := err.(*types.BadRequestException); ok {
		text = e.ErrorMessage()
	}
	return invalid("Errors found during import:\n\tUnable to put method '%s' on resource at path '%s': %s", verb, path, text)
}
