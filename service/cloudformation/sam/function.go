package sam

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// Properties of AWS::Serverless::Function: those that the Lambda function takes
// as they are, those that the transform works on, and those that it refuses.
var (
	copied = []string{"FunctionName", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "VpcConfig",
		"Environment", "KmsKeyArn", "ReservedConcurrentExecutions", "Layers", "FileSystemConfigs", "ImageConfig",
		"PackageType", "Architectures", "SnapStart", "EphemeralStorage", "CodeSigningConfigArn", "RuntimeManagementConfig",
		"LoggingConfig", "RecursiveLoop"}
	functionWorked = []string{"CodeUri", "InlineCode", "Role", "Policies", "AssumeRolePolicyDocument", "RolePath",
		"PermissionsBoundary", "Events", "Tags", "PropagateTags", "Tracing", "DeadLetterQueue", "EventInvokeConfig",
		"AutoPublishAlias", "AutoPublishCodeSha256", "AutoPublishAliasAllProperties", "VersionDescription"}
	functionRefused = []string{"ImageUri", "DeploymentPreference", "ProvisionedConcurrencyConfig", "FunctionUrlConfig",
		"SourceKMSKeyArn", "CapacityProviderConfig", "FunctionScalingConfig", "PublishToLatestPublished",
		"VersionDeletionPolicy", "TenancyConfig", "DurableConfig"}
)

// built is a function on its way: what its events need to know of it.
type built struct {
	*macro
	lambda object // properties of the AWS::Lambda::Function
	role   object // properties of the generated role, nil where one is given
	grants list   // policies that destinations need
	alias  string // logical id of the alias that events invoke, "" for none
}

// target is the ARN that events invoke, and its name for permissions.
func (b *built) target() (arn, name object) {
	if b.alias != "" {
		return ref(b.alias), ref(b.alias)
	}
	return getAtt(b.id, "Arn"), ref(b.id)
}

func (t *transformer) function(m *macro) error {
	if err := m.check(append(append([]string{}, copied...), functionWorked...), functionRefused); err != nil {
		return err
	}
	b := &built{macro: m, lambda: object{}}
	for _, step := range []func(*built) error{t.lambdaProperties, t.publish, t.invokeConfig, t.giveRole, t.events} {
		if err := step(b); err != nil {
			return err
		}
	}
	t.out[m.id] = m.main("AWS::Lambda::Function", b.lambda)
	if b.role != nil {
		t.out[m.id+"Role"] = m.resource("AWS::IAM::Role", b.role)
	}
	return t.propagateTags(b)
}

func (t *transformer) lambdaProperties(b *built) error {
	for _, name := range copied {
		b.lambda[name] = b.props[name]
	}
	if kind := b.props["PackageType"]; kind != nil && kind != "Zip" {
		return fmt.Errorf("PackageType %v is not supported", kind)
	}
	if b.props["Runtime"] == nil || b.props["Handler"] == nil {
		return errors.New("Runtime and Handler needs to be present when PackageType is of type `Zip`")
	}
	code, err := codeOf(b.props)
	if err != nil {
		return err
	}
	b.lambda["Code"] = code
	if dlq := b.props["DeadLetterQueue"]; dlq != nil {
		d, _ := dlq.(object)
		if d["Type"] == nil || d["TargetArn"] == nil {
			return errors.New("'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
		}
		if d["Type"] != "SQS" && d["Type"] != "SNS" {
			return errors.New("'DeadLetterQueue' requires Type of ['SQS', 'SNS']")
		}
		b.lambda["DeadLetterConfig"] = object{"TargetArn": d["TargetArn"]}
	}
	if t.traced(b) {
		b.lambda["TracingConfig"] = object{"Mode": b.props["Tracing"]}
	}
	tags, err := samTags(b.props["Tags"])
	b.lambda["Tags"] = tags
	return err
}

func (t *transformer) traced(b *built) bool {
	tracing := t.resolve(b.props["Tracing"])
	return tracing != nil && tracing != "Disabled"
}

// samTags puts the tag that marks what the transform made before the user's own.
func samTags(v any) (list, error) {
	own, err := tagList(v)
	if err != nil {
		return nil, err
	}
	for _, tag := range own {
		if tag.(object)["Key"] == "lambda:createdBy" {
			return nil, errors.New("lambda:createdBy is a reserved Tag key name and cannot be set on your resource. " +
				"Please change the tag key in the input.")
		}
	}
	return append(list{object{"Key": "lambda:createdBy", "Value": "SAM"}}, own...), nil
}

func codeOf(props object) (object, error) {
	if inline := props["InlineCode"]; inline != nil {
		return object{"ZipFile": inline}, nil
	}
	if props["CodeUri"] == nil {
		return nil, errors.New("Only one of 'InlineCode' or 'CodeUri' can be set.")
	}
	at, err := location(props["CodeUri"], "CodeUri")
	if err != nil {
		return nil, err
	}
	return present(object{"S3Bucket": at["Bucket"], "S3Key": at["Key"], "S3ObjectVersion": at["Version"]}), nil
}

// location reads where something is in S3: an object with Bucket and Key, or
// an s3:// URI.
func location(v any, property string) (object, error) {
	if at, ok := v.(object); ok {
		if at["Bucket"] == nil || at["Key"] == nil {
			return nil, fmt.Errorf("'%s' requires Bucket and Key properties to be specified.", property)
		}
		return at, nil
	}
	text, ok := v.(string)
	u, err := url.Parse(text)
	if !ok || err != nil || u.Scheme != "s3" || u.Host == "" || len(u.Path) < 2 {
		return nil, fmt.Errorf("'%s' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.", property)
	}
	at := object{"Bucket": u.Host, "Key": strings.TrimPrefix(u.Path, "/")}
	if version := u.Query().Get("versionId"); version != "" {
		at["Version"] = version
	}
	return at, nil
}

var aliasName = regexp.MustCompile(`^[a-zA-Z0-9\-_]+$`)

// publish makes the version and the alias of AutoPublishAlias. The version's
// logical id has a hash of the code, so that new code makes a new version, and
// the old one stays.
func (t *transformer) publish(b *built) error {
	if b.props["AutoPublishAlias"] == nil {
		return nil
	}
	name, ok := t.resolve(b.props["AutoPublishAlias"]).(string)
	if !ok {
		return errors.New("'AutoPublishAlias' must be a string or a Ref to a template parameter")
	}
	if !aliasName.MatchString(name) || strings.Trim(name, "0123456789") == "" {
		return fmt.Errorf("AutoPublishAlias name ('%s') must contain only alphanumeric characters, hyphens, or underscores "+
			"matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.", name)
	}
	version, err := t.versionID(b)
	if err != nil {
		return err
	}
	r := b.resource("AWS::Lambda::Version", object{"FunctionName": ref(b.id), "Description": b.props["VersionDescription"]})
	if r["DeletionPolicy"] == nil {
		r["DeletionPolicy"] = "Retain"
	}
	t.out[version] = r
	b.alias = b.id + "Alias" + strings.NewReplacer("-", "D", "_", "U").Replace(name)
	t.out[b.alias] = b.resource("AWS::Lambda::Alias", object{"Name": name, "FunctionName": ref(b.id),
		"FunctionVersion": getAtt(version, "Version")})
	t.refs[b.id] = map[string]string{"Version": version, "Alias": b.alias}
	return nil
}

func (t *transformer) versionID(b *built) (string, error) {
	prefix := b.id + "Version"
	if sum := b.props["AutoPublishCodeSha256"]; sum != nil {
		text, ok := t.resolve(sum).(string)
		if !ok {
			return "", errors.New("AutoPublishCodeSha256 must be a string")
		}
		b.lambda["Description"] = joinDescription(t.resolve(b.props["Description"]), text)
		return prefix + text[:min(10, len(text))], nil
	}
	var of any
	if b.props["AutoPublishAliasAllProperties"] == true {
		of = present(b.lambda)
	} else {
		parts, _ := t.resolve(b.lambda["Code"]).(object)
		environment, _ := b.props["Environment"].(object)
		for key, v := range environment {
			parts[key] = v
		}
		if size := b.props["MemorySize"]; size != nil {
			parts["MemorySize"] = size
		}
		of = parts
	}
	text, err := template.JSON(of)
	return prefix + hash(text)[:10], err
}

func joinDescription(description any, sum string) any {
	switch d := description.(type) {
	case nil:
		return sum
	case string:
		return d + " " + sum
	}
	return object{"Fn::Join": list{" ", list{description, sum}}}
}

// invokeConfig makes the AWS::Lambda::EventInvokeConfig of asynchronous
// invocations, with the queue of a destination that names none.
func (t *transformer) invokeConfig(b *built) error {
	if b.props["EventInvokeConfig"] == nil {
		return nil
	}
	config, ok := b.props["EventInvokeConfig"].(object)
	if !ok {
		return errors.New("Type of property 'EventInvokeConfig' is invalid.")
	}
	id := b.id + "EventInvokeConfig"
	destinations := object{}
	given, _ := config["DestinationConfig"].(object)
	for _, outcome := range []string{"OnSuccess", "OnFailure"} {
		if given[outcome] == nil {
			continue
		}
		arn, err := t.destination(b, id+outcome, given[outcome])
		if err != nil {
			return err
		}
		destinations[outcome] = object{"Destination": arn}
	}
	qualifier, _ := t.resolve(b.props["AutoPublishAlias"]).(string)
	if qualifier == "" {
		qualifier = "$LATEST"
	}
	r := b.resource("AWS::Lambda::EventInvokeConfig", object{"FunctionName": ref(b.id), "Qualifier": qualifier,
		"DestinationConfig": destinations, "MaximumEventAgeInSeconds": config["MaximumEventAgeInSeconds"],
		"MaximumRetryAttempts": config["MaximumRetryAttempts"]})
	if b.alias != "" {
		r["DependsOn"] = list{b.alias}
	}
	t.out[id] = r
	return nil
}

// destinationActions are what a role needs for each type of destination, and
// how the policy that allows it is named.
var destinationActions = map[string][2]string{"SQS": {"sqs:SendMessage", "SQSPolicy"}, "SNS": {"sns:publish", "SNSPolicy"},
	"Lambda": {"lambda:InvokeFunction", "LambdaPolicy"}, "EventBridge": {"events:PutEvents", "EventBridgePolicy"}}

func (t *transformer) destination(b *built, id string, v any) (any, error) {
	d, _ := v.(object)
	kind, _ := d["Type"].(string)
	action, ok := destinationActions[kind]
	if !ok {
		return nil, fmt.Errorf("'Type: %v' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket']", d["Type"])
	}
	arn := d["Destination"]
	if arn == nil {
		if kind != "SQS" {
			return nil, fmt.Errorf("a Destination is required where Type is %s", kind)
		}
		t.out[id+"Queue"] = b.resource("AWS::SQS::Queue", nil)
		arn = getAtt(id+"Queue", "Arn")
		if t.refs[b.id] == nil {
			t.refs[b.id] = map[string]string{}
		}
		t.refs[b.id]["DestinationQueue"] = id + "Queue"
	}
	policy := object{"PolicyName": id + action[1], "PolicyDocument": object{"Statement": list{
		object{"Action": action[0], "Effect": "Allow", "Resource": arn}}}}
	b.grants = append(b.grants, policy)
	return arn, nil
}

// propagateTags gives the function's tags, and those alone, to the function and
// to what was generated for it.
func (t *transformer) propagateTags(b *built) error {
	if b.props["PropagateTags"] != true {
		return nil
	}
	tags, err := tagList(b.props["Tags"])
	if err != nil || len(tags) == 0 {
		return err
	}
	for _, id := range []string{b.id, b.id + "Role", b.id + "EventInvokeConfigOnFailureQueue", b.id + "EventInvokeConfigOnSuccessQueue"} {
		r, ok := t.out[id].(object)
		if !ok || id != b.id && t.in[id] != nil {
			continue
		}
		props, ok := r["Properties"].(object)
		if !ok {
			props = object{}
			r["Properties"] = props
		}
		props["Tags"] = tags
	}
	return nil
}
