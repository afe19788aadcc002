package sqs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// What a message may hold, and the texts that say what it may not. The limits
// are those of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.

// maxUserAttributes is how many message attributes a message may have.
const maxUserAttributes = 10

// checkText refuses characters that XML 1.0 has not. what is "message body" or
// names an attribute.
func checkText(s, what string) error {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return errCharacter(rune(s[i]), what)
			}
		}
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
			return errCharacter(c, what)
		}
	}
	return nil
}

func errCharacter(c rune, what string) error {
	return &types.InvalidMessageContents{Message: aws.String(fmt.Sprintf(
		"Invalid binary character '#x%X' was found in the %s, the set of allowed characters is ", c, what) +
		"#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].")}
}

var attributeName = regexp.MustCompile(`^[\w.-]+$`)

// checkAttributeName refuses names of message attributes.
func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		return errInvalid("The request must contain non-empty message attribute names.")
	case len(name) > 256:
		return errInvalid("Message (user) attribute name '%s' is too long. The maximum length is 256 characters.", name)
	case !attributeName.MatchString(name), strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.Contains(name, ".."):
		return errInvalid("Invalid message (user) attribute name '%s': it can only contain A-Z, a-z, 0-9, underscores, hyphens and periods, "+
			"and no period at its ends or after another.", name)
	case strings.HasPrefix(lower, "aws."), strings.HasPrefix(lower, "amazon."):
		return errInvalid("Message (user) attribute name '%s' must not start with a reserved prefix: AWS. or Amazon.", name)
	}
	return nil
}

// readAttributes checks message attributes and returns them by name.
func readAttributes(in map[string]types.MessageAttributeValue) ([]attribute, error) {
	if len(in) > maxUserAttributes {
		return nil, errInvalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(in), maxUserAttributes)
	}
	var out []attribute
	for _, name := range sortedKeys(in) {
		if err := checkAttributeName(name); err != nil {
			return nil, err
		}
		v := in[name]
		if v.StringListValues != nil || v.BinaryListValues != nil {
			return nil, errUnsupported("Message attribute list values in SendMessage operation are not supported.")
		}
		a, err := readAttribute(name, v.DataType, v.StringValue, v.BinaryValue)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func readAttribute(name string, dataType, text *string, binary []byte) (attribute, error) {
	a := attribute{name: name, dataType: aws.ToString(dataType)}
	base, _, _ := strings.Cut(a.dataType, ".")
	field := "String"
	switch {
	case a.dataType == "":
		return a, errInvalid("The message attribute '%s' must contain non-empty message attribute type.", name)
	case base != "String" && base != "Number" && base != "Binary":
		return a, errInvalid("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	case len(a.dataType) > 256:
		return a, errInvalid("The type of message (user) attribute '%s' is too long. The maximum length is 256 characters.", name)
	case base == "Binary":
		field = "Binary"
		a.value = string(binary)
	default:
		a.value = aws.ToString(text)
	}
	if a.value == "" {
		if text != nil || binary != nil {
			if (field == "Binary") != (binary != nil) {
				return a, errInvalid("The message attribute '%s' with type '%s' must use field '%s'.", name, a.dataType, field)
			}
		}
		return a, errInvalid("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, base)
	}
	if base == "Number" && !isNumber(a.value) {
		return a, errInvalid("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	if field == "Binary" {
		return a, nil
	}
	return a, checkText(a.value, "message attribute '"+name+"' value")
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXpP_iInN")
}

// readSystem checks message system attributes, of which there is one.
func readSystem(in map[string]types.MessageSystemAttributeValue) (trace *attribute, err error) {
	for _, name := range sortedKeys(in) {
		if name != string(types.MessageSystemAttributeNameForSendsAWSTraceHeader) {
			return nil, errInvalid("Message system attribute name '%s' is invalid. The supported one is AWSTraceHeader.", name)
		}
		v := in[name]
		a, err := readAttribute(name, v.DataType, v.StringValue, v.BinaryValue)
		if err != nil {
			return nil, err
		}
		if a.dataType != "String" {
			return nil, errInvalid("The type of message (system) attribute 'AWSTraceHeader' is invalid. You must use only the following supported type prefixes: String.")
		}
		trace = &a
	}
	return trace, nil
}

// checkGroup checks the parameters that belong to FIFO queues. Standard ones
// take a MessageGroupId too, for fair queues.
func checkGroup(group, deduplication *string, fifo bool) error {
	switch {
	case deduplication != nil && !fifo:
		return errQueueType(*deduplication, "MessageDeduplicationId")
	case group == nil && fifo:
		return errMissing("MessageGroupId")
	}
	if err := checkToken(group, "MessageGroupId"); err != nil {
		return err
	}
	return checkToken(deduplication, "MessageDeduplicationId")
}

// checkToken checks a parameter that may be absent.
func checkToken(value *string, parameter string) error {
	if value == nil {
		return nil
	}
	ok := len(*value) >= 1 && len(*value) <= 128
	for i := range len(*value) {
		ok = ok && (*value)[i] > ' ' && (*value)[i] < 0x7f
	}
	if !ok {
		return errValue(*value, parameter, "%s can only include alphanumeric and punctuation characters. 1 to 128 in length.", parameter)
	}
	return nil
}

func errQueueType(value any, parameter string) error {
	return errValue(value, parameter, "The request include parameter that is not valid for this queue type.")
}
