package apigateway

import (
	"encoding/json"
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

// definition is an API as an OpenAPI document has it. Methods name their
// validators, where the API's rows have ids.
type definition struct {
	api        types.RestApi // what the document says; the rest is zero
	paths      map[string]map[string]types.Method
	models     []types.Model
	validators []types.RequestValidator
	responses  []types.GatewayResponse
	warnings   []string
}

// openAPI reads a document.
type openAPI struct {
	doc   object
	three bool // OpenAPI 3, and not 2
	def   *definition
}

// readDefinition reads an OpenAPI document. The parameters are those of an
// import: basepath, endpointConfigurationTypes, ignore.
func readDefinition(body []byte, parameters map[string]string) (*definition, error) {
	doc, err := readDocument(body)
	if err != nil {
		return nil, errBadRequest("Unable to parse the OpenAPI document: %v", err)
	}
	o := &openAPI{doc: doc, def: &definition{paths: map[string]map[string]types.Method{}}}
	switch version := doc.text("swagger") + doc.text("openapi"); {
	case version == "2.0" || version == "2":
	case strings.HasPrefix(version, "3.0"):
		o.three = true
	default:
		return nil, errBadRequest("Invalid OpenAPI input. The version must be Swagger 2.0 or OpenAPI 3.0.")
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
func (o *openAPI) parameters(parameters map[string]string) (prefix string, err error) {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		switch {
		case name == "basepath" && value == "prepend":
			prefix = strings.TrimSuffix(o.basePath(), "/")
		case name == "basepath" && value == "ignore", name == "ignore" && value == "documentation":
		case name == "endpointConfigurationTypes":
			o.def.api.EndpointConfiguration = &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointType(value)}}
		default:
			return "", errNotSupported("The import parameter " + name + "=" + value)
		}
	}
	return prefix, nil
}

// basePath is basePath, or the path of the first server.
func (o *openAPI) basePath() string {
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
func (o *openAPI) settings() error {
	a, info := &o.def.api, o.doc.object("info")
	a.Name, a.Description, a.Version = info.optional("title"), info.optional("description"), info.optional("version")
	if a.Name == nil {
		return errBadRequest("Invalid OpenAPI input. attribute info.title is missing")
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
				return errBadRequest("VPCEndpoints can only be specified with PRIVATE apis.")
			}
		case "policy":
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			a.Policy = aws.String(string(text))
		case "minimum-compression-size":
			return errNotSupported("minimumCompressionSize")
		case "gateway-responses", "request-validators", "request-validator", "importexport-version":
		case "documentation":
			o.warn("documentation is not kept")
		default:
			return errNotSupported("The extension " + name)
		}
	}
	return nil
}

func (o *openAPI) warn(text string) { o.def.warnings = append(o.def.warnings, text) }

// readModels takes the schemas that have names. Those that are written where
// they are used are of no use here, since bodies are not validated.
func (o *openAPI) readModels() error {
	schemas := o.doc.object("definitions")
	if o.three {
		schemas = o.doc.object("components").object("schemas")
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		text, err := json.Marshal(schemas[name])
		if err != nil {
			return err
		}
		m := types.Model{
			Id: aws.String(newID(6)), Name: &name, ContentType: aws.String("application/json"),
			Description: schemas.object(name).optional("description"), Schema: aws.String(string(text)),
		}
		if err := checkModel(&m); err != nil {
			return errBadRequest("Errors found during import:\n\tUnable to create model '%s': %s", name, messageOf(err))
		}
		o.def.models = append(o.def.models, m)
	}
	return nil
}

func (o *openAPI) readValidators() error {
	all := o.doc.object(extension + "request-validators")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := types.RequestValidator{
			Id: aws.String(newID(6)), Name: &name,
			ValidateRequestBody:       all.object(name).flag("validateRequestBody"),
			ValidateRequestParameters: all.object(name).flag("validateRequestParameters"),
		}
		if err := checkValidator(&v); err != nil {
			return err
		}
		o.def.validators = append(o.def.validators, v)
	}
	return nil
}

func (o *openAPI) readResponses() error {
	all := o.doc.object(extension + "gateway-responses")
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		in := all.object(kind)
		r := types.GatewayResponse{
			ResponseType: types.GatewayResponseType(strings.ToUpper(kind)), StatusCode: in.optional("statusCode"),
			ResponseParameters: in.texts("responseParameters"), ResponseTemplates: in.texts("responseTemplates"),
		}
		if err := completeGatewayResponse(&r); err != nil {
			return errBadRequest("Errors found during import:\n\tUnable to put gateway response '%s': %s", kind, messageOf(err))
		}
		o.def.responses = append(o.def.responses, r)
	}
	return nil
}

func (o *openAPI) readPaths(prefix string) error {
	paths := o.doc.object("paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths.object(path)
		if !strings.HasPrefix(path, "/") {
			if !strings.HasPrefix(path, "x-") {
				return errBadRequest("Invalid path specified: %s", path)
			}
			continue
		}
		methods := map[string]types.Method{}
		for _, name := range slices.Sorted(maps.Keys(item)) {
			verb := strings.ToUpper(name)
			if name == extension+"any-method" {
				verb = anyMethod
			}
			if !slices.Contains(verbs(), verb) {
				if !slices.Contains([]string{"parameters", "summary", "description", "servers"}, name) && !strings.HasPrefix(name, "x-") {
					return errNotSupported("The member " + name + " of path " + path)
				}
				continue
			}
			m, err := o.method(verb, item.object(name), item.list("parameters"))
			if err != nil {
				return errBadRequest("Errors found during import:\n\tUnable to put method '%s' on resource at path '%s': %s", verb, path, messageOf(err))
			}
			methods[verb] = *m
		}
		o.def.paths[strings.TrimSuffix(prefix+path, "/")] = methods
	}
	return nil
}

// resolve follows a reference within the document, once.
func (o *openAPI) resolve(v any) object {
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

// messageOf is the text of an error of AWS's.
func messageOf(err error) string {
	if e, ok := err.(interface{ ErrorMessage() string }); ok {
		return e.ErrorMessage()
	}
	return err.Error()
}
