package sns

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
)

// Names of subscription attributes
// (https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html).
const (
	attrRaw     = "RawMessageDelivery"
	attrFilter  = "FilterPolicy"
	attrScope   = "FilterPolicyScope"
	attrRedrive = "RedrivePolicy"
	attrRole    = "SubscriptionRoleArn"
	attrReplay  = "ReplayPolicy"
)

// Values of FilterPolicyScope.
const (
	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"
)

// GetSubscriptionAttributes returns all that is known of a subscription.
func (s *Service) GetSubscriptionAttributes(ctx context.Context, in *api.GetSubscriptionAttributesInput) (*api.GetSubscriptionAttributesOutput, error) {
	id, err := s.parseSubscriptionARN(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	out := &api.GetSubscriptionAttributesOutput{}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		sub, t := s.subscription(tx, id), s.load(tx, id.topic)
		if sub == nil || t == nil {
			return errNoSubscription()
		}
		out.Attributes = s.describe(t, sub)
		return nil
	})
}

func (s *Service) describe(t *topic, sub *subscription) map[string]string {
	m := map[string]string{
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.Authenticated),
		"Endpoint":                     sub.Endpoint,
		"Owner":                        s.cfg.Account,
		"PendingConfirmation":          strconv.FormatBool(sub.pending()),
		"Protocol":                     sub.Protocol,
		"SubscriptionArn":              s.subscriptionARN(sub.key()),
		"SubscriptionPrincipal":        sub.Principal,
		"TopicArn":                     t.arn,
		attrRaw:                        "false",
	}
	if sub.Attributes[attrFilter] != "" {
		m[attrScope] = scopeAttributes
	}
	if sub.web() {
		own, _ := delivery.ParseSubscriptionPolicy(sub.Attributes[attrDeliveryPolicy])
		m["EffectiveDeliveryPolicy"] = delivery.EffectiveText(t.delivery, own)
	}
	maps.Copy(m, sub.Attributes)
	return m
}

// SetSubscriptionAttributes changes one attribute of a subscription.
func (s *Service) SetSubscriptionAttributes(ctx context.Context, in *api.SetSubscriptionAttributesInput) (*api.SetSubscriptionAttributesOutput, error) {
	id, err := s.parseSubscriptionARN(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		sub, t := s.subscription(tx, id), s.load(tx, id.topic)
		if sub == nil || t == nil {
			return errNoSubscription()
		}
		if sub.Attributes == nil {
			sub.Attributes = map[string]string{}
		}
		if err := s.setAttribute(sub, aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue)); err != nil {
			return err
		}
		if err := s.checkAttributes(sub); err != nil {
			return err
		}
		sub.save(tx)
		t.edit().save(tx) // what is known of its subscriptions holds no more
		return nil
	})
}

// setAttribute checks and sets one attribute. An empty value removes it, where
// AWS has no other use for one, and so does an empty filter policy.
func (s *Service) setAttribute(sub *subscription, name, value string) error {
	if err := s.checkAttribute(sub, name, value); err != nil {
		return err
	}
	if value == "" || name == attrFilter && isEmptyObject(value) {
		delete(sub.Attributes, name)
		return nil
	}
	sub.Attributes[name] = normal(name, value)
	return nil
}

func (s *Service) checkAttribute(sub *subscription, name, value string) error {
	switch name {
	case attrRaw:
		if strings.EqualFold(value, "true") && sub.Protocol == protoLambda {
			return errInvalid("Delivery protocol [%s] does not support raw message delivery.", sub.Protocol)
		}
		return checkBool(name, value)
	case attrFilter:
		return nil // see checkAttributes
	case attrScope:
		if value != scopeAttributes && value != scopeBody {
			return errInvalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
	case attrRedrive:
		_, err := s.parseRedrive(sub, value)
		return err
	case attrDeliveryPolicy:
		if !sub.web() {
			return errInvalid("Delivery protocol [%s] does not support delivery policies.", sub.Protocol)
		}
		if _, err := delivery.ParseSubscriptionPolicy(value); err != nil {
			return errInvalid("%s", err)
		}
	case attrRole:
		if _, err := arn.Parse(value); err != nil || sub.Protocol != protoFirehose {
			return errInvalid("SubscriptionRoleArn")
		}
	case attrReplay:
		return unsupportedUnlessEmpty(name, value, "message archives are not supported")
	default:
		return errInvalid("AttributeName")
	}
	return nil
}

// checkAttributes checks what depends on several attributes.
func (s *Service) checkAttributes(sub *subscription) error {
	if _, err := sub.filter(); err != nil {
		return errInvalid("FilterPolicy: %s", err)
	}
	if sub.Protocol == protoFirehose && sub.Attributes[attrRole] == "" {
		return errMissing("SubscriptionRoleArn")
	}
	return nil
}

func isEmptyObject(text string) bool {
	var fields map[string]any
	return json.Unmarshal([]byte(text), &fields) == nil && fields != nil && len(fields) == 0
}

// filter is the subscription's filter policy; nil if it wants every message.
func (sub *subscription) filter() (*pattern.Pattern, error) {
	text := sub.Attributes[attrFilter]
	if text == "" {
		return nil, nil
	}
	dialect := pattern.SNSAttributes
	if sub.Attributes[attrScope] == scopeBody {
		dialect = pattern.SNSBody
	}
	return pattern.Compile(text, dialect)
}

// parseRedrive is the ARN of the dead-letter queue that a RedrivePolicy names;
// "" if it is empty.
func (s *Service) parseRedrive(sub *subscription, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", errInvalid("RedrivePolicy: failed to parse JSON. %s", err)
	}
	for _, name := range sortedKeys(fields) {
		if name != "deadLetterTargetArn" {
			return "", errInvalid("RedrivePolicy: invalid JSON. Attribute %s is unknown.", name)
		}
	}
	target, _ := fields["deadLetterTargetArn"].(string)
	a, err := arn.Parse(target)
	switch {
	case err != nil || a.Service != protoSQS || a.Resource == "":
		return "", errInvalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	case a.AccountID != s.cfg.Account || a.Region != s.cfg.Region:
		return "", errInvalid("RedrivePolicy: deadLetterTargetArn must be a queue of the same account and region")
	case isFIFO(sub.Topic) && isFIFO(sub.Endpoint) && !isFIFO(a.Resource):
		return "", errInvalid("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
	case !isFIFO(sub.Topic) && isFIFO(a.Resource):
		return "", errInvalid("RedrivePolicy: must use a standard queue as DLQ for a Subscription to a standard Topic.")
	}
	return target, nil
}
