package cloudformation_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// told is a topic with a queue that has what the topic is told.
func (r *rig) told(name string) (topic, queue string) {
	r.t.Helper()
	q, err := sqsapi.NewFromConfig(r.aws).CreateQueue(ctx, &sqsapi.CreateQueueInput{QueueName: &name})
	if err != nil {
		r.t.Fatal(err)
	}
	sns := snsapi.NewFromConfig(r.aws)
	made, err := sns.CreateTopic(ctx, &snsapi.CreateTopicInput{Name: &name})
	if err != nil {
		r.t.Fatal(err)
	}
	arn := r.queueAttribute(*q.QueueUrl, "QueueArn")
	policy := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
	_, err = sqsapi.NewFromConfig(r.aws).SetQueueAttributes(ctx, &sqsapi.SetQueueAttributesInput{QueueUrl: q.QueueUrl, Attributes: map[string]string{"Policy": policy}})
	if err != nil {
		r.t.Fatal(err)
	}
	_, err = sns.Subscribe(ctx, &snsapi.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return *made.TopicArn, *q.QueueUrl
}

// take waits for n messages of a queue.
func (r *rig) take(queue string, n int) []string {
	r.t.Helper()
	var texts []string
	for len(texts) < n {
		out, err := sqsapi.NewFromConfig(r.aws).ReceiveMessage(ctx, &sqsapi.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 20})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			r.t.Fatalf("%d of %d messages came: %s", len(texts), n, texts)
		}
		for _, m := range out.Messages {
			texts = append(texts, *m.Body)
		}
	}
	return texts
}

var noticed = regexp.MustCompile(`(?s)LogicalResourceId='([^']*)'\n.*ResourceStatus='([^']*)'\n`)

// summaries are the resource and the status of each message, sorted: a queue
// keeps no order.
func summaries(texts []string) []string {
	var out []string
	for _, text := range texts {
		m := noticed.FindStringSubmatch(text)
		out = append(out, strings.Join(m[1:], " "))
	}
	slices.Sort(out)
	return out
}

const notifying = `
Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: made}}}
Outputs: {Told: {Value: !Join [',', !Ref AWS::NotificationARNs]}}
`

func TestNotifications(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		one, oneQueue := r.told("one")
		two, twoQueue := r.told("two")
		st := r.create("s", notifying, func(in *cfn.CreateStackInput) {
			in.NotificationARNs, in.ClientRequestToken = []string{one, two}, aws.String("mine")
		})
		r.status(st, types.StackStatusCreateComplete)
		if !slices.Equal(st.NotificationARNs, []string{one, two}) || outputs(st)["Told"] != one+","+two {
			t.Errorf("%v, output %v", st.NotificationARNs, outputs(st))
		}
		events := len(r.history("s"))
		texts := r.take(oneQueue, events)
		want := []string{"Queue CREATE_COMPLETE", "Queue CREATE_IN_PROGRESS", "Queue CREATE_IN_PROGRESS", "s CREATE_COMPLETE", "s CREATE_IN_PROGRESS"}
		if got := summaries(texts); !slices.Equal(got, want) || !slices.Equal(summaries(r.take(twoQueue, events)), want) {
			t.Errorf("told of %q", got)
		}
		compareNotice(t, *st.StackId, texts)

		// Who is told can change by itself; then one is told no more.
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), UsePreviousTemplate: aws.Bool(true), NotificationARNs: []string{one}})
		if err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateComplete)
		want = []string{"s UPDATE_COMPLETE", "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "s UPDATE_IN_PROGRESS"}
		if got := summaries(r.take(oneQueue, 3)); !slices.Equal(got, want) {
			t.Errorf("told of %q", got)
		}
		// A topic that is gone holds nothing up.
		if _, err := snsapi.NewFromConfig(r.aws).DeleteTopic(ctx, &snsapi.DeleteTopicInput{TopicArn: &one}); err != nil {
			t.Fatal(err)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.queueAttribute(twoQueue, "ApproximateNumberOfMessages"); got != "0" {
			t.Errorf("%s messages told to whom was left out", got)
		}
	})
}

// compareNotice compares the message of the stack's creation with what AWS
// sends, as its subscribers quote it.
func compareNotice(t *testing.T, stack string, texts []string) {
	t.Helper()
	i := slices.IndexFunc(texts, func(text string) bool {
		return strings.Contains(text, "ResourceType='AWS::CloudFormation::Stack'") && strings.Contains(text, "CREATE_IN_PROGRESS")
	})
	const want = `StackId='STACK'
Timestamp='2000-01-01T00:00:00.000Z'
EventId='ID'
LogicalResourceId='s'
Namespace='000000000000'
PhysicalResourceId='STACK'
PrincipalId='000000000000'
ResourceProperties='null'
ResourceStatus='CREATE_IN_PROGRESS'
ResourceStatusReason='User Initiated'
ResourceType='AWS::CloudFormation::Stack'
StackName='s'
ClientRequestToken='mine'
`
	got := strings.ReplaceAll(texts[i], stack, "STACK")
	got = regexp.MustCompile(`EventId='[0-9a-f-]{36}'`).ReplaceAllString(got, "EventId='ID'")
	if got != want {
		t.Errorf("the message is\n%s", got)
	}
}

func TestNotificationsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		one, _ := r.told("one")
		queue := strings.Replace(one, ":sns:", ":sqs:", 1)
		made, err := snsapi.NewFromConfig(r.aws).CreateTopic(ctx, &snsapi.CreateTopicInput{Name: aws.String("one.fifo"), Attributes: map[string]string{"FifoTopic": "true"}})
		if err != nil {
			t.Fatal(err)
		}
		fifo := *made.TopicArn
		for name, c := range map[string]struct {
			topics []string
			words  string
		}{
			"no topic":   {[]string{one, one + "x"}, "one" + "x is not a topic"},
			"not an ARN": {[]string{"one"}, "one is not a topic"},
			"a queue":    {[]string{queue}, queue + " is not a topic"},
			"FIFO":       {[]string{fifo}, fifo + " is not a topic"},
			"six":        {[]string{one, one, one, one, one, one}, "Member must have length less than or equal to 5"},
		} {
			_, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(notifying), NotificationARNs: c.topics})
			if err == nil {
				t.Fatalf("%s: taken", name)
			}
			refused(t, err, "ValidationError", c.words)
			_, err = r.CreateChangeSet(ctx, &cfn.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("c"), ChangeSetType: types.ChangeSetTypeCreate,
				TemplateBody: aws.String(notifying), NotificationARNs: c.topics})
			refused(t, err, "ValidationError", c.words)
		}
	})
}

// TestNotificationsFail: a topic that cannot be told, for its row is damaged,
// keeps no other waiting, and is told of all once it can be.
func TestNotificationsFail(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		one, oneQueue := r.told("one")
		two, twoQueue := r.told("two")
		r.status(r.create("s", notifying, func(in *cfn.CreateStackInput) { in.NotificationARNs = []string{one, two} }), types.StackStatusCreateComplete)
		id := *r.describe("s").StackId
		created := len(r.history(id))
		r.take(oneQueue, created)
		r.take(twoQueue, created)

		row := store.K("sns", "topic", "one")
		var sound []byte
		set := func(value string) {
			err := r.store.Update(ctx, func(tx *store.Tx) error {
				sound, _ = tx.Get(row)
				tx.Set(row, []byte(value))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set("{")
		was := string(sound)
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		deleted := len(r.history(id)) - created
		want := summaries(r.take(twoQueue, deleted))
		if !slices.Contains(want, "s DELETE_COMPLETE") {
			t.Errorf("told of %q", want)
		}
		set(was)
		if got := summaries(r.take(oneQueue, deleted)); !slices.Equal(got, want) {
			t.Errorf("told of %q", got)
		}
	})
}

// TestNotificationsOfNobody: an update with an empty list tells nobody any more,
// and one without a list leaves it as it is.
func TestNotificationsOfNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		one, _ := r.told("one")
		r.create("s", notifying, func(in *cfn.CreateStackInput) { in.NotificationARNs = []string{one} })
		st := r.update("s", strings.Replace(notifying, "Told:", "More: {Value: x}, Told:", 1))
		if r.status(st, types.StackStatusUpdateComplete); !slices.Equal(st.NotificationARNs, []string{one}) {
			t.Errorf("no list: %v", st.NotificationARNs)
		}
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), UsePreviousTemplate: aws.Bool(true), NotificationARNs: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		st = r.wait("s")
		if r.status(st, types.StackStatusUpdateComplete); len(st.NotificationARNs) > 0 {
			t.Errorf("an empty list: %v", st.NotificationARNs)
		}
	})
}

// TestNotificationsOfChangeSet: a change set brings the topics of its stack.
func TestNotificationsOfChangeSet(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		one, queue := r.told("one")
		_, err := r.CreateChangeSet(ctx, &cfn.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("c"), ChangeSetType: types.ChangeSetTypeCreate,
			TemplateBody: aws.String(notifying), NotificationARNs: []string{one}})
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("c")})
		if err != nil || !slices.Equal(out.NotificationARNs, []string{one}) {
			t.Fatal(out, err)
		}
		if _, err := r.ExecuteChangeSet(ctx, &cfn.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("c")}); err != nil {
			t.Fatal(err)
		}
		st := r.wait("s")
		r.status(st, types.StackStatusCreateComplete)
		got := summaries(r.take(queue, len(r.history("s"))))
		if !slices.Contains(got, "s CREATE_COMPLETE") || !slices.Contains(got, "Queue CREATE_COMPLETE") || outputs(st)["Told"] != one {
			t.Errorf("told of %q, output %v", got, outputs(st))
		}
	})
}

// TestNotificationsCrash: whenever the power goes, each event is told once.
func TestNotificationsCrash(t *testing.T) {
	var queue string
	var clones []*storetest.Disk
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		r := start(t, disk, nil)
		defer r.stop()
		var topic string
		topic, queue = r.told("one")
		_, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(notifying), NotificationARNs: []string{topic}})
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(3) {
			clones = append(clones, disk.PowerCut(seed))
		}
		r.status(r.wait("s"), types.StackStatusCreateComplete)
		for seed := range uint64(3) {
			clones = append(clones, disk.PowerCut(seed))
		}
	})
	for i, disk := range clones {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, disk, nil)
			defer r.stop()
			r.status(r.wait("s"), types.StackStatusCreateComplete)
			r.take(queue, len(r.history("s")))
			synctest.Wait()
			if got := r.queueAttribute(queue, "ApproximateNumberOfMessages"); got != "0" {
				t.Errorf("power cut %d: %s messages too many", i, got)
			}
		})
	}
}
