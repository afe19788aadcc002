package sam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

var (
	apiSupported = []string{"Name", "StageName", "Tags", "PropagateTags", "DefinitionBody", "DefinitionUri", "Variables",
		"EndpointConfiguration", "MethodSettings", "BinaryMediaTypes", "MinimumCompressionSize", "Cors", "GatewayResponses",
		"TracingEnabled", "OpenApiVersion", "Description", "Mode", "FailOnWarnings", "Auth", "DisableExecuteApiEndpoint",
		"ApiKeySourceType", "AccessLogSetting"}
	apiRefused = []string{"MergeDefinitions", "CacheClusterEnabled", "CacheClusterSize", "CanarySetting", "Models", "Domain",
		"AlwaysDeploy", "Policy", "SecurityPolicy", "EndpointAccessMode"}

	openAPIVersion = regexp.MustCompile(`^[2-3](\.\d)(\.\d)?$`)
)

// addImplicitAPI makes the API that events without a RestApiId belong to, with
// the stage Prod. It exists only where such an event does.
func (t *transformer) addImplicitAPI() {
	if _, own := t.in[implicitAPI]; own {
		return
	}
	var users []object
	for _, id := range template.Keys(t.in) {
		r, _ := t.in[id].(object)
		if r["Type"] == "AWS::Serverless::Function" && usesImplicitAPI(r) {
			users = append(users, r)
		}
	}
	if len(users) == 0 {
		return
	}
	props := merge(t.apiGlobals(), object{"StageName": "Prod"}).(object)
	for _, f := range users {
		inheritTags(props, f)
	}
	api := object{"Type": "AWS::Serverless::Api", "Properties": props}
	t.in[implicitAPI] = api
	t.inheritAttributes(api, users)
}

// inheritTags gives the implicit API the tags of a function that propagates its.
func inheritTags(api, function object) {
	props, _ := function["Properties"].(object)
	tags, _ := props["Tags"].(object)
	if len(tags) == 0 || props["PropagateTags"] != true {
		return
	}
	all, ok := api["Tags"].(object)
	if !ok {
		all = object{}
	}
	for key, value := range tags {
		all[key] = value
	}
	api["Tags"], api["PropagateTags"] = all, true
}

func usesImplicitAPI(function object) bool {
	props, _ := function["Properties"].(object)
	events, _ := props["Events"].(object)
	for _, v := range events {
		e, _ := v.(object)
		p, _ := e["Properties"].(object)
		if e["Type"] == "Api" && (p["RestApiId"] == nil || same(p["RestApiId"], ref(implicitAPI))) {
			return true
		}
	}
	return false
}

// inheritAttributes gives the implicit API what all of its functions have in
// common: it exists if any of them does, and is kept if any of them is.
func (t *transformer) inheritAttributes(api object, functions []object) {
	var conditions []string
	unconditional := false
	for _, f := range functions {
		if name, ok := f["Condition"].(string); ok {
			conditions = append(conditions, name)
		} else {
			unconditional = true
		}
		for _, attribute := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
			if policy := f[attribute]; policy != nil && (api[attribute] == nil || policy == "Retain") {
				api[attribute] = policy
			}
		}
	}
	if !unconditional {
		api["Condition"] = t.anyOf(implicitAPI+"Condition", conditions)
	}
}

// anyOf names a condition that holds where any of several does.
func (t *transformer) anyOf(name string, conditions []string) string {
	slices.Sort(conditions)
	conditions = slices.Compact(conditions)
	if len(conditions) == 1 {
		return conditions[0]
	}
	terms := list{}
	for _, c := range conditions {
		terms = append(terms, object{"Condition": c})
	}
	for len(terms) > 10 { // Fn::Or takes ten
		terms = append(list{object{"Fn::Or": slices.Clone(terms[:10])}}, terms[10:]...)
	}
	t.aside[name] = object{"Fn::Or": terms}
	return name
}

// api makes the RestApi, its deployment and its stage. The deployment's logical
// id has a hash of the body, so that a changed API is deployed anew.
func (t *transformer) api(m *macro) error {
	if err := m.check(apiSupported, apiRefused); err != nil {
		return err
	}
	if m.props["StageName"] == nil {
		return errors.New("Missing required property 'StageName'.")
	}
	if err := checkAuth(m.props["Auth"]); err != nil {
		return err
	}
	version, err := m.openAPI()
	if err != nil {
		return err
	}
	api := object{}
	for _, name := range []string{"Name", "Description", "Mode", "FailOnWarnings", "MinimumCompressionSize", "BinaryMediaTypes", "ApiKeySourceType"} {
		api[name] = t.resolve(m.props[name])
		if name != "BinaryMediaTypes" {
			api[name] = m.props[name]
		}
	}
	if err := t.define(m, api, version); err != nil {
		return err
	}
	setEndpoint(api, m.props["EndpointConfiguration"])
	t.out[m.id] = m.main("AWS::ApiGateway::RestApi", api)
	return t.deploy(m, api, version)
}

func (m *macro) openAPI() (string, error) {
	if m.props["OpenApiVersion"] == nil {
		return "", nil
	}
	version, ok := template.Text(m.props["OpenApiVersion"])
	if !ok || !openAPIVersion.MatchString(version) {
		return "", errors.New("The OpenApiVersion value must be of the format '3.0.0'.")
	}
	return version, nil
}

// define sets the Body or the BodyS3Location of the API.
func (t *transformer) define(m *macro, api object, version string) error {
	body, ok := m.props["DefinitionBody"].(object)
	if !ok && m.props["DefinitionBody"] != nil {
		return errors.New("Type of property 'DefinitionBody' is invalid.")
	}
	if uri := m.props["DefinitionUri"]; uri != nil {
		if body != nil {
			return errors.New("Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
		}
		for _, name := range []string{"Cors", "GatewayResponses", "DisableExecuteApiEndpoint"} {
			if m.props[name] != nil {
				return fmt.Errorf("%s works only with inline Swagger specified in 'DefinitionBody' property.", name)
			}
		}
		at, err := location(uri, "DefinitionUri")
		if err != nil {
			return err
		}
		api["BodyS3Location"] = present(object{"Bucket": at["Bucket"], "Key": at["Key"], "Version": at["Version"]})
		return nil
	}
	if body == nil {
		body = skeleton(version)
		t.addRoutes(m.id, body)
	}
	if _, transform := body["Fn::Transform"]; transform {
		return errors.New("Fn::Transform in 'DefinitionBody' is not supported")
	}
	if err := t.extend(m, body, version); err != nil {
		return err
	}
	api["Body"] = body
	return nil
}

func setEndpoint(api object, v any) {
	switch e := v.(type) {
	case nil:
	case object:
		if e["Type"] == nil {
			setEndpointType(api, e)
			return
		}
		setEndpointType(api, e["Type"])
		configuration := api["EndpointConfiguration"].(object)
		if ids := e["VPCEndpointIds"]; ids != nil {
			configuration["VpcEndpointIds"] = ids
		}
		if kind := e["IpAddressType"]; kind != nil {
			configuration["IpAddressType"] = kind
		}
	default:
		setEndpointType(api, e)
	}
}

func setEndpointType(api object, kind any) {
	api["EndpointConfiguration"] = object{"Types": list{kind}}
	api["Parameters"] = object{"endpointConfigurationTypes": kind}
}

func (t *transformer) deploy(m *macro, api object, version string) error {
	of := api["Body"]
	if of == nil {
		of = api["BodyS3Location"]
	}
	text, err := template.JSON(of)
	if err != nil {
		return err
	}
	sum := hash(text + version)
	deployment := m.id + "Deployment" + sum[:10]
	props := object{"RestApiId": ref(m.id), "Description": "RestApi deployment id: " + sum}
	if version == "" {
		props["StageName"] = "Stage"
	}
	t.out[deployment] = m.resource("AWS::ApiGateway::Deployment", props)
	tags, err := tagList(m.props["Tags"])
	if err != nil {
		return err
	}
	name, _ := m.props["StageName"].(string)
	stage := m.id + name + "Stage"
	if !alphanumeric.MatchString(name) {
		stage = m.id + "Stage"
		if name != "" {
			stage += hash(name)[:10]
		}
	}
	stageProps := object{"RestApiId": ref(m.id), "DeploymentId": ref(deployment)}
	for _, property := range []string{"StageName", "Variables", "MethodSettings", "TracingEnabled", "AccessLogSetting"} {
		stageProps[property] = m.props[property]
	}
	if tags != nil {
		stageProps["Tags"] = tags
		if m.props["PropagateTags"] == true {
			t.out[m.id].(object)["Properties"].(object)["Tags"] = tags
		}
	}
	t.out[stage] = m.resource("AWS::ApiGateway::Stage", stageProps)
	t.refs[m.id] = map[string]string{"Stage": stage, "Deployment": deployment}
	return nil
}

// simpleTable makes a table with one key and nothing else.
func (t *transformer) simpleTable(m *macro) error {
	err := m.check([]string{"PointInTimeRecoverySpecification", "PrimaryKey", "ProvisionedThroughput", "TableName", "Tags",
		"SSESpecification"}, nil)
	if err != nil {
		return err
	}
	name, kind := any("id"), "S"
	if m.props["PrimaryKey"] != nil {
		key, _ := m.props["PrimaryKey"].(object)
		types := map[any]string{"String": "S", "Number": "N", "Binary": "B"}
		if name = key["Name"]; name == nil {
			return errors.New("Property 'PrimaryKey.Name' is required.")
		}
		if key["Type"] == nil {
			return errors.New("Property 'PrimaryKey.Type' is required.")
		}
		given, _ := key["Type"].(string)
		if kind = types[given]; kind == "" {
			return fmt.Errorf("Invalid 'Type' \"%v\".", key["Type"])
		}
	}
	tags, err := tagList(m.props["Tags"])
	if err != nil {
		return err
	}
	props := object{"AttributeDefinitions": list{object{"AttributeName": name, "AttributeType": kind}},
		"KeySchema": list{object{"AttributeName": name, "KeyType": "HASH"}}}
	for _, property := range []string{"PointInTimeRecoverySpecification", "SSESpecification", "TableName", "ProvisionedThroughput"} {
		props[property] = m.props[property]
	}
	if m.props["ProvisionedThroughput"] == nil {
		props["BillingMode"] = "PAY_PER_REQUEST"
	}
	if len(tags) > 0 {
		props["Tags"] = tags
	}
	t.out[m.id] = m.main("AWS::DynamoDB::Table", props)
	return nil
}

// rewrite replaces references to generated resources: !Ref Function.Alias and
// the like become references to the logical ids that they stand for.
func (t *transformer) rewrite(v any) any {
	switch v := v.(type) {
	case object:
		name, arg, ok := template.Function(v)
		if !ok {
			for key, item := range v {
				v[key] = t.rewrite(item)
			}
			return v
		}
		return object{name: t.rewriteArgument(name, arg)}
	case list:
		for i, item := range v {
			v[i] = t.rewrite(item)
		}
	}
	return v
}

func (t *transformer) rewriteArgument(name string, arg any) any {
	switch a := arg.(type) {
	case string:
		if name == "Ref" {
			return t.generated(a)
		}
		if name == "Fn::Sub" {
			return t.rewriteSub(a)
		}
	case list:
		if text, ok := first(a).(string); ok {
			switch {
			case name == "Fn::GetAtt" && len(a) == 2:
				if dotted, ok := a[1].(string); ok {
					if property, attribute, found := strings.Cut(dotted, "."); found && t.refs[text][property] != "" {
						return list{t.refs[text][property], attribute}
					}
				}
				if id, property, found := strings.Cut(text, "."); found && t.refs[id][property] != "" {
					return list{t.refs[id][property], a[1]}
				}
			case name == "Fn::Sub":
				a[0] = t.rewriteSub(text)
			}
		}
	}
	return t.rewrite(arg)
}

func first(l list) any {
	if len(l) == 0 {
		return nil
	}
	return l[0]
}

func (t *transformer) generated(name string) string {
	id, property, _ := strings.Cut(name, ".")
	if to := t.refs[id][property]; to != "" {
		return to
	}
	return name
}

var subVariable = regexp.MustCompile(`\$\{[A-Za-z0-9]+\.[A-Za-z0-9]+`)

func (t *transformer) rewriteSub(text string) string {
	return subVariable.ReplaceAllStringFunc(text, func(match string) string {
		return "${" + t.generated(match[2:])
	})
}
