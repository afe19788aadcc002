package sam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// globalProperties are what the Globals section may set, by resource type.
// Source: AWS SAM developer guide, "Globals section of the AWS SAM template".
var globalProperties = map[string][]string{
	"Function": {"Handler", "Runtime", "CodeUri", "DeadLetterQueue", "Description", "MemorySize", "Timeout", "VpcConfig",
		"Environment", "Tags", "PropagateTags", "Tracing", "KmsKeyArn", "AutoPublishAlias", "AutoPublishAliasAllProperties",
		"Layers", "DeploymentPreference", "RolePath", "PermissionsBoundary", "ReservedConcurrentExecutions",
		"ProvisionedConcurrencyConfig", "AssumeRolePolicyDocument", "EventInvokeConfig", "FileSystemConfigs",
		"CodeSigningConfigArn", "Architectures", "SnapStart", "EphemeralStorage", "FunctionUrlConfig",
		"RuntimeManagementConfig", "LoggingConfig", "RecursiveLoop", "SourceKMSKeyArn"},
	"Api": {"Auth", "Name", "DefinitionUri", "CacheClusterEnabled", "CacheClusterSize", "MergeDefinitions", "Variables",
		"EndpointConfiguration", "MethodSettings", "BinaryMediaTypes", "MinimumCompressionSize", "Cors", "GatewayResponses",
		"AccessLogSetting", "CanarySetting", "TracingEnabled", "OpenApiVersion", "Domain", "AlwaysDeploy", "PropagateTags"},
	"SimpleTable": {"SSESpecification"},
}

// mergeGlobals gives every resource what the Globals section says of its type.
func (t *transformer) mergeGlobals(v any) error {
	if v == nil {
		return nil
	}
	globals, ok := v.(object)
	if !ok {
		return fmt.Errorf("'Globals' section is invalid. It must be a non-empty dictionary")
	}
	t.globals = globals
	for _, kind := range template.Keys(globals) {
		supported, ok := globalProperties[kind]
		if !ok {
			return fmt.Errorf("'Globals' section is invalid. '%s' is not supported. Must be one of the following values - ['%s']",
				kind, strings.Join(template.Keys(globalProperties), "', '"))
		}
		props, ok := globals[kind].(object)
		if !ok {
			return fmt.Errorf("'Globals' section is invalid. Value of %s must be a dictionary", kind)
		}
		for _, name := range template.Keys(props) {
			if !slices.Contains(supported, name) {
				return fmt.Errorf("'Globals' section is invalid. '%s' is not a supported property of '%s'. "+
					"Must be one of the following values - ['%s']", name, kind, strings.Join(supported, "', '"))
			}
		}
	}
	for _, id := range template.Keys(t.in) {
		r, _ := t.in[id].(object)
		kind, _ := r["Type"].(string)
		section, serverless := strings.CutPrefix(kind, "AWS::Serverless::")
		if props, ok := globals[section].(object); serverless && ok {
			t.mergeInto(id, r, props)
		}
	}
	return nil
}

// mergeInto honours the IgnoreGlobals attribute: "*" or a list of properties.
func (t *transformer) mergeInto(id string, r, props object) {
	props = clone(props).(object)
	switch ignore := r["IgnoreGlobals"].(type) {
	case nil:
	case list:
		for _, item := range ignore {
			name, _ := item.(string)
			if _, ok := props[name]; !ok {
				t.fail(id, "Resource %s has invalid resource attribute 'IgnoreGlobals' on item '%s'.", id, name)
			}
			delete(props, name)
		}
	default:
		if ignore == "*" {
			return
		}
		t.fail(id, "Resource %s has invalid resource attribute 'IgnoreGlobals'.", id)
	}
	own, ok := r["Properties"].(object)
	if !ok && r["Properties"] != nil {
		return // reported when the resource is transformed
	}
	r["Properties"] = merge(props, own)
}

// merge combines a global and a local value: maps member by member, lists one
// after the other, and otherwise the local value wins. A function call is a
// value, not a map.
func merge(global, local any) any {
	g, gMap := global.(object)
	l, lMap := local.(object)
	if gMap && lMap && !isFunction(g) && !isFunction(l) {
		for key, v := range l {
			if existing, ok := g[key]; ok {
				v = merge(existing, v)
			}
			g[key] = v
		}
		return g
	}
	gList, ok1 := global.(list)
	lList, ok2 := local.(list)
	if ok1 && ok2 {
		return slices.Concat(gList, lList)
	}
	return local
}

func isFunction(m object) bool {
	_, _, ok := template.Function(m)
	return ok || len(m) == 1 && m["Condition"] != nil
}

// apiGlobals are what the Globals section says of APIs, for the implicit one.
func (t *transformer) apiGlobals() object {
	if props, ok := t.globals["Api"].(object); ok {
		return clone(props).(object)
	}
	return object{}
}
