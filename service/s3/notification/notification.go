package notification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/store"
)

// configuration is the row of a bucket's notification configuration.
type configuration struct {
	Rules       []rule
	EventBridge bool `json:",omitempty"` // all events go to the default event bus too
}

// rule sends some events of some keys to a destination.
type rule struct {
	ID             string
	Target         string // ARN
	Events         []string
	Prefix, Suffix string
	Filters        []types.FilterRuleName `json:",omitempty"` // as the client gave them, in its order
}

// maxRules is the limit of rules in a bucket's configuration
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html).
const maxRules = 100

// PutBucketNotificationConfiguration sets who is told of what; an empty
// configuration turns notifications off. A destination must exist and let the
// bucket in; queues and topics get a test event, the event bus does not
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html).
func (s *Notifier) PutBucketNotificationConfiguration(ctx context.Context, in *s3.PutBucketNotificationConfigurationInput) (*s3.PutBucketNotificationConfigurationOutput, error) {
	n, err := configurationOf(in.NotificationConfiguration)
	if err != nil {
		return nil, err
	}
	bucket := aws.ToString(in.Bucket)
	return &s3.PutBucketNotificationConfigurationOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, bucket); err != nil {
			return err
		}
		if !aws.ToBool(in.SkipDestinationValidation) {
			if err := s.checkDestinations(ctx, tx, bucket, n.Rules); err != nil {
				return err
			}
		}
		if n.EventBridge && errors.Is(s.cfg.Router.Check(ctx, tx, s.bus(), s.sender(bucket)), event.ErrNotFound) {
			return fault.NotSupported("EventBridgeConfiguration")
		}
		if len(n.Rules) == 0 && !n.EventBridge {
			tx.Delete(buckets.ConfigKey(bucket, buckets.Notification))
			return nil
		}
		tx.PutJSON(buckets.ConfigKey(bucket, buckets.Notification), n)
		return nil
	})
}

// configurationOf reads and checks a configuration.
func configurationOf(c *types.NotificationConfiguration) (n configuration, err error) {
	if c == nil {
		return n, fault.MalformedXML()
	}
	n.EventBridge = c.EventBridgeConfiguration != nil
	add := func(id, target *string, service string, events []types.Event, f *types.NotificationConfigurationFilter) {
		if err != nil {
			return
		}
		var r rule
		if r, err = newRule(id, target, service, events, f); err == nil {
			n.Rules = append(n.Rules, r)
		}
	}
	for _, q := range c.QueueConfigurations {
		add(q.Id, q.QueueArn, "sqs", q.Events, q.Filter)
	}
	for _, f := range c.LambdaFunctionConfigurations {
		add(f.Id, f.LambdaFunctionArn, "lambda", f.Events, f.Filter)
	}
	for _, t := range c.TopicConfigurations {
		add(t.Id, t.TopicArn, "sns", t.Events, t.Filter)
	}
	if err != nil {
		return n, err
	}
	return n, checkRules(n.Rules)
}

func newRule(id, target *string, service string, events []types.Event, f *types.NotificationConfigurationFilter) (rule, error) {
	r := rule{ID: aws.ToString(id), Target: aws.ToString(target)}
	if r.ID == "" {
		r.ID = event.NewID()
	}
	if len(events) == 0 || r.Target == "" {
		return r, fault.MalformedXML()
	}
	if a, err := arn.Parse(r.Target); err != nil || a.Service != service {
		return r, fault.InvalidArgument("The ARN is not well formed", r.Target, "The ARN is not well formed")
	}
	for _, e := range events {
		if !slices.Contains(e.Values(), e) {
			return r, fault.InvalidArgument("A specified event is not supported for notifications.", "Event", string(e))
		}
		r.Events = append(r.Events, string(e))
	}
	if f == nil || f.Key == nil {
		return r, nil
	}
	return r, r.filter(f.Key.FilterRules)
}

func (r *rule) filter(rules []types.FilterRule) error {
	seen := map[types.FilterRuleName]bool{}
	for _, f := range rules {
		name := types.FilterRuleName(strings.ToLower(string(f.Name)))
		into := &r.Prefix
		switch {
		case name == types.FilterRuleNameSuffix:
			into = &r.Suffix
		case name != types.FilterRuleNamePrefix:
			return fault.InvalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", string(f.Name))
		}
		if seen[name] {
			return fault.InvalidArgument("Cannot specify more than one "+string(name)+" rule in a filter.", "FilterRule.Name", string(f.Name))
		}
		if len(aws.ToString(f.Value)) > keys.Max {
			return fault.InvalidArgument("The filter value cannot exceed 1024 characters", "FilterRule.Value", *f.Value)
		}
		seen[name] = true
		*into = aws.ToString(f.Value)
		r.Filters = append(r.Filters, name)
	}
	return nil
}

// checkRules refuses two rules for one ID, and two that would both be for the
// same event of some key.
func checkRules(rules []rule) error {
	if len(rules) > maxRules {
		return fault.InvalidArgument("The number of event notification configurations cannot exceed 100", "NotificationConfiguration", fmt.Sprint(len(rules)))
	}
	for i, a := range rules {
		for _, b := range rules[:i] {
			if a.ID == b.ID {
				return fault.InvalidArgument("Same ID used for multiple configurations. IDs must be unique", "Id", a.ID)
			}
			if !a.overlaps(b) {
				continue
			}
			if len(a.Filters) == 0 && len(b.Filters) == 0 {
				return fault.New("InvalidArgument", "Configurations overlap. Configurations on the same bucket cannot share a common event type.")
			}
			return fault.New("InvalidArgument", "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.")
		}
	}
	return nil
}

func (r rule) overlaps(o rule) bool {
	prefix := strings.HasPrefix(r.Prefix, o.Prefix) || strings.HasPrefix(o.Prefix, r.Prefix)
	suffix := strings.HasSuffix(r.Suffix, o.Suffix) || strings.HasSuffix(o.Suffix, r.Suffix)
	if !prefix || !suffix {
		return false
	}
	for _, a := range r.Events {
		for _, b := range o.Events {
			if sameEvent(a, b) || sameEvent(b, a) {
				return true
			}
		}
	}
	return false
}

// sameEvent reports whether the event name, or pattern, a covers b.
func sameEvent(a, b string) bool {
	all, ok := strings.CutSuffix(a, "*")
	return a == b || ok && strings.HasPrefix(b, all)
}

// checkDestinations asks each destination whether it would take the bucket's
// events, and sends the test events.
func (s *Notifier) checkDestinations(ctx context.Context, tx *store.Tx, bucket string, rules []rule) error {
	var fields []string
	for _, r := range rules {
		err := s.cfg.Router.Check(ctx, tx, r.Target, s.sender(bucket))
		if why, ok := unreachable(r.Target, err); ok {
			i := fmt.Sprint(len(fields)/4 + 1)
			fields = append(fields, "ArgumentName"+i, r.Target+", null", "ArgumentValue"+i, why)
		} else if err != nil {
			return err
		}
	}
	if len(fields) > 0 {
		return fault.New("InvalidArgument", "Unable to validate the following destination configurations", fields...)
	}
	for _, r := range rules {
		if serviceOf(r.Target) == "lambda" {
			continue
		}
		if err := s.sendTest(ctx, tx, bucket, r.Target); err != nil {
			return err
		}
	}
	return nil
}

func serviceOf(target string) string {
	a, err := arn.Parse(target)
	if err != nil {
		return ""
	}
	return a.Service
}

// unreachable is what AWS says of a destination that cannot be used.
func unreachable(target string, err error) (why string, ok bool) {
	kind := map[string]string{"sqs": "queue", "sns": "topic"}[serviceOf(target)]
	switch {
	case err == nil || !errors.Is(err, event.ErrNotFound) && !errors.Is(err, event.ErrDenied):
		return "", false
	case kind == "" && errors.Is(err, event.ErrNotFound):
		return "The destination Lambda function does not exist", true
	case kind == "":
		return "Not authorized to invoke function [" + target + "]", true
	case errors.Is(err, event.ErrNotFound):
		return "The destination " + kind + " does not exist", true
	}
	return "Permissions on the destination " + kind + " do not allow S3 to publish notifications from this bucket", true
}

// GetBucketNotificationConfiguration gives the configuration back.
func (s *Notifier) GetBucketNotificationConfiguration(ctx context.Context, in *s3.GetBucketNotificationConfigurationInput) (*s3.GetBucketNotificationConfigurationOutput, error) {
	var n configuration
	bucket := aws.ToString(in.Bucket)
	err := s.st.View(ctx, func(tx *store.Tx) error {
		if tx.GetJSON(buckets.ConfigKey(bucket, buckets.Notification), &n) {
			return nil
		}
		return buckets.Has(tx, bucket)
	})
	if err != nil {
		return nil, err
	}
	out := &s3.GetBucketNotificationConfigurationOutput{}
	if n.EventBridge {
		out.EventBridgeConfiguration = &types.EventBridgeConfiguration{}
	}
	for _, r := range n.Rules {
		events := make([]types.Event, len(r.Events))
		for i, e := range r.Events {
			events[i] = types.Event(e)
		}
		switch serviceOf(r.Target) {
		case "sqs":
			out.QueueConfigurations = append(out.QueueConfigurations, types.QueueConfiguration{Id: &r.ID, QueueArn: &r.Target, Events: events, Filter: r.shownFilter()})
		case "lambda":
			out.LambdaFunctionConfigurations = append(out.LambdaFunctionConfigurations, types.LambdaFunctionConfiguration{Id: &r.ID, LambdaFunctionArn: &r.Target, Events: events, Filter: r.shownFilter()})
		default:
			out.TopicConfigurations = append(out.TopicConfigurations, types.TopicConfiguration{Id: &r.ID, TopicArn: &r.Target, Events: events, Filter: r.shownFilter()})
		}
	}
	return out, nil
}

// shownFilter is the filter as AWS shows it: names begin with a capital.
func (r rule) shownFilter() *types.NotificationConfigurationFilter {
	if len(r.Filters) == 0 {
		return nil
	}
	key := &types.S3KeyFilter{}
	for _, name := range r.Filters {
		f := types.FilterRule{Name: "Prefix", Value: &r.Prefix}
		if name == types.FilterRuleNameSuffix {
			f = types.FilterRule{Name: "Suffix", Value: &r.Suffix}
		}
		key.FilterRules = append(key.FilterRules, f)
	}
	return &types.NotificationConfigurationFilter{Key: key}
}
