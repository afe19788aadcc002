package sns_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/store/storetest"
)

func TestPages(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for i := range 250 {
			topic := fx.topic(fmt.Sprintf("t%03d", i))
			fx.subscribe(topic, "sqs", queueARN("q"))
			fx.subscribe(ptr(topicARN("t000")), "sqs", queueARN(fmt.Sprint("q", i)))
		}
		topics := api.NewListTopicsPaginator(fx, &api.ListTopicsInput{})
		var seen []string
		for topics.HasMorePages() {
			out, err := topics.NextPage(ctx)
			fx.must(err)
			for _, x := range out.Topics {
				seen = append(seen, *x.TopicArn)
			}
		}
		equal(t, "topics", len(seen), 250)
		equal(t, "last", seen[249], topicARN("t249"))
		all := 0
		subs := api.NewListSubscriptionsPaginator(fx, &api.ListSubscriptionsInput{})
		for subs.HasMorePages() {
			out, err := subs.NextPage(ctx)
			fx.must(err)
			all += len(out.Subscriptions)
		}
		equal(t, "subscriptions", all, 500)
		unique := map[string]bool{}
		of := api.NewListSubscriptionsByTopicPaginator(fx, &api.ListSubscriptionsByTopicInput{TopicArn: ptr(topicARN("t000"))})
		for of.HasMorePages() {
			out, err := of.NextPage(ctx)
			fx.must(err)
			for _, sub := range out.Subscriptions {
				unique[*sub.SubscriptionArn] = true
			}
		}
		equal(t, "of a topic", len(unique), 251)
	})
}

// TestDeleteTopic takes all that belonged to the topic with it.
func TestDeleteTopic(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		q := fx.queue("q")
		fx.subscribe(topic, "sqs", queueARN("q"))
		fx.subscribe(topic, "http", "http://subscriber/a")
		link := opened(t, w.take()[0].body).SubscribeURL
		_, err := fx.DeleteTopic(ctx, &api.DeleteTopicInput{TopicArn: topic})
		fx.must(err)
		for _, space := range []string{"topic", "sub", "endpoint", "token"} {
			equal(t, space+" rows", fx.rows(space), 0)
		}
		_, err = fx.Publish(ctx, &api.PublishInput{TopicArn: topic, Message: ptr("x")})
		equal(t, "publish", problem(err), "NotFound: Topic does not exist")
		fx.topic("t")
		equal(t, "an old link", fx.visit(link)[:3], "400")
		fx.publish(topic, "x")
		equal(t, "nobody", len(fx.receive(q)), 0)
	})
}

// TestDefaultsOfTopics are those of a topic that was given nothing.
func TestDefaultsOfTopics(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		a := fx.topicAttributes(fx.topic("t"))
		equal(t, "policy", a["Policy"], `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",`+
			`"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic",`+
			`"SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"`+topicARN("t")+`","Condition":{"StringEquals":{"AWS:SourceOwner":"`+account+`"}}}]}`)
		equal(t, "delivery", a["EffectiveDeliveryPolicy"], `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,`+
			`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,`+
			`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`)
		_, fifo := a["FifoTopic"]
		equal(t, "fifo", fifo, false)
		a = fx.topicAttributes(fx.topic("t.fifo", "FifoTopic", "true"))
		equal(t, "fifo topic", a["FifoTopic"]+" "+a["ContentBasedDeduplication"], "true false")
	})
}

func TestPermissions(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		before := fx.topicAttributes(topic)["Policy"]
		_, err := fx.AddPermission(ctx, &api.AddPermissionInput{TopicArn: topic, Label: ptr("l"), AWSAccountId: []string{"111111111111"}, ActionName: []string{"Publish"}})
		fx.must(err)
		want := `{"Sid":"l","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SNS:Publish","Resource":"` + *topic + `"}]}`
		if got := fx.topicAttributes(topic)["Policy"]; !strings.HasSuffix(got, want) {
			t.Errorf("policy %s, want at its end %s", got, want)
		}
		_, err = fx.RemovePermission(ctx, &api.RemovePermissionInput{TopicArn: topic, Label: ptr("l")})
		fx.must(err)
		equal(t, "policy after", fx.topicAttributes(topic)["Policy"], before)
	})
}

func TestTagLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		for i := range 51 {
			_, err := fx.TagResource(ctx, &api.TagResourceInput{ResourceArn: topic, Tags: []types.Tag{{Key: ptr(fmt.Sprint(i)), Value: ptr("")}}})
			want := ""
			if i == 50 {
				want = "TagLimitExceeded: Could not complete request: tag quota of per resource exceeded"
			}
			equal(t, fmt.Sprint("tag ", i), problem(err), want)
		}
	})
}

// TestCLI is a session of the AWS CLI, of each version that is installed.
func TestCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("the AWS CLI takes its time")
	}
	for _, cli := range []string{"aws", "/usr/bin/aws"} {
		path, err := exec.LookPath(cli)
		if err != nil {
			t.Logf("%s is not installed: not tested with it", cli)
			continue
		}
		t.Run(path, func(t *testing.T) {
			st := storetest.Open(t)
			useKey(t, st)
			fx := newFixture(t, st, nil)
			server := httptest.NewServer(fx.handler)
			defer server.Close()
			fx.queue("q")
			topic := topicARN("jobs")
			for _, step := range []struct{ args, want string }{
				{"create-topic --name jobs --attributes DisplayName=Jobs --tags Key=a,Value=b", topic},
				{"subscribe --topic-arn " + topic + " --protocol sqs --notification-endpoint " + queueARN("q") + ` --attributes RawMessageDelivery=true`, topic + ":"},
				{"publish --topic-arn " + topic + " --message hello --message-attributes n={DataType=Number,StringValue=1}", "MessageId"},
				{"publish-batch --topic-arn " + topic + " --publish-batch-request-entries Id=one,Message=x Id=two,Message=y", `"Id": "two"`},
				{"list-tags-for-resource --resource-arn " + topic, `"Key": "a"`},
				{"get-topic-attributes --topic-arn " + topic, `"SubscriptionsConfirmed": "1"`},
				{"publish --topic-arn " + topicARN("none") + " --message x", "NotFound"},
			} {
				cmd := exec.Command(path, append([]string{"--endpoint-url", server.URL, "sns"}, strings.Fields(step.args)...)...)
				cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION="+region,
					"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_CONFIG_FILE=/dev/null")
				if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), step.want) {
					t.Errorf("aws sns %s\nwant %s, got %s", step.args, step.want, out)
				}
			}
			equal(t, "messages", fmt.Sprint(sorted(fx.texts(ptr(endpoint+"/"+account+"/q")))), "[hello x y]")
		})
	}
}
