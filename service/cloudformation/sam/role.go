package sam

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/runnel/runnel/service/cloudformation/template"
)

const managed = "arn:aws:iam::aws:policy/"

// giveRole makes the execution role of a function that names none.
func (t *transformer) giveRole(b *built) error {
	if role := b.props["Role"]; role != nil {
		if r, ok := role.(object); ok && r["Fn::If"] != nil && strings.Contains(fmt.Sprint(r), "AWS::NoValue") {
			return errors.New("a Role of Fn::If with AWS::NoValue is not supported")
		}
		b.lambda["Role"] = role
		return nil
	}
	b.lambda["Role"] = getAtt(b.id+"Role", "Arn")
	arns := list{managed + "service-role/AWSLambdaBasicExecutionRole"}
	if t.traced(b) {
		arns = append(arns, managed+"AWSXrayWriteOnlyAccess")
	}
	if b.props["VpcConfig"] != nil {
		arns = append(arns, managed+"service-role/AWSLambdaVPCAccessExecutionRole")
	}
	var inline list
	if dlq, ok := b.props["DeadLetterQueue"].(object); ok {
		action := map[any]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}[dlq["Type"]]
		inline = append(inline, object{"PolicyName": "DeadLetterQueuePolicy", "PolicyDocument": document(
			object{"Action": action, "Resource": dlq["TargetArn"], "Effect": "Allow"})})
	}
	inline = append(inline, b.grants...)
	arns, inline, err := policies(b, arns, inline)
	if err != nil {
		return err
	}
	trust := b.props["AssumeRolePolicyDocument"]
	if trust == nil {
		trust = document(object{"Action": list{"sts:AssumeRole"}, "Effect": "Allow",
			"Principal": object{"Service": list{"lambda.amazonaws.com"}}})
	}
	b.role = object{"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": arns, "Path": b.props["RolePath"],
		"PermissionsBoundary": b.props["PermissionsBoundary"], "Tags": b.lambda["Tags"]}
	if len(inline) > 0 {
		b.role["Policies"] = inline
	}
	return nil
}

func document(statement ...any) object {
	return object{"Version": "2012-10-17", "Statement": list(statement)}
}

// policies reads the Policies property: names and ARNs of managed policies,
// statements, and policy templates, each possibly under Fn::If.
func policies(b *built, arns, inline list) (list, list, error) {
	entries, ok := b.props["Policies"].(list)
	if !ok && b.props["Policies"] != nil {
		entries = list{b.props["Policies"]}
	}
	for i, entry := range entries {
		name := b.id + "RolePolicy" + strconv.Itoa(i)
		arn, policy, err := classify(name, entry)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case policy != nil:
			inline = append(inline, policy)
		case arn == nil:
			return nil, nil, fmt.Errorf("Policy at index %d in the 'Policies' property is not valid", i)
		case !slices.ContainsFunc(arns, func(a any) bool { return same(a, arn) }):
			arns = append(arns, arn)
		}
	}
	return arns, inline, nil
}

func same(a, b any) bool {
	x, err1 := template.JSON(a)
	y, err2 := template.JSON(b)
	return err1 == nil && err2 == nil && x == y
}

// classify gives either the ARN of a managed policy or an inline policy.
func classify(name string, entry any) (arn, policy any, err error) {
	if text, ok := entry.(string); ok {
		return managedARN(text), nil, nil
	}
	m, ok := entry.(object)
	if !ok {
		return nil, nil, nil
	}
	if branches, ok := m["Fn::If"].(list); ok && len(m) == 1 {
		return classifyIf(name, branches)
	}
	if isFunction(m) {
		return m, nil, nil
	}
	if m["Statement"] != nil {
		return nil, object{"PolicyName": name, "PolicyDocument": m}, nil
	}
	if len(m) != 1 {
		return nil, nil, nil
	}
	for templateName, values := range m {
		statements, err := fromTemplate(templateName, values)
		if err != nil || statements == nil {
			return nil, nil, err
		}
		policy = object{"PolicyName": name, "PolicyDocument": object{"Statement": statements}}
	}
	return nil, policy, nil
}

func classifyIf(name string, branches list) (arn, policy any, err error) {
	if len(branches) != 3 {
		return nil, nil, errors.New("Fn::If requires 3 arguments")
	}
	out := list{branches[0], nil, nil}
	var arns, inline bool
	for i := 1; i < 3; i++ {
		if same(branches[i], ref("AWS::NoValue")) {
			out[i] = branches[i]
			continue
		}
		a, p, err := classify(name, branches[i])
		if err != nil || a == nil && p == nil {
			return nil, nil, err
		}
		arns, inline = arns || a != nil, inline || p != nil
		if out[i] = a; a == nil {
			out[i] = p
		}
	}
	switch {
	case arns && inline:
		return nil, nil, errors.New("Different policy types within the same Fn::If statement is unsupported. " +
			"Separate different policy types into different Fn::If statements")
	case inline:
		return nil, object{"Fn::If": out}, nil
	}
	return object{"Fn::If": out}, nil, nil
}

// serviceRoles are the managed policies under the path service-role/ that a
// function's role may need. Others have no path.
var serviceRoles = []string{"AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole", "AWSLambdaENIManagementAccess",
	"AWSLambdaKinesisExecutionRole", "AWSLambdaMSKExecutionRole", "AWSLambdaRole", "AWSLambdaSQSQueueExecutionRole",
	"AWSLambdaVPCAccessExecutionRole", "AmazonAPIGatewayPushToCloudWatchLogs", "AmazonS3ObjectLambdaExecutionRolePolicy",
	"AWSGlueServiceRole"}

func managedARN(name string) string {
	switch {
	case strings.HasPrefix(name, "arn:"):
		return name
	case slices.Contains(serviceRoles, name):
		return managed + "service-role/" + name
	}
	return managed + name
}

//go:embed policies.txt
var policyTable string

// fromTemplate gives the statements of a policy template, nil where there is
// no template of the name. Names may be followed by parameters as the template
// demands: an object with a value for each.
func fromTemplate(name string, values any) (list, error) {
	header, body, ok := findTemplate(name)
	if !ok {
		return nil, nil
	}
	given, ok := values.(object)
	if !ok {
		return nil, fmt.Errorf("Must specify valid parameter values for policy template '%s'", name)
	}
	var missing []string
	for _, parameter := range header {
		if _, ok := given[parameter]; !ok {
			missing = append(missing, "'"+parameter+"'")
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("Following required parameters of policy template '%s' don't have values: [%s]", name, strings.Join(missing, ", "))
	}
	statements := list{}
	for _, line := range body {
		if resource, ok := strings.CutPrefix(line, "\t\ton "); ok {
			s := statements[len(statements)-1].(object)
			s["Resource"] = addResource(s["Resource"], pattern(resource, header, given))
			continue
		}
		actions := list{}
		for action := range strings.FieldsSeq(line) {
			actions = append(actions, action)
		}
		statements = append(statements, object{"Effect": "Allow", "Action": actions})
	}
	return statements, nil
}

// findTemplate gives a template's parameters and its lines in the table.
func findTemplate(name string) (parameters, body []string, found bool) {
	for line := range strings.SplitSeq(policyTable, "\n") {
		switch {
		case strings.HasPrefix(line, "#") || line == "":
		case strings.HasPrefix(line, "\t"):
			if found {
				body = append(body, line)
			}
		case found:
			return parameters, body, true
		default:
			words := strings.Fields(line)
			parameters, found = words[1:], words[0] == name
		}
	}
	return parameters, body, found
}

func addResource(existing, resource any) any {
	switch e := existing.(type) {
	case nil:
		return resource
	case list:
		return append(e, resource)
	}
	return list{existing, resource}
}

// pattern fills a template's parameters into a resource's name.
func pattern(text string, parameters []string, given object) any {
	variables := object{}
	for _, p := range parameters {
		if text == "${"+p+"}" {
			return given[p]
		}
		variable := string(unicode.ToLower(rune(p[0]))) + p[1:]
		if filled := strings.ReplaceAll(text, "${"+p+"}", "${"+variable+"}"); filled != text {
			text = filled
			variables[variable] = given[p]
		}
	}
	switch {
	case len(variables) > 0:
		return object{"Fn::Sub": list{text, variables}}
	case strings.Contains(text, "${"):
		return object{"Fn::Sub": text}
	}
	return text
}
