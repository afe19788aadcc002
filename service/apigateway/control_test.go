package apigateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/store/storetest"
)

func TestGetRestApisPages(t *testing.T) {
	b := start(t, storetest.Open(t))
	for range 7 {
		b.api()
	}
	seen := map[string]bool{}
	in := &apigateway.GetRestApisInput{Limit: aws.Int32(3)}
	for pages := 1; ; pages++ {
		out := must[*apigateway.GetRestApisOutput](t)(b.client.GetRestApis(ctx, in))
		for _, a := range out.Items {
			seen[*a.Id] = true
		}
		if out.Position == nil {
			if pages != 3 || len(seen) != 7 {
				t.Errorf("%d APIs on %d pages", len(seen), pages)
			}
			return
		}
		in.Position = out.Position
	}
}

func TestUpdateRestApi(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, _ := b.api()
	update := func(lines ...string) error {
		_, err := b.client.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: api, PatchOperations: ops(lines...)})
		return err
	}
	if err := update("replace /name shop", "replace /description things to buy", "add /binaryMediaTypes/image~1png",
		"add /binaryMediaTypes/a~1b", "remove /binaryMediaTypes/a~1b", "replace /endpointConfiguration/types/EDGE REGIONAL",
		"replace /apiKeySource HEADER", "replace /disableExecuteApiEndpoint true"); err != nil {
		t.Fatal(err)
	}
	a := must[*apigateway.GetRestApiOutput](t)(b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: api}))
	if *a.Name != "shop" || *a.Description != "things to buy" || len(a.BinaryMediaTypes) != 1 || a.BinaryMediaTypes[0] != "image/png" ||
		a.EndpointConfiguration.Types[0] != types.EndpointTypeRegional || !a.DisableExecuteApiEndpoint {
		t.Errorf("%+v", a)
	}
	for line, text := range map[string]string{
		"replace /nope x":                        "Invalid patch path  '/nope' specified for op 'replace'. Must be one of: [/apiKeySource, /binaryMediaTypes/{name}, /description,",
		"move /name x":                           "Invalid patch path  '/name' specified for op 'move'. Please choose supported operations",
		"replace /name":                          "API name cannot be blank",
		"replace /disableExecuteApiEndpoint yes": "Must be a boolean",
		"replace /minimumCompressionSize 1":      "minimumCompressionSize is not supported",
		"replace /apiKeySource NOPE":             "enum value set: [HEADER, AUTHORIZER]",
		"replace /policy {":                      "Invalid policy document",
		"explode /name x":                        "at 'op' failed to satisfy constraint",
	} {
		refused(t, update("replace /description lost", line), "BadRequestException", text)
	}
	a = must[*apigateway.GetRestApiOutput](t)(b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: api}))
	if *a.Description != "things to buy" {
		t.Error("a refused patch was applied in part")
	}
}

// TestRefusals is what the operations refuse. Where AWS's text is known it is
// AWS's own.
func TestRefusals(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	pets := b.path(api, root, "pets")
	one := b.path(api, pets, "{id}")
	greedy := b.path(api, root, "{proxy+}")
	b.proxy(api, pets, "GET", "f")
	nope := aws.String("nope")
	resource := func(parent *string, part string) error {
		_, err := b.client.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api, ParentId: parent, PathPart: &part})
		return err
	}
	method := func(resource *string, verb, auth string) error {
		_, err := b.client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api, ResourceId: resource, HttpMethod: &verb, AuthorizationType: &auth})
		return err
	}
	integration := func(in apigateway.PutIntegrationInput) error {
		in.RestApiId, in.ResourceId, in.HttpMethod = api, pets, aws.String("GET")
		_, err := b.client.PutIntegration(ctx, &in)
		return err
	}
	proxy := func(change func(*apigateway.PutIntegrationInput)) error {
		in := apigateway.PutIntegrationInput{Type: types.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"), Uri: aws.String(uri("f"))}
		change(&in)
		return integration(in)
	}
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"no name":              {second(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("")})), "BadRequestException", "API name cannot be blank"},
		"compression":          {second(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: nope, MinimumCompressionSize: aws.Int32(0)})), "BadRequestException", "minimumCompressionSize is not supported"},
		"private":              {second(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: nope, EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{"PRIVATE"}}})), "BadRequestException", "PRIVATE"},
		"clone of none":        {second(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: nope, CloneFrom: nope})), "NotFoundException", "Invalid API identifier specified"},
		"policy by address":    {second(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: nope, Policy: aws.String(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`)})), "BadRequestException", "Condition operator IpAddress"},
		"no such api":          {second(b.client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: nope})), "NotFoundException", "Invalid API identifier specified 123456789012:nope"},
		"no such resource":     {second(b.client.GetResource(ctx, &apigateway.GetResourceInput{RestApiId: api, ResourceId: nope})), "NotFoundException", "Invalid Resource identifier specified"},
		"same name":            {resource(root, "pets"), "ConflictException", "Another resource with the same parent already has this name: pets"},
		"second variable":      {resource(pets, "{name}"), "BadRequestException", "A sibling ({id}) of this resource already has a variable path part -- only one is allowed"},
		"below greedy":         {resource(greedy, "x"), "BadRequestException", "Cannot create a child of a resource with a greedy path variable: {proxy+}"},
		"bad part":             {resource(root, "a/b"), "BadRequestException", "Resource's path part only allow"},
		"empty part":           {resource(root, ""), "BadRequestException", "Resource's path part only allow"},
		"unclosed part":        {resource(root, "{a"), "BadRequestException", "Resource's path part only allow"},
		"no such parent":       {resource(nope, "a"), "NotFoundException", "Invalid Resource identifier specified"},
		"delete root":          {second(b.client.DeleteResource(ctx, &apigateway.DeleteResourceInput{RestApiId: api, ResourceId: root})), "BadRequestException", "Root resource"},
		"below itself":         {second(b.client.UpdateResource(ctx, &apigateway.UpdateResourceInput{RestApiId: api, ResourceId: pets, PatchOperations: ops("replace /parentId " + *one)})), "BadRequestException", "below itself"},
		"method twice":         {method(pets, "GET", "NONE"), "ConflictException", "Method already exists for this resource"},
		"no such method":       {second(b.client.GetMethod(ctx, &apigateway.GetMethodInput{RestApiId: api, ResourceId: pets, HttpMethod: nope})), "NotFoundException", "Invalid Method identifier specified"},
		"bad verb":             {method(pets, "FETCH", "NONE"), "BadRequestException", "Invalid HttpMethod specified. Valid options are"},
		"IAM":                  {method(one, "GET", "AWS_IAM"), "BadRequestException", "Authorization type AWS_IAM is not supported"},
		"authorizer":           {method(one, "GET", "CUSTOM"), "BadRequestException", "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."},
		"no integration":       {second(b.client.GetIntegration(ctx, &apigateway.GetIntegrationInput{RestApiId: api, ResourceId: pets, HttpMethod: aws.String("PUT")})), "NotFoundException", "Invalid Method identifier specified"},
		"HTTP":                 {integration(apigateway.PutIntegrationInput{Type: types.IntegrationTypeHttp, Uri: aws.String("http://x"), IntegrationHttpMethod: aws.String("GET")}), "BadRequestException", "Integration type HTTP (other than AWS_PROXY and MOCK) is not supported by Runnel"},
		"bad type":             {integration(apigateway.PutIntegrationInput{Type: "X"}), "BadRequestException", "enum value set"},
		"VPC link":             {proxy(func(in *apigateway.PutIntegrationInput) { in.ConnectionType = types.ConnectionTypeVpcLink }), "BadRequestException", "VPC_LINK"},
		"streams":              {proxy(func(in *apigateway.PutIntegrationInput) { in.ResponseTransferMode = types.ResponseTransferModeStream }), "BadRequestException", "STREAM"},
		"timeout":              {proxy(func(in *apigateway.PutIntegrationInput) { in.TimeoutInMillis = aws.Int32(29001) }), "BadRequestException", "Timeout should be between 50 ms and 29000 ms"},
		"no ARN":               {proxy(func(in *apigateway.PutIntegrationInput) { in.Uri = nope }), "BadRequestException", "Invalid ARN specified in the request"},
		"no path":              {proxy(func(in *apigateway.PutIntegrationInput) { in.Uri = aws.String("arn:aws:apigateway:us-east-1:lambda:x") }), "BadRequestException", "AWS ARN for integration must contain path or action"},
		"nothing to deploy":    {b.emptyDeployment(), "BadRequestException", "The REST API doesn't contain any methods"},
		"method without one":   {b.halfDeployment(), "BadRequestException", "No integration defined for method"},
		"canary":               {second(b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api, CanarySettings: &types.DeploymentCanarySettings{}})), "BadRequestException", "canarySettings"},
		"no such deployment":   {second(b.client.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: api, DeploymentId: nope})), "NotFoundException", "Invalid Deployment identifier specified"},
		"stage of none":        {second(b.client.CreateStage(ctx, &apigateway.CreateStageInput{RestApiId: api, DeploymentId: nope, StageName: aws.String("s")})), "BadRequestException", "Deployment id does not exist"},
		"no such stage":        {second(b.client.GetStage(ctx, &apigateway.GetStageInput{RestApiId: api, StageName: nope})), "NotFoundException", "Invalid stage identifier specified"},
		"stage name":           {second(b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api, StageName: aws.String("a b")})), "BadRequestException", "Stage name only allows"},
		"variable":             {second(b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api, StageName: aws.String("s"), Variables: map[string]string{"a": "b c"}})), "BadRequestException", "Stage variable value"},
		"model name":           {second(b.client.CreateModel(ctx, &apigateway.CreateModelInput{RestApiId: api, Name: aws.String("a-b"), ContentType: nope})), "BadRequestException", "Model name must be alphanumeric: a-b"},
		"model schema":         {second(b.client.CreateModel(ctx, &apigateway.CreateModelInput{RestApiId: api, Name: aws.String("a"), ContentType: nope, Schema: aws.String("{")})), "BadRequestException", "Invalid model specified"},
		"model that is there":  {second(b.client.CreateModel(ctx, &apigateway.CreateModelInput{RestApiId: api, Name: aws.String("Empty"), ContentType: nope})), "ConflictException", "Model name already exists for this REST API"},
		"no such model":        {second(b.client.GetModel(ctx, &apigateway.GetModelInput{RestApiId: api, ModelName: nope})), "NotFoundException", "Invalid model name specified: nope"},
		"body validator":       {second(b.client.CreateRequestValidator(ctx, &apigateway.CreateRequestValidatorInput{RestApiId: api, Name: nope, ValidateRequestBody: true})), "BadRequestException", "request bodies"},
		"no such validator":    {second(b.client.GetRequestValidator(ctx, &apigateway.GetRequestValidatorInput{RestApiId: api, RequestValidatorId: nope})), "NotFoundException", "Invalid Request Validator identifier specified"},
		"gateway response":     {second(b.client.PutGatewayResponse(ctx, &apigateway.PutGatewayResponseInput{RestApiId: api, ResponseType: "NOPE"})), "BadRequestException", "enum value set"},
		"gateway header":       {second(b.client.PutGatewayResponse(ctx, &apigateway.PutGatewayResponseInput{RestApiId: api, ResponseType: "THROTTLED", ResponseParameters: map[string]string{"header.X": "'1'"}})), "BadRequestException", "Invalid mapping expression specified: header.X"},
		"no gateway response":  {second(b.client.DeleteGatewayResponse(ctx, &apigateway.DeleteGatewayResponseInput{RestApiId: api, ResponseType: "THROTTLED"})), "NotFoundException", "Gateway response type not defined on api"},
		"tags of no ARN":       {second(b.client.GetTags(ctx, &apigateway.GetTagsInput{ResourceArn: nope})), "BadRequestException", "Invalid ARN specified in the request"},
		"tags of nothing":      {second(b.client.GetTags(ctx, &apigateway.GetTagsInput{ResourceArn: aws.String("arn:aws:apigateway:us-east-1::/apikeys/x")})), "NotFoundException", "arn:aws:apigateway:us-east-1::/apikeys/x"},
		"account role":         {second(b.client.UpdateAccount(ctx, &apigateway.UpdateAccountInput{PatchOperations: ops("replace /cloudwatchRoleArn x")})), "BadRequestException", "The role ARN does not have required permissions"},
		"authorizers":          {second(b.client.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: api})), "UnknownOperationException", "authorizers"},
		"usage plans":          {second(b.client.GetUsagePlans(ctx, &apigateway.GetUsagePlansInput{})), "UnknownOperationException", "usageplans"},
		"export":               {second(b.client.GetExport(ctx, &apigateway.GetExportInput{RestApiId: api, StageName: nope, ExportType: aws.String("oas30")})), "UnknownOperationException", "exports"},
		"integration response": {second(b.client.PutIntegrationResponse(ctx, &apigateway.PutIntegrationResponseInput{RestApiId: api, ResourceId: pets, HttpMethod: aws.String("GET"), StatusCode: aws.String("2")})), "BadRequestException", "Invalid status code specified"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.code, c.text) })
	}
}

func second[T any](_ T, err error) error { return err }

func (b *bench) emptyDeployment() error {
	api, _ := b.api()
	_, err := b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api})
	return err
}

func (b *bench) halfDeployment() error {
	api, root := b.api()
	must[*apigateway.PutMethodOutput](b.t)(b.client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api, ResourceId: root, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")}))
	_, err := b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api})
	return err
}

func TestResources(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	a := b.path(api, root, "a")
	c := b.path(api, a, "b/{c}")
	other := b.path(api, root, "x")
	path := func(id *string) string {
		return *must[*apigateway.GetResourceOutput](t)(b.client.GetResource(ctx, &apigateway.GetResourceInput{RestApiId: api, ResourceId: id})).Path
	}
	update := func(id *string, lines ...string) {
		must[*apigateway.UpdateResourceOutput](t)(b.client.UpdateResource(ctx, &apigateway.UpdateResourceInput{RestApiId: api, ResourceId: id, PatchOperations: ops(lines...)}))
	}
	update(a, "replace /pathPart z")
	if got := path(c); got != "/z/b/{c}" {
		t.Errorf("renamed above: %s", got)
	}
	update(a, "replace /parentId "+*other)
	if got := path(c); got != "/x/z/b/{c}" {
		t.Errorf("moved: %s", got)
	}
	again := b.path(api, root, "z") // the place is free
	must[*apigateway.DeleteResourceOutput](t)(b.client.DeleteResource(ctx, &apigateway.DeleteResourceInput{RestApiId: api, ResourceId: other}))
	_, err := b.client.GetResource(ctx, &apigateway.GetResourceInput{RestApiId: api, ResourceId: c})
	refused(t, err, "NotFoundException", "Invalid Resource identifier specified")
	if got := path(again); got != "/z" {
		t.Error(got)
	}
}

func TestMethodPieces(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	get := aws.String("GET")
	must[*apigateway.PutMethodOutput](t)(b.client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get, AuthorizationType: aws.String("NONE")}))
	must[*apigateway.PutMethodResponseOutput](t)(b.client.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200"), ResponseModels: map[string]string{"application/json": "Empty"}}))
	must[*apigateway.PutIntegrationOutput](t)(b.client.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: api, ResourceId: root, HttpMethod: get, Type: types.IntegrationTypeMock, RequestTemplates: map[string]string{"application/json": `{"statusCode":200}`}}))
	response := &apigateway.PutIntegrationResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200"),
		ResponseParameters: map[string]string{"method.response.header.X-A": "'1'"}, ResponseTemplates: map[string]string{"text/plain": "hello"}}
	_, err := b.client.PutIntegrationResponse(ctx, response)
	refused(t, err, "BadRequestException", "Invalid mapping expression parameter specified: method.response.header.X-A")
	must[*apigateway.UpdateMethodResponseOutput](t)(b.client.UpdateMethodResponse(ctx, &apigateway.UpdateMethodResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200"),
		PatchOperations: ops("add /responseParameters/method.response.header.X-A false", "remove /responseModels/application~1json")}))
	must[*apigateway.PutIntegrationResponseOutput](t)(b.client.PutIntegrationResponse(ctx, response))
	must[*apigateway.UpdateIntegrationResponseOutput](t)(b.client.UpdateIntegrationResponse(ctx, &apigateway.UpdateIntegrationResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200"),
		PatchOperations: ops("replace /responseParameters/method.response.header.X-A '2'", "replace /selectionPattern 2..")}))
	must[*apigateway.UpdateIntegrationOutput](t)(b.client.UpdateIntegration(ctx, &apigateway.UpdateIntegrationInput{RestApiId: api, ResourceId: root, HttpMethod: get,
		PatchOperations: ops("replace /timeoutInMillis 1000", "replace /passthroughBehavior NEVER")}))
	must[*apigateway.UpdateMethodOutput](t)(b.client.UpdateMethod(ctx, &apigateway.UpdateMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get,
		PatchOperations: ops("replace /operationName hello", "add /requestParameters/method.request.header.X-B true")}))
	m := must[*apigateway.GetMethodOutput](t)(b.client.GetMethod(ctx, &apigateway.GetMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get}))
	if *m.OperationName != "hello" || !m.RequestParameters["method.request.header.X-B"] || len(m.MethodResponses["200"].ResponseModels) != 0 ||
		m.MethodIntegration.TimeoutInMillis != 1000 || *m.MethodIntegration.IntegrationResponses["200"].SelectionPattern != "2.." {
		t.Errorf("%+v", m)
	}
	out := must[*apigateway.TestInvokeMethodOutput](t)(b.client.TestInvokeMethod(ctx, &apigateway.TestInvokeMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get}))
	if out.Status != 200 || *out.Body != "hello" || out.Headers["X-A"] != "2" || !strings.Contains(*out.Log, "Method completed with status: 200") {
		t.Errorf("%+v", out)
	}
	must[*apigateway.DeleteIntegrationResponseOutput](t)(b.client.DeleteIntegrationResponse(ctx, &apigateway.DeleteIntegrationResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200")}))
	_, err = b.client.GetIntegrationResponse(ctx, &apigateway.GetIntegrationResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200")})
	refused(t, err, "NotFoundException", "Invalid Response status code specified")
	must[*apigateway.DeleteIntegrationOutput](t)(b.client.DeleteIntegration(ctx, &apigateway.DeleteIntegrationInput{RestApiId: api, ResourceId: root, HttpMethod: get}))
	_, err = b.client.GetIntegration(ctx, &apigateway.GetIntegrationInput{RestApiId: api, ResourceId: root, HttpMethod: get})
	refused(t, err, "NotFoundException", "Invalid Integration identifier specified")
	must[*apigateway.DeleteMethodResponseOutput](t)(b.client.DeleteMethodResponse(ctx, &apigateway.DeleteMethodResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200")}))
	must[*apigateway.DeleteMethodOutput](t)(b.client.DeleteMethod(ctx, &apigateway.DeleteMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get}))
	_, err = b.client.GetMethodResponse(ctx, &apigateway.GetMethodResponseInput{RestApiId: api, ResourceId: root, HttpMethod: get, StatusCode: aws.String("200")})
	refused(t, err, "NotFoundException", "Invalid Method identifier specified")
}

func TestTestInvokeProxy(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	one := b.path(api, root, "pets/{id}")
	b.proxy(api, one, "ANY", "f")
	b.functions.say(`{"statusCode":201,"headers":{"X-A":"1"},"body":"made"}`)
	out := must[*apigateway.TestInvokeMethodOutput](t)(b.client.TestInvokeMethod(ctx, &apigateway.TestInvokeMethodInput{
		RestApiId: api, ResourceId: one, HttpMethod: aws.String("ANY"), PathWithQueryString: aws.String("/pets/7?x=1"), Headers: map[string]string{"X-B": "2"}}))
	if out.Status != 201 || *out.Body != "made" || out.MultiValueHeaders["X-A"][0] != "1" {
		t.Errorf("%+v", out)
	}
	event := string(b.functions.last().Payload)
	for _, want := range []string{`"pathParameters":{"id":"7"}`, `"queryStringParameters":{"x":"1"}`, `"X-B":"2"`, `"stage":"test-invoke-stage"`} {
		if !strings.Contains(event, want) {
			t.Errorf("no %s in %s", want, event)
		}
	}
	_, err := b.client.TestInvokeMethod(ctx, &apigateway.TestInvokeMethodInput{RestApiId: api, ResourceId: one, HttpMethod: aws.String("ANY"), PathWithQueryString: aws.String("/cats/7")})
	refused(t, err, "BadRequestException", "/cats/7 does not match /pets/{id}")
}

// TestDeploymentsAreSnapshots changes an API after each of two deployments and
// moves a stage between them.
func TestDeploymentsAreSnapshots(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	b.proxy(api, root, "GET", "first")
	first := b.deploy(api, "Prod")
	must[*apigateway.UpdateIntegrationOutput](t)(b.client.UpdateIntegration(ctx, &apigateway.UpdateIntegrationInput{RestApiId: api, ResourceId: root, HttpMethod: aws.String("GET"),
		PatchOperations: ops("replace /uri " + uri("second"))}))
	serves := func(want string) {
		t.Helper()
		b.call("GET", api, "/", "")
		if got := b.functions.names[len(b.functions.names)-1]; !strings.HasSuffix(got, ":"+want) {
			t.Errorf("serves %s, want %s", got, want)
		}
	}
	serves("first")
	second := b.deploy(api, "Prod")
	serves("second")
	_, err := b.client.DeleteDeployment(ctx, &apigateway.DeleteDeploymentInput{RestApiId: api, DeploymentId: second})
	refused(t, err, "BadRequestException", "Active stages pointing to this deployment must be moved or deleted")
	must[*apigateway.UpdateStageOutput](t)(b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: api, StageName: aws.String("Prod"), PatchOperations: ops("replace /deploymentId " + *first)}))
	serves("first")
	must[*apigateway.DeleteDeploymentOutput](t)(b.client.DeleteDeployment(ctx, &apigateway.DeleteDeploymentInput{RestApiId: api, DeploymentId: second}))
	list := must[*apigateway.GetDeploymentsOutput](t)(b.client.GetDeployments(ctx, &apigateway.GetDeploymentsInput{RestApiId: api}))
	if len(list.Items) != 1 || *list.Items[0].Id != *first {
		t.Errorf("%+v", list.Items)
	}
	d := must[*apigateway.GetDeploymentOutput](t)(b.client.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: api, DeploymentId: first, Embed: []string{"apisummary"}}))
	if *d.ApiSummary["/"]["GET"].AuthorizationType != "NONE" {
		t.Errorf("%+v", d.ApiSummary)
	}
	must[*apigateway.DeleteStageOutput](t)(b.client.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: api, StageName: aws.String("Prod")}))
	if res, body := b.call("GET", api, "/", ""); res.StatusCode != 403 || body != `{"message":"Forbidden"}` {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestStages(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	b.proxy(api, root, "GET", "f")
	deployment := b.deploy(api, "Prod")
	in := &apigateway.CreateStageInput{RestApiId: api, StageName: aws.String("Test"), DeploymentId: deployment, Variables: map[string]string{"a": "1"}, TracingEnabled: true}
	must[*apigateway.CreateStageOutput](t)(b.client.CreateStage(ctx, in))
	_, err := b.client.CreateStage(ctx, in)
	refused(t, err, "ConflictException", "Stage already exists")
	update := func(lines ...string) error {
		_, err := b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: api, StageName: in.StageName, PatchOperations: ops(lines...)})
		return err
	}
	for _, line := range []string{"replace /cacheClusterEnabled true", "replace /*/*/throttling/burstLimit 5", "replace /*/*/logging/loglevel INFO",
		"replace /accessLogSettings/format x", "replace /canarySettings/percentTraffic 5"} {
		refused(t, update(line), "BadRequestException", "is not supported by Runnel")
	}
	if err := update("replace /*/*/metrics/enabled false", "remove /variables/a", "add /variables/b 2", "replace /description d", "replace /*/*/logging/loglevel OFF"); err != nil {
		t.Error(err)
	}
	st := must[*apigateway.GetStageOutput](t)(b.client.GetStage(ctx, &apigateway.GetStageInput{RestApiId: api, StageName: in.StageName}))
	if fmt.Sprint(st.Variables) != "map[b:2]" || *st.Description != "d" || !st.TracingEnabled {
		t.Errorf("%+v", st)
	}
	if list := must[*apigateway.GetStagesOutput](t)(b.client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api, DeploymentId: deployment})); len(list.Item) != 2 {
		t.Errorf("%d stages", len(list.Item))
	}
}

func TestModelsAndValidators(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	must[*apigateway.CreateModelOutput](t)(b.client.CreateModel(ctx, &apigateway.CreateModelInput{RestApiId: api, Name: aws.String("Pet"), ContentType: aws.String("application/json"), Schema: aws.String("{}")}))
	v := must[*apigateway.CreateRequestValidatorOutput](t)(b.client.CreateRequestValidator(ctx, &apigateway.CreateRequestValidatorInput{RestApiId: api, Name: aws.String("v"), ValidateRequestParameters: true}))
	must[*apigateway.PutMethodOutput](t)(b.client.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api, ResourceId: root, HttpMethod: aws.String("PUT"), AuthorizationType: aws.String("NONE"),
		RequestModels: map[string]string{"application/json": "Pet"}, RequestValidatorId: v.Id}))
	_, err := b.client.DeleteModel(ctx, &apigateway.DeleteModelInput{RestApiId: api, ModelName: aws.String("Pet")})
	refused(t, err, "ConflictException", "is referenced in method request or response of resource: /")
	_, err = b.client.DeleteRequestValidator(ctx, &apigateway.DeleteRequestValidatorInput{RestApiId: api, RequestValidatorId: v.Id})
	refused(t, err, "ConflictException", "is referenced")
	m := must[*apigateway.UpdateModelOutput](t)(b.client.UpdateModel(ctx, &apigateway.UpdateModelInput{RestApiId: api, ModelName: aws.String("Pet"), PatchOperations: ops(`replace /schema {"type":"object"}`)}))
	if *m.Schema != `{"type":"object"}` {
		t.Error(*m.Schema)
	}
	must[*apigateway.UpdateRequestValidatorOutput](t)(b.client.UpdateRequestValidator(ctx, &apigateway.UpdateRequestValidatorInput{RestApiId: api, RequestValidatorId: v.Id, PatchOperations: ops("replace /validateRequestParameters false")}))
	must[*apigateway.DeleteMethodOutput](t)(b.client.DeleteMethod(ctx, &apigateway.DeleteMethodInput{RestApiId: api, ResourceId: root, HttpMethod: aws.String("PUT")}))
	must[*apigateway.DeleteModelOutput](t)(b.client.DeleteModel(ctx, &apigateway.DeleteModelInput{RestApiId: api, ModelName: aws.String("Pet")}))
	must[*apigateway.DeleteRequestValidatorOutput](t)(b.client.DeleteRequestValidator(ctx, &apigateway.DeleteRequestValidatorInput{RestApiId: api, RequestValidatorId: v.Id}))
}

func TestTagsAccountClone(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(document(t, "testdata/import/sam.txt"))
	for _, arn := range []*string{aws.String("arn:aws:apigateway:us-east-1::/restapis/" + *api), aws.String("arn:aws:apigateway:us-east-1::/restapis/" + *api + "/stages/Prod")} {
		must[*apigateway.TagResourceOutput](t)(b.client.TagResource(ctx, &apigateway.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "1", "b": "2"}}))
		must[*apigateway.UntagResourceOutput](t)(b.client.UntagResource(ctx, &apigateway.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a", "c"}}))
		if got := must[*apigateway.GetTagsOutput](t)(b.client.GetTags(ctx, &apigateway.GetTagsInput{ResourceArn: arn})).Tags; fmt.Sprint(got) != "map[b:2]" {
			t.Errorf("%s: %v", *arn, got)
		}
	}
	must[*apigateway.UpdateAccountOutput](t)(b.client.UpdateAccount(ctx, &apigateway.UpdateAccountInput{PatchOperations: ops("replace /cloudwatchRoleArn arn:aws:iam::123456789012:role/r")}))
	if a := must[*apigateway.GetAccountOutput](t)(b.client.GetAccount(ctx, &apigateway.GetAccountInput{})); *a.CloudwatchRoleArn != "arn:aws:iam::123456789012:role/r" || a.ThrottleSettings.BurstLimit != 5000 {
		t.Errorf("%+v", a)
	}
	clone := must[*apigateway.CreateRestApiOutput](t)(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("shop"), Version: aws.String("1.0"), CloneFrom: api}))
	if got, want := b.dump(clone.Id), b.dump(api); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestGatewayResponses(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, _ := b.api()
	all := must[*apigateway.GetGatewayResponsesOutput](t)(b.client.GetGatewayResponses(ctx, &apigateway.GetGatewayResponsesInput{RestApiId: api}))
	if len(all.Items) != len(types.GatewayResponseType("").Values()) || !all.Items[0].DefaultResponse {
		t.Errorf("%+v", all.Items)
	}
	kind := types.GatewayResponseTypeMissingAuthenticationToken
	must[*apigateway.UpdateGatewayResponseOutput](t)(b.client.UpdateGatewayResponse(ctx, &apigateway.UpdateGatewayResponseInput{RestApiId: api, ResponseType: kind,
		PatchOperations: ops("replace /statusCode 404", "add /responseParameters/gatewayresponse.header.X-Q method.request.querystring.q",
			`replace /responseTemplates/application~1json {"path":"$context.path","id":"${context.requestId}","q":"$method.request.querystring.q"}`)}))
	r := must[*apigateway.GetGatewayResponseOutput](t)(b.client.GetGatewayResponse(ctx, &apigateway.GetGatewayResponseInput{RestApiId: api, ResponseType: kind}))
	if r.DefaultResponse || *r.StatusCode != "404" {
		t.Errorf("%+v", r)
	}
	root := must[*apigateway.GetRestApiOutput](t)(b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: api})).RootResourceId
	b.proxy(api, root, "GET", "f")
	b.deploy(api, "Prod")
	res, body := b.call("GET", api, "/x?q=hello", "")
	if want := `{"path":"/Prod/x","id":"` + res.Header.Get("X-Amzn-Requestid") + `","q":"hello"}`; res.StatusCode != 404 || body != want || res.Header.Get("X-Q") != "hello" {
		t.Errorf("%d %s %v", res.StatusCode, body, res.Header)
	}
	must[*apigateway.DeleteGatewayResponseOutput](t)(b.client.DeleteGatewayResponse(ctx, &apigateway.DeleteGatewayResponseInput{RestApiId: api, ResponseType: kind}))
}
