package sns

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxTopicName is how long the name of a topic can be, ".fifo" included.
const maxTopicName = 256

const fifoSuffix = ".fifo"

func isFIFO(name string) bool { return strings.HasSuffix(name, fifoSuffix) }

// validTopicName reports whether a topic can have the name.
func validTopicName(name string) bool {
	base := strings.TrimSuffix(name, fifoSuffix)
	return base != "" && len(name) <= maxTopicName && all(base, isNameByte)
}

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// prefix is what ARNs of topics begin with.
func (s *Service) prefix() string { return "arn:aws:sns:" + s.cfg.Region + ":" + s.cfg.Account + ":" }

func (s *Service) topicARN(name string) string { return s.prefix() + name }

// elements are the parts of an ARN. parameter names it in the error.
func elements(parameter, arn string) ([]string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return nil, errInvalid("%s Reason: An ARN must have at least 6 elements, not %d", parameter, len(parts))
	}
	return parts, nil
}

// topicName is the name in a topic's ARN. A topic of another account is one
// that does not exist.
func (s *Service) topicName(arn *string) (string, error) {
	return s.topicNameOf("TopicArn", arn)
}

func (s *Service) topicNameOf(parameter string, arn *string) (string, error) {
	if arn == nil {
		return "", errMissing(parameter)
	}
	parts, err := elements(parameter, *arn)
	if err != nil {
		return "", err
	}
	switch {
	case len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" || parts[3] != s.cfg.Region || !validTopicName(parts[5]):
		return "", errInvalid("%s", parameter)
	case parts[4] != s.cfg.Account:
		return "", errNoTopic()
	}
	return strings.Clone(parts[5]), nil
}

// subscriptionID is what the ARN of a subscription says: the topic's, and
// after it an id.
type subscriptionID struct{ topic, id string }

func (s *Service) subscriptionARN(id subscriptionID) string {
	return s.prefix() + id.topic + ":" + id.id
}

func (s *Service) parseSubscriptionARN(arn *string) (subscriptionID, error) {
	const parameter = "SubscriptionArn"
	if aws.ToString(arn) == "" {
		return subscriptionID{}, errMissing(parameter)
	}
	parts, err := elements(parameter, *arn)
	switch {
	case err != nil:
		return subscriptionID{}, err
	case len(parts) != 7 || !isUUID(parts[6]):
		return subscriptionID{}, errInvalid("SubscriptionId")
	case parts[0] != "arn" || parts[2] != "sns" || parts[3] != s.cfg.Region || !validTopicName(parts[5]):
		return subscriptionID{}, errInvalid(parameter)
	case parts[4] != s.cfg.Account:
		return subscriptionID{}, errNoSubscription()
	}
	return subscriptionID{strings.Clone(parts[5]), strings.Clone(parts[6])}, nil
}

func isUUID(s string) bool {
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !isHex(s[i]) {
			return false
		}
	}
	return len(s) == 36
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func allDigits(s string) bool { return all(s, func(c byte) bool { return c >= '0' && c <= '9' }) }
