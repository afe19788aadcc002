package sns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// Names of topic attributes
// (https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html).
const (
	attrDeliveryPolicy   = "DeliveryPolicy" // of subscriptions too
	attrDisplayName      = "DisplayName"
	attrPolicy           = "Policy"
	attrFifoTopic        = "FifoTopic"
	attrContentBased     = "ContentBasedDeduplication"
	attrThroughputScope  = "FifoThroughputScope"
	attrSignatureVersion = "SignatureVersion"
	attrTracingConfig    = "TracingConfig"
	attrKmsMasterKeyID   = "KmsMasterKeyId"
	attrArchivePolicy    = "ArchivePolicy"
)

// maxDisplayName is how many characters a DisplayName can have.
const maxDisplayName = 100

// GetTopicAttributes returns all that is known of a topic.
func (s *Service) GetTopicAttributes(ctx context.Context, in *api.GetTopicAttributesInput) (*api.GetTopicAttributesOutput, error) {
	out := &api.GetTopicAttributesOutput{}
	return out, s.viewTopic(ctx, in.TopicArn, func(_ *store.Tx, t *topic) error {
		out.Attributes = t.describe(s)
		return nil
	})
}

// describe is the topic's attributes, AWS's defaults among them.
func (t *topic) describe(s *Service) map[string]string {
	m := map[string]string{
		"EffectiveDeliveryPolicy": t.delivery.Effective(),
		"Owner":                   s.cfg.Account,
		"SubscriptionsConfirmed":  strconv.Itoa(t.Confirmed),
		"SubscriptionsDeleted":    strconv.Itoa(t.Deleted),
		"SubscriptionsPending":    strconv.Itoa(t.Pending),
		"TopicArn":                t.arn,
		attrDisplayName:           "",
	}
	if t.fifo {
		m[attrFifoTopic], m[attrContentBased] = "true", "false"
	}
	for name, value := range t.Attributes {
		if value != "" || name == attrDisplayName {
			m[name] = value
		}
	}
	m[attrPolicy] = t.policyText(s)
	return m
}

// attribute is the value that an attribute has, set or not.
func (t *topic) attribute(s *Service, name string) string { return t.describe(s)[name] }

// sameValue compares values of an attribute; JSON may be written in several
// ways.
func sameValue(name, a, b string) bool {
	if a == b || !strings.HasSuffix(name, "Policy") {
		return a == b
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

// policyText is the topic's policy: the one that was set, or the default one,
// which lets the owner's account in.
func (t *topic) policyText(s *Service) string {
	if text := t.Attributes[attrPolicy]; text != "" {
		return text
	}
	return fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",`+
		`"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes",`+
		`"SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic",`+
		`"SNS:Publish"],"Resource":"%s","Condition":{"StringEquals":{"AWS:SourceOwner":"%s"}}}]}`, t.arn, s.cfg.Account)
}

// SetTopicAttributes changes one attribute of a topic. An empty value takes it
// back to its default, but for the policy, which AWS wants whole.
func (s *Service) SetTopicAttributes(ctx context.Context, in *api.SetTopicAttributesInput) (*api.SetTopicAttributesOutput, error) {
	attribute, value := aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue)
	name, err := s.topicName(in.TopicArn)
	if err != nil {
		return nil, err
	}
	if attribute == attrFifoTopic {
		return nil, errInvalid("AttributeName") // only a new topic takes it
	}
	if err := checkTopicAttribute(name, attribute, value); err != nil {
		return nil, err
	}
	return nil, s.updateTopic(ctx, in.TopicArn, func(tx *store.Tx, t *topic) error {
		if t.Attributes == nil {
			t.Attributes = map[string]string{}
		}
		t.Attributes[attribute] = normal(attribute, value)
		maps.DeleteFunc(t.Attributes, func(_, v string) bool { return v == "" })
		t.save(tx)
		return nil
	})
}

// checkTopicAttribute checks a value that an attribute of a topic is to have.
func checkTopicAttribute(topic, name, value string) error {
	switch name {
	case attrDisplayName:
		if utf8.RuneCountInString(value) > maxDisplayName || strings.ContainsAny(value, "\r\n") {
			return errInvalid("DisplayName")
		}
	case attrPolicy:
		return checkPolicy(value)
	case attrDeliveryPolicy:
		if _, err := delivery.ParseTopicPolicy(value); err != nil {
			return errInvalid("%s", err)
		}
	case attrSignatureVersion:
		return oneOf(name, value, "1", "2")
	case attrTracingConfig:
		if value == "Active" {
			return errInvalid("TracingConfig Reason: Active is not supported: there is no X-Ray to send segments to. PassThrough keeps trace headers")
		}
		return oneOf(name, value, "PassThrough")
	case attrContentBased, attrThroughputScope:
		return checkFIFOAttribute(topic, name, value)
	case attrKmsMasterKeyID:
		return unsupportedUnlessEmpty(name, value, "encryption keys are not supported")
	case attrArchivePolicy:
		return unsupportedUnlessEmpty(name, strings.Trim(value, " {}"), "message archives are not supported")
	default:
		return checkFeedback(name, value)
	}
	return nil
}

func checkFIFOAttribute(topic, name, value string) error {
	switch {
	case !isFIFO(topic) && name == attrContentBased:
		return errInvalid("Content-based deduplication can only be set for FIFO topics")
	case !isFIFO(topic):
		return errInvalid("FifoThroughputScope can only be set for FIFO topics")
	case name == attrContentBased:
		return checkBool(name, value)
	}
	return oneOf(name, value, "Topic", "MessageGroup")
}

// checkFeedback checks what configures delivery status logs, per protocol:
// LambdaSuccessFeedbackRoleArn, and so on. A sample rate alone does nothing.
func checkFeedback(name, value string) error {
	for _, protocol := range []string{"Application", "Firehose", "HTTP", "Lambda", "SQS"} {
		rest, ok := strings.CutPrefix(name, protocol)
		switch {
		case !ok:
		case rest == "SuccessFeedbackRoleArn" || rest == "FailureFeedbackRoleArn":
			return unsupportedUnlessEmpty(name, value, "delivery status logs are not supported")
		case rest == "SuccessFeedbackSampleRate":
			if rate, err := strconv.Atoi(value); err != nil || rate < 0 || rate > 100 {
				return errInvalid("%s: Invalid value [%s]. Must be between 0 and 100.", name, value)
			}
			return nil
		}
	}
	return errInvalid("AttributeName")
}

func unsupportedUnlessEmpty(name, value, why string) error {
	if value == "" {
		return nil
	}
	return errInvalid("%s Reason: %s", name, why)
}

func checkBool(name, value string) error {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return errInvalid("%s: Invalid value [%s]. Must be true or false.", name, value)
	}
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return errInvalid("%s Reason: %q is not one of [%s]", name, value, strings.Join(allowed, ", "))
}

func checkPolicy(text string) error {
	if text == "" {
		return errInvalid("Policy Reason: Policy is empty")
	}
	d, err := policy.Parse(text)
	if err != nil {
		return errInvalid("Policy Error: %s", err)
	}
	for _, st := range d.Statements {
		for _, action := range st.Action.List {
			if action != "*" && !strings.HasPrefix(strings.ToLower(action), "sns:") {
				return errInvalid("Policy statement action out of service scope!")
			}
		}
	}
	return nil
}

// among is err, about one attribute, as it is told of several: those of
// CreateTopic or Subscribe.
func among(name string, err error) error {
	var invalid *types.InvalidParameterException
	if !errors.As(err, &invalid) {
		return err
	}
	rest, _ := strings.CutPrefix(aws.ToString(invalid.Message), "Invalid parameter: ")
	if rest == "AttributeName" {
		rest = "Unknown attribute " + name
	}
	return errInvalid("Attributes Reason: %s", rest)
}

// normal is a value as it is kept.
func normal(name, value string) string {
	if name == attrContentBased || name == attrRaw {
		return strings.ToLower(value)
	}
	return value
}
