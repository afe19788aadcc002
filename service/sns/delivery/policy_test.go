package delivery_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/runnel/runnel/service/sns/delivery"
)

func retryOf(text string) string { return `{"healthyRetryPolicy":` + text + `}` }

func topicRetryOf(text string) string { return `{"http":{"defaultHealthyRetryPolicy":` + text + `}}` }

var subscriptionPolicies = []string{
	``,
	`{}`,
	retryOf(`{"numRetries":5}`),
	retryOf(`{"minDelayTarget":1,"maxDelayTarget":60,"numRetries":50,"numNoDelayRetries":3,"numMinDelayRetries":2,"numMaxDelayRetries":35,"backoffFunction":"exponential"}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":260,"numRetries":10,"backoffFunction":"linear"}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":260,"numRetries":10,"backoffFunction":"arithmetic"}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":260,"numRetries":10,"backoffFunction":"geometric"}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":260,"numRetries":10,"backoffFunction":"exponential"}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":50,"numRetries":1}`),
	retryOf(`{"minDelayTarget":5,"maxDelayTarget":50,"numRetries":2}`),
	retryOf(`{"numRetries":0}`),
	retryOf(`{"numRetries":2,"numNoDelayRetries":2}`),
	`{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":10},"requestPolicy":{"headerContentType":"application/json"},"guaranteed":false}`,
	`{"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}`,
	`{"requestPolicy":{"headerContentType":"text/csv"}}`,

	// What is refused.
	`{`, `[]`, `null`, `{} {}`, `"x"`,
	retryOf(`5`), retryOf(`[]`),
	retryOf(`{"minDelayTarget":"1"}`), retryOf(`{"minDelayTarget":1.5}`), retryOf(`{"minDelayTarget":true}`), retryOf(`{"minDelayTarget":{}}`),
	retryOf(`{"minDelayTarget":0}`), retryOf(`{"minDelayTarget":3601}`), retryOf(`{"maxDelayTarget":0}`), retryOf(`{"maxDelayTarget":3601}`),
	retryOf(`{"minDelayTarget":99999999999999999999}`), retryOf(`{"minDelayTarget":-99999999999999999999}`), retryOf(`{"minDelayTarget":1e400}`),
	retryOf(`{"maxDelayTarget":19}`),
	retryOf(`{"numRetries":-1}`), retryOf(`{"numRetries":101}`), retryOf(`{"numNoDelayRetries":-1}`), retryOf(`{"numMinDelayRetries":-1}`), retryOf(`{"numMaxDelayRetries":-1}`),
	retryOf(`{"numNoDelayRetries":2,"numMaxDelayRetries":2}`),
	retryOf(`{"backoffFunction":"quadratic"}`), retryOf(`{"backoffFunction":1}`),
	retryOf(`{"numRetries":61,"minDelayTarget":60,"maxDelayTarget":60}`),
	retryOf(`{"numRetry":1}`),
	`{"http":{}}`, `{"guaranteed":true}`, `{"guaranteed":"no"}`, `{"sicklyRetryPolicy":{"numRetries":3}}`,
	`{"throttlePolicy":{"maxReceivesPerSecond":0}}`, `{"throttlePolicy":{"maxReceivesPerSecond":"1"}}`, `{"throttlePolicy":1}`, `{"throttlePolicy":{"burst":1}}`,
	`{"requestPolicy":{"headerContentType":"image/png"}}`, `{"requestPolicy":{"headerContentType":""}}`, `{"requestPolicy":{"headerContentType":"text/plain; charset=latin1"}}`,
	`{"requestPolicy":{"headerContentType":"text/plain\r\nX: y"}}`, `{"requestPolicy":{"headerContentType":"text/plain;\r\n"}}`,
}

var topicPolicies = []string{
	``,
	`{}`,
	`{"http":{}}`,
	topicRetryOf(`{"numRetries":5}`),
	`{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":2,"numRetries":4},"disableSubscriptionOverrides":true,"defaultThrottlePolicy":{"maxReceivesPerSecond":1},"defaultRequestPolicy":{"headerContentType":"application/json"}}}`,

	// What is refused.
	topicRetryOf(`{"minDelayTarget":"20"}`),
	topicRetryOf(`{"numRetries":101}`),
	`{"healthyRetryPolicy":{}}`, `{"http":[]}`, `{"http":{"disableSubscriptionOverrides":"true"}}`, `{"http":{"x":1}}`, `{"https":{}}`,
	`{"http":{"defaultRequestPolicy":{"headerContentType":"text/csv"}}}`,
	`{"http":{"defaultSicklyRetryPolicy":{}}}`,
}

// TestPolicies compares with testdata/policies.txt.
func TestPolicies(t *testing.T) {
	const file = "testdata/policies.txt"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(old)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	for _, text := range topicPolicies {
		fmt.Fprintf(&b, "\ntopic %s\n", text)
		if p, err := delivery.ParseTopicPolicy(text); err != nil {
			fmt.Fprintf(&b, "  error %v\n", err)
		} else {
			fmt.Fprintf(&b, "  %s\n", p.Effective())
		}
	}
	for _, text := range subscriptionPolicies {
		fmt.Fprintf(&b, "\nsubscription %s\n", text)
		if p, err := delivery.ParseSubscriptionPolicy(text); err != nil {
			fmt.Fprintf(&b, "  error %v\n", err)
		} else {
			fmt.Fprintf(&b, "  %s\n  retries after %s\n", delivery.EffectiveText(nil, p), plan(delivery.Effective(nil, p).Retry))
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(old) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), old)
	}
}

func plan(p delivery.RetryPolicy) string {
	var delays []string
	for attempt := 1; ; attempt++ {
		d, ok := p.Delay(attempt)
		if !ok {
			return strings.Join(delays, " ")
		}
		delays = append(delays, d.String())
	}
}

func TestEffective(t *testing.T) {
	topic := func(text string) *delivery.TopicPolicy {
		p, err := delivery.ParseTopicPolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	sub, err := delivery.ParseSubscriptionPolicy(`{"healthyRetryPolicy":{"numRetries":7},"requestPolicy":{"headerContentType":"text/xml"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		topic *delivery.TopicPolicy
		sub   *delivery.SubscriptionPolicy
		want  string
	}{
		{"neither", nil, nil, "3 20 0 "},
		{"zero values", new(delivery.TopicPolicy), new(delivery.SubscriptionPolicy), "3 20 0 "},
		{"the topic's", topic(`{"http":{"defaultHealthyRetryPolicy":{"numRetries":1,"maxDelayTarget":30},"defaultThrottlePolicy":{"maxReceivesPerSecond":9}}}`), nil, "1 30 9 "},
		{"part by part", topic(`{"http":{"defaultHealthyRetryPolicy":{"numRetries":1,"maxDelayTarget":30},"defaultThrottlePolicy":{"maxReceivesPerSecond":9}}}`), sub, "7 20 9 text/xml"},
		{"overrides disabled", topic(`{"http":{"defaultHealthyRetryPolicy":{"numRetries":1},"disableSubscriptionOverrides":true}}`), sub, "1 20 0 "},
	} {
		p := delivery.Effective(c.topic, c.sub)
		if got := fmt.Sprintf("%d %d %d %s", p.Retry.NumRetries, p.Retry.MaxDelayTarget, p.PerSecond, p.ContentType); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got, ok := delivery.Effective(nil, nil).Retry.Delay(0); ok {
		t.Errorf("attempt 0 has a delay of %v", got)
	}
}

func FuzzPolicy(f *testing.F) {
	for _, text := range append(topicPolicies, subscriptionPolicies...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topic, err := delivery.ParseTopicPolicy(text)
		if err == nil && !json.Valid([]byte(topic.Effective())) {
			t.Errorf("effective: %s", topic.Effective())
		}
		p, err := delivery.ParseSubscriptionPolicy(text)
		if err != nil {
			return
		}
		var total time.Duration
		for attempt := 1; ; attempt++ {
			d, ok := delivery.Effective(nil, p).Retry.Delay(attempt)
			if !ok {
				break
			}
			if total += d; d < 0 || total > time.Hour {
				t.Fatalf("attempt %d: %v, %v in all", attempt, d, total)
			}
		}
	})
}
