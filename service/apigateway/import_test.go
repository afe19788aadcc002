package apigateway_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/runnel/runnel/store/storetest"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestImportGolden imports the documents in testdata/import and compares what
// the operations that read the API then say.
func TestImportGolden(t *testing.T) {
	files := must[[]string](t)(filepath.Glob("testdata/import/*.txt"))
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			archive := must[*txtar.Archive](t)(txtar.ParseFile(file))
			b := start(t, storetest.Open(t))
			out := must[*apigateway.ImportRestApiOutput](t)(b.client.ImportRestApi(ctx, &apigateway.ImportRestApiInput{Body: archive.Files[0].Data}))
			got := b.dump(out.Id)
			if *rewrite {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(archive.Files[1].Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			// The same document again changes nothing.
			must[*apigateway.PutRestApiOutput](t)(b.client.PutRestApi(ctx, &apigateway.PutRestApiInput{
				RestApiId: out.Id, Mode: types.PutModeOverwrite, Body: archive.Files[0].Data}))
			if again := b.dump(out.Id); again != got {
				t.Errorf("put again:\n%s", again)
			}
			b.deploy(out.Id, "Prod")
		})
	}
}

var (
	idMember = regexp.MustCompile(`"(Id|ParentId|RootResourceId|CacheNamespace|RequestValidatorId)": "[a-z0-9]+"`)
	unset    = regexp.MustCompile(`(?m)^ *"[A-Za-z]+": (null|""|\{\}|\[\]),?\n`)
)

// dump is all that can be read of an API, ids and empty members left out.
func (b *bench) dump(api *string) string {
	var out strings.Builder
	show := func(v any) {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			b.t.Fatal(err)
		}
		text = idMember.ReplaceAll(text, []byte(`"$1": "$$ID"`))
		out.Write(unset.ReplaceAll(text, nil))
		out.WriteString("\n")
	}
	a := must[*apigateway.GetRestApiOutput](b.t)(b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: api}))
	show(map[string]any{"Name": a.Name, "Version": a.Version, "Description": a.Description, "BinaryMediaTypes": a.BinaryMediaTypes,
		"Policy": a.Policy, "Endpoint": a.EndpointConfiguration.Types, "ApiKeySource": a.ApiKeySource})
	byPath := map[string]types.Resource{}
	for _, r := range must[*apigateway.GetResourcesOutput](b.t)(b.client.GetResources(ctx, &apigateway.GetResourcesInput{
		RestApiId: api, Embed: []string{"methods"}, Limit: aws.Int32(500)})).Items {
		byPath[*r.Path] = r
	}
	show(byPath)
	show(must[*apigateway.GetModelsOutput](b.t)(b.client.GetModels(ctx, &apigateway.GetModelsInput{RestApiId: api})).Items)
	show(must[*apigateway.GetRequestValidatorsOutput](b.t)(b.client.GetRequestValidators(ctx, &apigateway.GetRequestValidatorsInput{RestApiId: api})).Items)
	for _, r := range must[*apigateway.GetGatewayResponsesOutput](b.t)(b.client.GetGatewayResponses(ctx, &apigateway.GetGatewayResponsesInput{RestApiId: api})).Items {
		if !r.DefaultResponse {
			show(r)
		}
	}
	return out.String()
}

// operation is an OpenAPI document with one path and one operation, in YAML
// flow style.
func operation(path, op string) string {
	return `{swagger: "2.0", info: {title: x}, paths: {"` + path + `": {get: ` + op + `}}}`
}

func integration(in string) string { return `{x-amazon-apigateway-integration: ` + in + `}` }

func TestImportRefuses(t *testing.T) {
	lambda := `uri: "` + uri("f") + `", httpMethod: POST`
	for name, c := range map[string]struct{ document, text string }{
		"empty":             {"", "Body cannot be empty"},
		"not a document":    {"[1]", "Unable to parse"},
		"broken JSON":       {`{"swagger":`, "Unable to parse"},
		"broken YAML":       {"a: [", "Unable to parse"},
		"no version":        {`{"info":{"title":"x"}}`, "Invalid OpenAPI input"},
		"OpenAPI 3.1":       {`{"openapi":"3.1.0","info":{"title":"x"}}`, "Invalid OpenAPI input"},
		"no title":          {`{"swagger":"2.0"}`, "info.title"},
		"HTTP":              {operation("/a", integration(`{type: http, uri: "http://x", httpMethod: GET}`)), "Unable to put integration on 'GET' for resource at path '/a': Integration type HTTP"},
		"AWS":               {operation("/a", integration(`{type: aws, `+lambda+`}`)), "Integration type AWS "},
		"no type":           {operation("/a", integration(`{`+lambda+`}`)), "enum value set"},
		"no method":         {operation("/a", integration(`{type: aws_proxy, uri: "`+uri("f")+`"}`)), "Enumeration value for HttpMethod must be non-empty"},
		"no uri":            {operation("/a", integration(`{type: aws_proxy, httpMethod: POST}`)), "Invalid ARN specified in the request"},
		"sqs":               {operation("/a", integration(`{type: aws_proxy, httpMethod: POST, uri: "arn:aws:apigateway:us-east-1:sqs:path/1/q"}`)), "only supports Lambda"},
		"timeout":           {operation("/a", integration(`{type: aws_proxy, timeoutInMillis: 30000, `+lambda+`}`)), "Timeout should be between 50 ms and 29000 ms"},
		"VTL":               {operation("/a", integration(`{type: mock, requestTemplates: {application/json: '{"statusCode": $input.path("x")}'}}`)), "VTL"},
		"mapped header":     {operation("/a", `{responses: {200: {headers: {A: {}}}}, x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: 200, responseParameters: {method.response.header.A: context.x}}}}}`), "mapping expression context.x"},
		"undeclared header": {operation("/a", integration(`{type: mock, responses: {default: {statusCode: 200, responseParameters: {method.response.header.A: "'1'"}}}}`)), "Invalid mapping expression parameter specified: method.response.header.A"},
		"bad part":          {operation("/a b", integration(`{type: mock}`)), "Unable to create resource at path '/a b': Resource's path part"},
		"below greedy":      {operation("/{p+}/b", integration(`{type: mock}`)), "Cannot create a child of a resource with a greedy path variable: {p+}"},
		"two variables":     {`{swagger: "2.0", info: {title: x}, paths: {"/{a}": {}, "/{b}": {}}}`, "A sibling ({a}) of this resource already has a variable path part -- only one is allowed"},
		"authorizer":        {`{swagger: "2.0", info: {title: x}, securityDefinitions: {c: {x-amazon-apigateway-authtype: cognito}}, paths: {"/": {get: {security: [{c: []}]}}}}`, "The authorizer c"},
		"IAM":               {operation("/a", `{x-amazon-apigateway-auth: {type: AWS_IAM}}`), "AWS_IAM is not supported"},
		"unknown extension": {`{swagger: "2.0", info: {title: x}, x-amazon-apigateway-cors: {}}`, "x-amazon-apigateway-cors"},
		"unknown model":     {operation("/a", `{parameters: [{in: body, name: b, schema: {$ref: "#/definitions/Nope"}}]}`), "Invalid model identifier specified: Nope"},
		"validator of body": {`{swagger: "2.0", info: {title: x}, x-amazon-apigateway-request-validators: {b: {validateRequestBody: true}}}`, "request bodies"},
		"gateway response":  {`{swagger: "2.0", info: {title: x}, x-amazon-apigateway-gateway-responses: {NOPE: {}}}`, "enum value set"},
		"policy":            {`{swagger: "2.0", info: {title: x}, x-amazon-apigateway-policy: {Statement: 1}}`, "Invalid policy document"},
		"alias bomb":        {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]", "too many nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, storetest.Open(t))
			_, err := b.client.ImportRestApi(ctx, &apigateway.ImportRestApiInput{Body: []byte(c.document)})
			refused(t, err, "BadRequestException", c.text)
			if apis := must[*apigateway.GetRestApisOutput](t)(b.client.GetRestApis(ctx, &apigateway.GetRestApisInput{})); len(apis.Items) > 0 {
				t.Error("the API was made nevertheless")
			}
		})
	}
}

func TestPutRestApi(t *testing.T) {
	b := start(t, storetest.Open(t))
	mock := integration(`{type: mock, requestTemplates: {application/json: '{"statusCode": 200}'}, responses: {default: {statusCode: 200}}}`)
	api := b.imported(operation("/a/b", mock))
	paths := func() (list string) {
		for _, r := range must[*apigateway.GetResourcesOutput](t)(b.client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api})).Items {
			list += *r.Path + " "
		}
		return list
	}
	put := func(mode types.PutMode, document string) {
		must[*apigateway.PutRestApiOutput](t)(b.client.PutRestApi(ctx, &apigateway.PutRestApiInput{RestApiId: api, Mode: mode, Body: []byte(document)}))
	}
	put(types.PutModeMerge, operation("/c", mock))
	if p := paths(); !strings.Contains(p, "/a/b ") || !strings.Contains(p, "/c ") {
		t.Errorf("merge: %s", p)
	}
	put(types.PutModeOverwrite, operation("/c/d", mock))
	if p := paths(); strings.Contains(p, "/a") || !strings.Contains(p, "/c/d ") {
		t.Errorf("overwrite: %s", p)
	}
	if res, _ := b.call("GET", api, "/a/b", ""); res.StatusCode != 200 {
		t.Errorf("the deployment changed: %d", res.StatusCode)
	}
	_, err := b.client.PutRestApi(ctx, &apigateway.PutRestApiInput{RestApiId: api, FailOnWarnings: true,
		Body: []byte(operation("/c", `{responses: {default: {}}}`))})
	refused(t, err, "BadRequestException", "Warnings found during import:\n\tResponse default")
	_, err = b.client.PutRestApi(ctx, &apigateway.PutRestApiInput{RestApiId: api, Parameters: map[string]string{"basepath": "split"}, Body: []byte(operation("/c", mock))})
	refused(t, err, "BadRequestException", "basepath=split")
}
