package delivery

import (
	"cmp"
	"encoding/json"
	"math"
	"time"
)

// defaultContentType is what messages are sent as where no policy says it.
const defaultContentType = "text/plain; charset=UTF-8"

// Policy is a delivery policy in effect: what is sent when, and how fast.
type Policy struct {
	Retry       RetryPolicy
	PerSecond   int    // maxReceivesPerSecond; 0: no limit
	ContentType string // headerContentType; "": text/plain; charset=UTF-8
}

// RetryPolicy is a healthyRetryPolicy. Delays are in seconds.
type RetryPolicy struct {
	MinDelayTarget     int    `json:"minDelayTarget"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumRetries         int    `json:"numRetries"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"`
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`
	NumMinDelayRetries int    `json:"numMinDelayRetries"`
	BackoffFunction    string `json:"backoffFunction"`
}

// defaultRetry is three retries, 20 seconds apart.
func defaultRetry() RetryPolicy {
	return RetryPolicy{MinDelayTarget: 20, MaxDelayTarget: 20, NumRetries: 3, BackoffFunction: "linear"}
}

// TopicPolicy is the DeliveryPolicy attribute of a topic. The zero value, or
// nil, is that of a topic that has none.
type TopicPolicy struct {
	overrides
	fixed bool // disableSubscriptionOverrides
}

// SubscriptionPolicy is the DeliveryPolicy attribute of a subscription. The zero
// value, or nil, is that of a subscription that has none.
type SubscriptionPolicy struct{ overrides }

// overrides is what a policy says, and not what it leaves to others.
type overrides struct {
	retry       *RetryPolicy
	perSecond   int
	contentType string
}

// Effective is the policy of deliveries to a subscription of a topic. Either may
// be nil. Each part that the subscription has replaces the topic's whole part.
func Effective(t *TopicPolicy, s *SubscriptionPolicy) Policy {
	p := Policy{Retry: defaultRetry()}
	if t != nil {
		t.over(&p)
	}
	if s != nil && (t == nil || !t.fixed) {
		s.over(&p)
	}
	return p
}

func (o *overrides) over(p *Policy) {
	if o.retry != nil {
		p.Retry = *o.retry
	}
	p.PerSecond = cmp.Or(o.perSecond, p.PerSecond)
	p.ContentType = cmp.Or(o.contentType, p.ContentType)
}

type throttle struct {
	MaxReceivesPerSecond int `json:"maxReceivesPerSecond"`
}

func (p Policy) throttle() *throttle {
	if p.PerSecond == 0 {
		return nil
	}
	return &throttle{p.PerSecond}
}

type request struct {
	HeaderContentType string `json:"headerContentType"`
}

func (p Policy) request() request { return request{cmp.Or(p.ContentType, defaultContentType)} }

// Effective is the topic's attribute EffectiveDeliveryPolicy. t may be nil.
func (t *TopicPolicy) Effective() string {
	p := Effective(t, nil)
	var out struct {
		HTTP struct {
			Retry    RetryPolicy `json:"defaultHealthyRetryPolicy"`
			Fixed    bool        `json:"disableSubscriptionOverrides"`
			Throttle *throttle   `json:"defaultThrottlePolicy,omitempty"`
			Request  request     `json:"defaultRequestPolicy"`
		} `json:"http"`
	}
	out.HTTP.Retry, out.HTTP.Fixed = p.Retry, t != nil && t.fixed
	out.HTTP.Throttle, out.HTTP.Request = p.throttle(), p.request()
	return encode(out)
}

// EffectiveText is the subscription's attribute EffectiveDeliveryPolicy.
// Either may be nil.
func EffectiveText(t *TopicPolicy, s *SubscriptionPolicy) string {
	p := Effective(t, s)
	return encode(struct {
		Retry      RetryPolicy `json:"healthyRetryPolicy"`
		Sickly     *struct{}   `json:"sicklyRetryPolicy"`
		Throttle   *throttle   `json:"throttlePolicy"`
		Request    request     `json:"requestPolicy"`
		Guaranteed bool        `json:"guaranteed"`
	}{Retry: p.Retry, Throttle: p.throttle(), Request: p.request()})
}

func encode(v any) string {
	b, _ := json.Marshal(v) // strings, numbers and flags: nothing that could fail
	return string(b)
}

// Delay is how long after the failed attempt (1: the first) the next is made, or
// false if the plan has no more. Retries go through the phases in their order: at
// once, at the least delay, backing off, at the greatest delay.
func (p RetryPolicy) Delay(attempt int) (time.Duration, bool) {
	if attempt < 1 || attempt > p.NumRetries {
		return 0, false
	}
	n := attempt - p.NumNoDelayRetries
	backoff := p.NumRetries - p.NumNoDelayRetries - p.NumMinDelayRetries - p.NumMaxDelayRetries
	switch i := n - p.NumMinDelayRetries - 1; {
	case n <= 0:
		return 0, true
	case i < 0:
		return seconds(float64(p.MinDelayTarget)), true
	case i < backoff:
		return p.backoff(i, backoff), true
	}
	return seconds(float64(p.MaxDelayTarget)), true
}

// backoff is the delay before retry i (0: the first) of the n of that phase. The
// first waits the least delay and the last the greatest, as the documentation
// says; it shows the curves between them without formulas. Of these, linear grows
// by the same seconds each time, arithmetic by seconds that themselves grow
// evenly, geometric by the same factor, and exponential by seconds that double.
func (p RetryPolicy) backoff(i, n int) time.Duration {
	least, most := float64(p.MinDelayTarget), float64(p.MaxDelayTarget)
	if n < 2 || least == most {
		return seconds(least)
	}
	at, last := float64(i), float64(n-1)
	switch p.BackoffFunction {
	case "arithmetic":
		return seconds(least + (most-least)*at*(at+1)/(last*(last+1)))
	case "geometric":
		return seconds(least * math.Pow(most/least, at/last))
	case "exponential":
		return seconds(least + (most-least)*(math.Exp2(at)-1)/(math.Exp2(last)-1))
	}
	return seconds(least + (most-least)*at/last)
}

// seconds is rounded to the millisecond.
func seconds(s float64) time.Duration {
	return time.Duration(math.Round(s*1000)) * time.Millisecond
}

// total is how long all retries take, endpoints that answer at once provided.
func (p RetryPolicy) total() time.Duration {
	var sum time.Duration
	for attempt := 1; ; attempt++ {
		d, ok := p.Delay(attempt)
		if !ok {
			return sum
		}
		sum += d
	}
}
