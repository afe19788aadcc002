package sam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// events connects a function to what triggers it.
func (t *transformer) events(b *built) error {
	if b.props["Events"] == nil {
		return nil
	}
	all, ok := b.props["Events"].(object)
	if !ok {
		return errors.New("Type of property 'Events' is invalid.")
	}
	for _, id := range template.Keys(all) {
		e, _ := all[id].(object)
		props, ok := e["Properties"].(object)
		if !ok && e["Properties"] != nil {
			return eventError(id, "Properties should be a map.")
		}
		var err error
		switch e["Type"] {
		case "S3":
			err = t.s3Event(b, id, props)
		case "SQS":
			err = t.queueEvent(b, id, props)
		case "Api":
			err = t.apiEvent(b, id, props)
		case "SNS":
			err = t.topicEvent(b, id, props)
		case "Schedule":
			err = t.scheduleEvent(b, id, props)
		case "EventBridgeRule", "CloudWatchEvent":
			err = t.ruleEvent(b, id, props)
		case nil:
			err = errors.New("Property 'Type' is required.")
		default:
			err = fmt.Errorf("Event type '%v' is not supported.", e["Type"])
		}
		if err != nil {
			return eventError(id, "%s", err)
		}
	}
	return nil
}

func eventError(id, format string, args ...any) error {
	return fmt.Errorf("Event with id [%s] is invalid. %s", id, fmt.Sprintf(format, args...))
}

// checkEvent refuses properties that the event type does not have.
func checkEvent(props object, required, optional []string) error {
	for _, name := range template.Keys(props) {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			return fmt.Errorf("property %s is not supported", name)
		}
	}
	for _, name := range required {
		if props[name] == nil {
			return fmt.Errorf("Missing required property '%s'.", name)
		}
	}
	return nil
}

// permission lets a service invoke the function.
func (t *transformer) permission(b *built, id, principal string, source object) string {
	_, name := b.target()
	props := object{"Action": "lambda:InvokeFunction", "FunctionName": name, "Principal": principal}
	for key, v := range source {
		props[key] = v
	}
	t.out[id] = b.resource("AWS::Lambda::Permission", props)
	return id
}

// s3Event adds the function to the bucket's notifications. The bucket must be
// in the template, and waits for the permission: S3 refuses a notification to
// a function that it may not invoke.
func (t *transformer) s3Event(b *built, id string, props object) error {
	if err := checkEvent(props, []string{"Bucket", "Events"}, []string{"Filter"}); err != nil {
		return err
	}
	bucketID, bucket := t.bucket(props["Bucket"])
	if bucket == nil {
		return errors.New("S3 events must reference an S3 bucket in the same template.")
	}
	permission := t.permission(b, b.id+id+"Permission", "s3.amazonaws.com", object{"SourceAccount": ref("AWS::AccountId")})
	bucketProps, err := member(bucket, bucketID, "Properties")
	if err != nil {
		return err
	}
	if condition := b.condition(); condition != "" {
		tags, ok := bucketProps["Tags"].(list)
		if !ok && bucketProps["Tags"] != nil {
			return fmt.Errorf("Resource with id [%s] is invalid. Invalid type for Tags. Must be a list.", bucketID)
		}
		bucketProps["Tags"] = append(tags, object{"Key": "sam:ConditionalDependsOn:" + permission,
			"Value": object{"Fn::If": list{condition, ref(permission), "no dependency"}}})
	} else {
		dependOn(bucket, permission)
	}
	return t.notify(b, bucketID, bucketProps, props)
}

// member gives a map within a resource, which is made where there is none.
func member(of object, id, name string) (object, error) {
	m, ok := of[name].(object)
	if !ok && of[name] != nil {
		return nil, fmt.Errorf("Resource with id [%s] is invalid. Invalid type for %s. Must be a dict.", id, name)
	}
	if m == nil {
		m = object{}
		of[name] = m
	}
	return m, nil
}

func (t *transformer) bucket(v any) (string, object) {
	r, _ := v.(object)
	id, _ := r["Ref"].(string)
	bucket, _ := t.out[id].(object)
	if bucket["Type"] != "AWS::S3::Bucket" {
		return "", nil
	}
	return id, bucket
}

func dependOn(resource object, id string) {
	existing, _ := resource["DependsOn"].(list)
	if one, ok := resource["DependsOn"].(string); ok {
		existing = list{one}
	}
	if !slices.Contains(existing, any(id)) {
		resource["DependsOn"] = append(existing, id)
	}
}

func (t *transformer) notify(b *built, bucketID string, bucketProps, event object) error {
	config, err := member(bucketProps, bucketID, "NotificationConfiguration")
	if err != nil {
		return err
	}
	configurations, ok := config["LambdaConfigurations"].(list)
	if !ok && config["LambdaConfigurations"] != nil {
		return fmt.Errorf("Resource with id [%s] is invalid. Invalid type for LambdaConfigurations. Must be a list.", bucketID)
	}
	types, ok := event["Events"].(list)
	if !ok {
		types = list{event["Events"]}
	}
	arn, _ := b.target()
	for _, kind := range types {
		entry := present(object{"Event": kind, "Function": arn, "Filter": clone(event["Filter"])})
		added := conditional(b.condition(), entry)
		if !slices.ContainsFunc(configurations, func(c any) bool { return same(c, added) }) {
			configurations = append(configurations, added)
		}
	}
	config["LambdaConfigurations"] = configurations
	return nil
}

// mappingProperties are what an event source mapping takes as it is.
var mappingProperties = []string{"BatchSize", "Enabled", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes",
	"FilterCriteria", "KmsKeyArn", "ScalingConfig", "ProvisionedPollerConfig", "MetricsConfig", "MaximumRetryAttempts",
	"BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "ParallelizationFactor", "TumblingWindowInSeconds"}

// queueEvent makes an event source mapping, and lets the role read the queue.
func (t *transformer) queueEvent(b *built, id string, props object) error {
	if err := checkEvent(props, []string{"Queue"}, mappingProperties); err != nil {
		return err
	}
	_, name := b.target()
	mapping := object{"FunctionName": name, "EventSourceArn": props["Queue"]}
	for _, property := range mappingProperties {
		mapping[property] = props[property]
	}
	t.out[b.id+id] = b.resource("AWS::Lambda::EventSourceMapping", mapping)
	if b.role == nil {
		return nil
	}
	arns := b.role["ManagedPolicyArns"].(list)
	if arn := managed + "service-role/AWSLambdaSQSQueueExecutionRole"; !slices.Contains(arns, any(arn)) {
		b.role["ManagedPolicyArns"] = append(arns, arn)
	}
	return nil
}

// route is one method of an API that a function answers.
type route struct {
	path, method string
	uri          object
	timeout      any
	condition    string
}

const implicitAPI = "ServerlessRestApi"

var (
	trailingSlash = regexp.MustCompile(`^(.+)/$`)
	pathParameter = regexp.MustCompile(`\{([a-zA-Z0-9._-]+|[a-zA-Z0-9._-]+\+|proxy\+)\}`)
)

// apiEvent adds a route to the API that the event names, or to the implicit
// one, and lets API Gateway invoke the function for it.
func (t *transformer) apiEvent(b *built, id string, props object) error {
	if err := checkEvent(props, []string{"Path", "Method"}, []string{"RestApiId", "TimeoutInMillis", "Auth"}); err != nil {
		return err
	}
	if err := checkAuth(props["Auth"]); err != nil {
		return err
	}
	path, ok1 := props["Path"].(string)
	method, ok2 := props["Method"].(string)
	if !ok1 || !ok2 {
		return errors.New("Path and Method must be strings.")
	}
	var apiID any = ref(implicitAPI)
	if given := props["RestApiId"]; given != nil {
		apiID = given
	}
	api, apiProps := t.apiOf(apiID)
	if api == "" {
		return errors.New("RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.")
	}
	suffix := "Stage"
	if stage, ok := apiProps["StageName"].(string); ok {
		suffix = stage
	}
	method = strings.ToLower(method)
	verb := strings.ToUpper(method)
	if method == "any" {
		verb = "*"
	}
	arn := "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/" + verb +
		pathParameter.ReplaceAllString(trailingSlash.ReplaceAllString(path, "$1"), "*")
	t.permission(b, generatedID(b.id+id+"Permission", suffix), "apigateway.amazonaws.com", object{
		"SourceArn": object{"Fn::Sub": list{arn, object{"__ApiId__": apiID, "__Stage__": "*"}}}})
	return t.addRoute(api, b, route{path: path, method: method, timeout: props["TimeoutInMillis"], condition: b.condition()})
}

func (t *transformer) addRoute(api string, b *built, r route) error {
	for _, other := range t.routes[api] {
		if other.path == r.path && other.method == r.method {
			return fmt.Errorf("API method \"%s\" defined multiple times for path \"%s\".", r.method, r.path)
		}
	}
	of := b.id + ".Arn"
	if b.alias != "" {
		of = b.alias
	}
	r.uri = object{"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + of + "}/invocations"}
	t.routes[api] = append(t.routes[api], r)
	return nil
}

// apiOf finds the serverless API that a RestApiId refers to.
func (t *transformer) apiOf(v any) (string, object) {
	id, _ := v.(string)
	if r, ok := v.(object); ok {
		id, _ = r["Ref"].(string)
	}
	api, _ := t.in[id].(object)
	if api["Type"] != "AWS::Serverless::Api" {
		return "", nil
	}
	props, _ := api["Properties"].(object)
	return id, props
}

// checkAuth accepts what asks for no authorization, and refuses the rest by name.
func checkAuth(v any) error {
	auth, ok := v.(object)
	if !ok && v != nil {
		return errors.New("Auth should be a map.")
	}
	for _, name := range template.Keys(auth) {
		value := auth[name]
		none := value == nil || value == "NONE" || value == false
		if !none || name != "Authorizer" && name != "DefaultAuthorizer" && name != "ApiKeyRequired" && name != "AddDefaultAuthorizerToCorsPreflight" {
			return fmt.Errorf("property Auth.%s is not supported", name)
		}
	}
	return nil
}
