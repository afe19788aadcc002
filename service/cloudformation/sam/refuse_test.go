package sam

import (
	"strconv"
	"strings"
	"testing"

	"github.com/runnel/runnel/service/cloudformation/template"
)

const head = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Queue: {Type: AWS::SQS::Queue}\n  F:\n    Type: AWS::Serverless::Function\n    Properties: "

// TestRefused: what the transform does not know is refused by its name, and
// what is wrong is said of the resource that has it.
func TestRefused(t *testing.T) {
	for body, want := range map[string]string{
		head + "{Runtime: go1.x, Handler: a}":                             "[F] is invalid. Only one of 'InlineCode' or 'CodeUri' can be set.",
		head + "{InlineCode: x}":                                          "[F] is invalid. Runtime and Handler needs to be present",
		head + "{CodeUri: ./src, Runtime: a, Handler: b}":                 "'CodeUri' is not a valid S3 Uri of the form",
		head + "{CodeUri: {Bucket: b}, Runtime: a, Handler: b}":           "'CodeUri' requires Bucket and Key properties",
		head + "{ImageUri: x}":                                            "property ImageUri of type AWS::Serverless::Function is not supported",
		head + "{PackageType: Image}":                                     "PackageType Image is not supported",
		head + "{Colour: red}":                                            "property Colour not defined for resource of type AWS::Serverless::Function",
		head + "text":                                                     "[F] is invalid. Properties should be a map.",
		function("Policies: [{NoSuchPolicy: {}}]"):                        "Policy at index 0 in the 'Policies' property is not valid",
		function("Policies: [{SQSPollerPolicy: {}}]"):                     "Following required parameters of policy template 'SQSPollerPolicy' don't have values: ['QueueName']",
		function("DeadLetterQueue: {Type: SQS}"):                          "'DeadLetterQueue' requires Type and TargetArn properties to be specified.",
		function("DeadLetterQueue: {Type: S3, TargetArn: x}"):             "'DeadLetterQueue' requires Type of ['SQS', 'SNS']",
		function("AutoPublishAlias: '1'"):                                 "AutoPublishAlias name ('1') must contain only",
		function("Tags: {'lambda:createdBy': me}"):                        "lambda:createdBy is a reserved Tag key name",
		function("Events: {E: {Type: Kinesis, Properties: {Stream: x}}}"): "Event with id [E] is invalid. Event type 'Kinesis' is not supported.",
		function("Events: {E: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}}"):                                                                "Event with id [E] is invalid. Event type 'ScheduleV2' is not supported.",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: {QueueArn: a}}}}"):                                                              "Event with id [E] is invalid. No QueueARN or QueueURL provided.",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: {QueueArn: a, QueueUrl: b, Batch: 1}}}}"):                                       "property Batch is not supported",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: {QueueArn: a, QueueUrl: b, Enabled: false}}}}"):                                 "property SqsSubscription.Enabled is not supported but as true",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: {QueueArn: a, QueueUrl: b, QueuePolicyLogicalId: [a]}}}}"):                      "QueuePolicyLogicalId must be a string",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, SqsSubscription: text}}}"):                                                                       "Type of property 'SqsSubscription' is invalid.",
		function("Events: {E: {Type: SNS, Properties: {}}}"):                                                                                                      "Missing required property 'Topic'.",
		function("Events: {E: {Type: SNS, Properties: {Topic: t, ReplayPolicy: {}}}}"):                                                                            "property ReplayPolicy is not supported",
		function("Events: {E: {Type: Schedule, Properties: {}}}"):                                                                                                 "Missing required property 'Schedule'.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, Enabled: true, State: ENABLED}}}"):                                                       "State and Enabled Properties cannot both be specified.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, Enabled: 'false'}}}"):                                                                    "Type of property 'Enabled' is invalid.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, DeadLetterConfig: text}}}"):                                                              "Type of property 'DeadLetterConfig' is invalid.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, DeadLetterConfig: {}}}}"):                                                                "No 'Arn' or 'Type' property provided for DeadLetterConfig.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, DeadLetterConfig: {Arn: a, Type: SQS}}}}"):                                               "You can either define 'Arn' or 'Type' property of DeadLetterConfig.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, DeadLetterConfig: {Type: SNS}}}}"):                                                       "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.",
		function("Events: {E: {Type: Schedule, Properties: {Schedule: a, DeadLetterConfig: {Type: SQS, QueueLogicalId: [a]}}}}"):                                  "QueueLogicalId must be a string",
		function("Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {}, Target: {Id: a, Arn: b}}}}"):                                                      "property Arn is not supported",
		function("Events: {E: {Type: EventBridgeRule, Properties: {InputPath: a}}}"):                                                                              "Missing required property 'Pattern'.",
		function("Events: {E: {Type: HttpApi}}"):                                                                                                                  "Event type 'HttpApi' is not supported.",
		function("Events: {E: {Properties: {}}}"):                                                                                                                 "Property 'Type' is required.",
		function("Events: {E: {Type: SQS, Properties: {}}}"):                                                                                                      "Missing required property 'Queue'.",
		function("Events: {E: {Type: SQS, Properties: {Queue: a, Stream: b}}}"):                                                                                   "property Stream is not supported",
		function("Events: {E: {Type: S3, Properties: {Bucket: name, Events: x}}}"):                                                                                "S3 events must reference an S3 bucket in the same template.",
		function("Events: {'1%d': {Type: Nope}}"):                                                                                                                 "Event with id [1%d] is invalid. Event type 'Nope' is not supported.",
		function("Events: {E: {Type: S3, Properties: {Bucket: {Ref: B}, Events: x}}}}\n  B: {Type: AWS::S3::Bucket, Properties: text"):                            "[B] is invalid. Invalid type for Properties. Must be a dict.",
		function("Events: {E: {Type: S3, Properties: {Bucket: {Ref: B}, Events: x}}}}\n  B: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: []}"): "[B] is invalid. Invalid type for NotificationConfiguration. Must be a dict.",
		function("Events: {E: {Type: Api, Properties: {Path: /a, Method: get, RestApiId: x}}}"):                                                                   "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.",
		function("Events: {E: {Type: Api, Properties: {Path: /a, Method: get, Auth: {Authorizer: Mine}}}}"):                                                       "property Auth.Authorizer is not supported",
		function("Events: {A: {Type: Api, Properties: {Path: /a, Method: get}}, B: {Type: Api, Properties: {Path: /a, Method: GET}}}"):                            "API method \"get\" defined multiple times for path \"/a\".",
		"Transform: AWS::Serverless-2016-10-31\nResources: {H: {Type: AWS::Serverless::HttpApi}}":                                                                 "[H] is invalid. resource type AWS::Serverless::HttpApi is not supported",
		"Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Serverless::Api, Properties: {}}}":                                                     "Missing required property 'StageName'.",
		"Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::Serverless::Api, Properties: {StageName: a, Domain: {}}}}":                             "property Domain of type AWS::Serverless::Api is not supported",
		"Transform: AWS::Serverless-2016-10-31\nResources: {T: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: a, Type: List}}}}":            "Invalid 'Type' \"List\".",
		"Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Policies: []}}\nResources: {Q: {Type: AWS::SQS::Queue}}":                                     "'Globals' section is invalid. 'Policies' is not a supported property of 'Function'.",
		"Transform: AWS::Serverless-2016-10-31\nGlobals: {Queue: {}}\nResources: {Q: {Type: AWS::SQS::Queue}}":                                                    "'Globals' section is invalid. 'Queue' is not supported.",
		"Transform: AWS::Serverless-2016-10-31\nDescription: empty":                                                                                               "'Resources' section is required",
	} {
		tree, err := template.Parse(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		_, err = Transform(tree, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "Transform AWS::Serverless-2016-10-31 failed with: ") {
			t.Errorf("%s:\n got %v\nwant %s", body, err, want)
		}
	}
}

// TestTooMany: a template with too many resources is refused before Globals are
// copied into each of them.
func TestTooMany(t *testing.T) {
	resources := object{}
	for i := range template.MaxResources + 1 {
		resources["F"+strconv.Itoa(i)] = object{"Type": "AWS::Serverless::Function"}
	}
	_, err := Transform(object{"Resources": resources}, nil)
	if err == nil || err.Error() != "Template format error: Number of resources, 501, is greater than maximum allowed, 500" {
		t.Error(err)
	}
}

func function(property string) string {
	return head + "{CodeUri: s3://b/k, Runtime: a, Handler: b, " + property + "}"
}

// FuzzTransform: any template is transformed or refused, without a panic.
func FuzzTransform(f *testing.F) {
	for _, seed := range []string{"alias", "conditions", "explicit_api", "pipeline", "triggers"} {
		body, err := readSeed(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add(function("Events: {E: {Type: S3, Properties: {Bucket: {Ref: [a]}, Events: [[]]}}}"))
	f.Fuzz(func(_ *testing.T, body string) {
		tree, err := template.Parse(body)
		if err != nil {
			return
		}
		out, err := Transform(tree, parameters(tree))
		if err == nil {
			_, _ = template.Load(out)
		}
	})
}
