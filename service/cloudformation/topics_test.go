package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"
)

func (r *rig) topic(arn string) map[string]string {
	r.t.Helper()
	out, err := snsapi.NewFromConfig(r.aws).GetTopicAttributes(ctx, &snsapi.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Attributes
}

func (r *rig) subscription(arn string) map[string]string {
	r.t.Helper()
	out, err := snsapi.NewFromConfig(r.aws).GetSubscriptionAttributes(ctx, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Attributes
}

// subscribers are the names of the queues, or the other ends, of all
// subscriptions that there are.
func (r *rig) subscribers() []string {
	r.t.Helper()
	out, err := snsapi.NewFromConfig(r.aws).ListSubscriptions(ctx, &snsapi.ListSubscriptionsInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, s := range out.Subscriptions {
		names = append(names, (*s.Endpoint)[strings.LastIndexAny(*s.Endpoint, ":/")+1:])
	}
	slices.Sort(names)
	return names
}

func (r *rig) topicARNs() []string {
	r.t.Helper()
	out, err := snsapi.NewFromConfig(r.aws).ListTopics(ctx, &snsapi.ListTopicsInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	arns := []string{}
	for _, topic := range out.Topics {
		arns = append(arns, *topic.TopicArn)
	}
	return arns
}

// holds fails the test unless the attributes have the values; "" is absence.
func holds(t testing.TB, got map[string]string, want ...string) {
	t.Helper()
	for i := 0; i+1 < len(want); i += 2 {
		if got[want[i]] != want[i+1] {
			t.Errorf("%s is %q, want %q", want[i], got[want[i]], want[i+1])
		}
	}
}

// TestTopicUpdates sets each property of a topic, changes it and takes it away.
func TestTopicUpdates(t *testing.T) {
	const body = `
Resources:
  T:
    Type: AWS::SNS::Topic
    Properties: {TopicName: first.fifo, FifoTopic: true%s}
Outputs: {Arn: {Value: !GetAtt T.TopicArn}, Name: {Value: !GetAtt T.TopicName}, Ref: {Value: !Ref T}}
`
	with := func(more string) string { return strings.Replace(body, "%s", more, 1) }
	inBubble(t, func(t *testing.T, r *rig) {
		full := with(", DisplayName: Shown, SignatureVersion: 2, ContentBasedDeduplication: true, FifoThroughputScope: MessageGroup, TracingConfig: PassThrough, Tags: [{Key: a, Value: b}, {Key: c, Value: d}]")
		st := r.create("s", full)
		r.status(st, types.StackStatusCreateComplete)
		arn := "arn:aws:sns:us-east-1:000000000000:first.fifo"
		holds(t, outputs(st), "Arn", arn, "Ref", arn, "Name", "first.fifo")
		holds(t, r.topic(arn), "DisplayName", "Shown", "SignatureVersion", "2", "ContentBasedDeduplication", "true",
			"FifoThroughputScope", "MessageGroup", "TracingConfig", "PassThrough", "FifoTopic", "true")

		r.status(r.update("s", with(", DisplayName: Other, SignatureVersion: 1, Tags: [{Key: a, Value: z}]")), types.StackStatusUpdateComplete)
		holds(t, r.topic(arn), "DisplayName", "Other", "SignatureVersion", "1", "ContentBasedDeduplication", "false", "FifoThroughputScope", "Topic")
		tags, err := snsapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &snsapi.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "z" {
			t.Errorf("%+v %v", tags, err)
		}

		r.status(r.update("s", with("")), types.StackStatusUpdateComplete)
		holds(t, r.topic(arn), "DisplayName", "")

		r.status(r.update("s", strings.Replace(with(""), "first.fifo, FifoTopic: true", "second", 1)), types.StackStatusUpdateComplete)
		if got := r.topicARNs(); len(got) != 1 || !strings.HasSuffix(got[0], ":second") {
			t.Error(got)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.topicARNs(); len(got) > 0 {
			t.Error(got)
		}
	})
}

// TestListedSubscriptions: a topic has the subscriptions that it lists. One that
// somebody ended comes back with the next change of the topic, and one that
// somebody else made stays.
func TestListedSubscriptions(t *testing.T) {
	const body = `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}
  B: {Type: AWS::SQS::Queue, Properties: {QueueName: b}}
  C: {Type: AWS::SQS::Queue, Properties: {QueueName: c}}
  T:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: one
      Subscription:
        - {Protocol: sqs, Endpoint: !GetAtt A.Arn}
        - {Protocol: sqs, Endpoint: !GetAtt B.Arn}
        - {Protocol: https, Endpoint: "https://example.com/never"}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		want := func(names ...string) {
			t.Helper()
			if got := r.subscribers(); !slices.Equal(got, names) {
				t.Errorf("subscribers %v, want %v", got, names)
			}
		}
		want("a", "b", "never")
		topic := r.resources("s")["T"]
		client := snsapi.NewFromConfig(r.aws)
		own, err := client.Subscribe(ctx, &snsapi.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"),
			Endpoint: aws.String("arn:aws:sqs:us-east-1:000000000000:c"), ReturnSubscriptionArn: true})
		if err != nil {
			t.Fatal(err)
		}
		list, err := client.ListSubscriptionsByTopic(ctx, &snsapi.ListSubscriptionsByTopicInput{TopicArn: &topic})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Subscriptions {
			if strings.HasSuffix(*s.Endpoint, ":b") {
				if _, err := client.Unsubscribe(ctx, &snsapi.UnsubscribeInput{SubscriptionArn: s.SubscriptionArn}); err != nil {
					t.Fatal(err)
				}
			}
		}
		want("a", "c", "never")
		r.status(r.update("s", strings.Replace(body, "one", "two", 1)), types.StackStatusUpdateComplete)
		want("a", "b", "c", "never")

		second := strings.NewReplacer("        - {Protocol: sqs, Endpoint: !GetAtt A.Arn}\n", "", "        - {Protocol: https, Endpoint: \"https://example.com/never\"}\n", "").Replace(body)
		r.status(r.update("s", second), types.StackStatusUpdateComplete)
		want("b", "c", "never") // nobody can end what is not confirmed
		r.status(r.update("s", body[:strings.Index(body, "      Subscription")]), types.StackStatusUpdateComplete)
		want("c", "never")
		if a := r.subscription(*own.SubscriptionArn); a["Protocol"] != "sqs" {
			t.Error(a)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}

// TestSubscriptionUpdates sets each property of a subscription, changes it and
// takes it away.
func TestSubscriptionUpdates(t *testing.T) {
	const body = `
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  D: {Type: AWS::SQS::Queue, Properties: {QueueName: d}}
  E: {Type: AWS::SQS::Queue, Properties: {QueueName: e}}
  T: {Type: AWS::SNS::Topic}
  U: {Type: AWS::SNS::Topic}
  S:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref T, Protocol: sqs, Endpoint: !GetAtt Q.Arn%s}
  W:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref T, Protocol: https, Endpoint: "https://example.com/x", Region: us-east-1%w}
Outputs: {Arn: {Value: !GetAtt S.Arn}}
`
	with := func(more, web string) string { return strings.NewReplacer("%s", more, "%w", web).Replace(body) }
	inBubble(t, func(t *testing.T, r *rig) {
		st := r.create("s", with(`, RawMessageDelivery: true, FilterPolicyScope: MessageBody, FilterPolicy: {order: {price: [{numeric: [">", 100]}]}}, RedrivePolicy: {deadLetterTargetArn: !GetAtt D.Arn}`,
			`, DeliveryPolicy: {healthyRetryPolicy: {numRetries: 7, minDelayTarget: 1, maxDelayTarget: 2}}`))
		r.status(st, types.StackStatusCreateComplete)
		ids := r.resources("s")
		arn := ids["S"]
		holds(t, outputs(st), "Arn", arn)
		holds(t, r.subscription(arn), "RawMessageDelivery", "true", "FilterPolicyScope", "MessageBody",
			"FilterPolicy", `{"order":{"price":[{"numeric":[">",100]}]}}`, "RedrivePolicy", `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:d"}`)
		if p := r.subscription(ids["W"])["DeliveryPolicy"]; !strings.Contains(p, `"numRetries":7`) {
			t.Error(p)
		}
		// From the body to attributes and back: neither filter fits the other scope.
		for _, c := range []struct{ more, scope, filter string }{
			{`, FilterPolicy: {store: [a]}, RedrivePolicy: '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:e"}'`, "MessageAttributes", `{"store":["a"]}`},
			{`, FilterPolicyScope: MessageBody, FilterPolicy: {order: {price: [1]}}`, "MessageBody", `{"order":{"price":[1]}}`},
			{`, FilterPolicyScope: MessageAttributes, FilterPolicy: {store: [b]}`, "MessageAttributes", `{"store":["b"]}`},
			{"", "", ""},
		} {
			r.status(r.update("s", with(c.more, "")), types.StackStatusUpdateComplete)
			holds(t, r.subscription(arn), "FilterPolicy", c.filter, "RawMessageDelivery", "false")
			if c.scope != "" {
				holds(t, r.subscription(arn), "FilterPolicyScope", c.scope)
			}
			if redrive := r.subscription(arn)["RedrivePolicy"]; strings.Contains(c.more, "Redrive") != strings.Contains(redrive, ":e") {
				t.Error(redrive)
			}
		}
		holds(t, r.subscription(ids["W"]), "DeliveryPolicy", "")

		r.status(r.update("s", strings.ReplaceAll(with("", ""), "TopicArn: !Ref T", "TopicArn: !Ref U")), types.StackStatusUpdateComplete)
		after := r.resources("s")
		if after["S"] == arn || !strings.HasPrefix(after["S"], after["U"]+":") || len(r.subscribers()) != 2 {
			t.Errorf("%v, subscribers %v", after, r.subscribers())
		}
		r.status(r.update("s", strings.Replace(with("", ""), "Region: us-east-1", "Region: eu-west-1", 1)), types.StackStatusUpdateRollbackComplete)
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.subscribers(); len(got) > 0 {
			t.Error(got)
		}
	})
}

// TestTopicPolicies: topics have the policy while a resource gives it to them,
// and the one that they came with before and after.
func TestTopicPolicies(t *testing.T) {
	const body = `
Resources:
  T: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}
  U: {Type: AWS::SNS::Topic, Properties: {TopicName: u}}
  V: {Type: AWS::SNS::Topic, Properties: {TopicName: v}}
  P:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref T, !Ref U]
      PolicyDocument: {Version: 2012-10-17, Statement: [{Sid: first, Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sns:Publish, Resource: "*"}]}
  I:
    Type: AWS::SNS::TopicInlinePolicy
    Properties:
      TopicArn: !Ref V
      PolicyDocument: {Version: 2012-10-17, Statement: [{Sid: inline, Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sns:Publish, Resource: !Ref V}]}
Outputs: {Id: {Value: !GetAtt P.Id}, Inline: {Value: !Ref I}}
`
	const prefix = "arn:aws:sns:us-east-1:000000000000:"
	inBubble(t, func(t *testing.T, r *rig) {
		fresh, err := snsapi.NewFromConfig(r.aws).CreateTopic(ctx, &snsapi.CreateTopicInput{Name: aws.String("fresh")})
		if err != nil {
			t.Fatal(err)
		}
		standard := r.topic(*fresh.TopicArn)["Policy"]
		policies := func(want ...string) {
			t.Helper()
			for i, name := range []string{"t", "u", "v"} {
				got := r.topic(prefix + name)["Policy"]
				if want[i] == "" && !sameJSON(t, got, strings.ReplaceAll(standard, ":fresh", ":"+name)) || !strings.Contains(got, want[i]) {
					t.Errorf("%s has %s, want %q", name, got, want[i])
				}
			}
		}
		st := r.create("s", body)
		r.status(st, types.StackStatusCreateComplete)
		if out := outputs(st); out["Id"] == "" || out["Inline"] != prefix+"v" {
			t.Error(out)
		}
		policies("first", "first", "inline")
		r.status(r.update("s", strings.NewReplacer("[!Ref T, !Ref U]", "[!Ref U]", "Sid: first", "Sid: second", "Sid: inline", "Sid: changed").Replace(body)), types.StackStatusUpdateComplete)
		policies("", "second", "changed")
		r.status(r.update("s", strings.NewReplacer("[!Ref T, !Ref U]", "[!Ref U]", "TopicArn: !Ref V", "TopicArn: !Ref T").Replace(body)), types.StackStatusUpdateComplete)
		policies("inline", "first", "")
		bad := strings.NewReplacer("[!Ref T, !Ref U]", "[!Ref U, !Sub '${T}-not']", "TopicArn: !Ref V", "TopicArn: !Ref T").Replace(body)
		r.status(r.update("s", bad), types.StackStatusUpdateRollbackComplete)
		policies("inline", "first", "")
		r.status(r.update("s", body[:strings.Index(body, "  P:\n")]), types.StackStatusUpdateComplete)
		policies("", "", "")
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}

// TestRefusedSubscriptions: nothing of a subscription that cannot be is passed
// over, and what was made before it is undone.
func TestRefusedSubscriptions(t *testing.T) {
	const head = `
Resources:
  Q: {Type: AWS::SQS::Queue}
  T: {Type: AWS::SNS::Topic, Properties: {DisplayName: x%t}}
  S: {Type: AWS::SNS::Subscription, DependsOn: Q, Properties: {TopicArn: !Ref T, Protocol: sqs, Endpoint: %e%s}}
`
	for name, c := range map[string]struct{ topic, endpoint, more, words string }{
		"unknown_in_list":  {", Subscription: [{Protocol: sqs, Endpoint: !GetAtt Q.Arn, FilterPolicy: {}}]", "!GetAtt Q.Arn", "", "Encountered unsupported property FilterPolicy in T/Subscription/0"},
		"half_in_list":     {", Subscription: [{Protocol: sqs}]", "!GetAtt Q.Arn", "", "[The properties {/Subscription/0/Endpoint} and"},
		"no_text":          {", SignatureVersion: {a: b}", "!GetAtt Q.Arn", "", "Value of property T/SignatureVersion must be a string"},
		"list_of_text":     {", Subscription: [text]", "!GetAtt Q.Arn", "", "Value of property T/Subscription/0 must be an object"},
		"other_region":     {"", "!GetAtt Q.Arn", ", Region: eu-west-1", "Encountered unsupported property Region in resource S: this is us-east-1"},
		"replay":           {"", "!GetAtt Q.Arn", ", ReplayPolicy: {}", "Encountered unsupported property ReplayPolicy in resource S of type AWS::SNS::Subscription"},
		"archive":          {", ArchivePolicy: {}", "!GetAtt Q.Arn", "", "Encountered unsupported property ArchivePolicy in resource T of type AWS::SNS::Topic"},
		"filter":           {"", "!GetAtt Q.Arn", ", FilterPolicy: {a: {b: [c]}}", "FilterPolicy"},
		"no_queue":         {"", "not-an-arn", "", "Invalid parameter"},
		"fifo_to_standard": {"", "'arn:aws:sqs:us-east-1:000000000000:q.fifo'", "", "Invalid parameter"},
		"tracing":          {", TracingConfig: Active", "!GetAtt Q.Arn", "", "TracingConfig Reason: Active is not supported"},
		"dead_letters":     {"", "!GetAtt Q.Arn", ", RedrivePolicy: {deadLetterTargetArn: nowhere}", "deadLetterTargetArn is an invalid arn"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.status(r.create("s", strings.NewReplacer("%t", c.topic, "%e", c.endpoint, "%s", c.more).Replace(head)), types.StackStatusRollbackComplete)
				if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, c.words) {
					t.Errorf("no %q in\n%s", c.words, h)
				}
				if left := append(r.topicARNs(), r.subscribers()...); len(left) > 0 {
					t.Error(left)
				}
				r.nothingLeft(nil)
			})
		})
	}
}

// TestFIFONames: names that are generated for FIFO queues and topics end as they
// must, and FifoTopic: false is no attribute.
func TestFIFONames(t *testing.T) {
	const body = `
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  T: {Type: AWS::SNS::Topic, Properties: {FifoTopic: true}}
  S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref T, Protocol: sqs, Endpoint: !GetAtt Q.Arn}}
  PlainQueue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: 'false'}}
  PlainTopic: {Type: AWS::SNS::Topic, Properties: {FifoTopic: false}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		for logical, id := range r.resources("s") {
			if fifo := strings.HasSuffix(id, ".fifo"); logical != "S" && fifo != (len(logical) == 1) {
				t.Errorf("%s is %s", logical, id)
			}
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}
