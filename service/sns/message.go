package sns

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/pattern"
)

// Limits of messages (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
const (
	maxMessage       = 256 << 10 // bytes, of the text and the attributes
	maxSubject       = 100       // characters
	maxAttributeName = 256
	maxGroupID       = 128
)

// message is a message that was accepted, on its way to subscribers.
type message struct {
	id         string
	time       time.Time
	content    string // as it was published: what duplicates are told by
	text       string
	texts      map[string]string // by protocol, where MessageStructure is json
	subject    string
	attributes map[string]event.Attribute
	group      string
	dedup      string // as the publisher gave it
	trace      string
	size       int
	sequence   string // of FIFO topics

	bodies map[string]body // decoded texts, for filters
}

// body is a text as filters see it.
type body struct {
	value any
	err   error
}

// textFor is what a protocol's subscribers are sent.
func (m *message) textFor(protocol string) string {
	if text, ok := m.texts[protocol]; ok {
		return text
	}
	return m.text
}

// decoded is the JSON of a text, decoded once.
func (m *message) decoded(text string) (any, error) {
	b, ok := m.bodies[text]
	if !ok {
		b.value, b.err = pattern.Decode([]byte(text))
		if m.bodies == nil {
			m.bodies = map[string]body{}
		}
		m.bodies[text] = b
	}
	return b.value, b.err
}

// newMessage checks what is to be published. index is its number in a batch,
// from 1, or 0.
func newMessage(in *types.PublishBatchRequestEntry, index int) (*message, error) {
	if in.Message == nil {
		return nil, errNull(member("message", index))
	}
	m := &message{id: event.NewID(), text: *in.Message, content: *in.Message}
	if m.text == "" {
		return nil, errInvalid("Empty message")
	}
	if !utf8.ValidString(m.text) {
		return nil, errInvalid("Message Reason: the message is not UTF-8")
	}
	if err := checkSubject(in.Subject); err != nil {
		return nil, err
	}
	m.subject = aws.ToString(in.Subject)
	if err := m.setAttributes(in.MessageAttributes, index); err != nil {
		return nil, err
	}
	m.size += len(m.text)
	if err := m.setStructure(in.MessageStructure); err != nil {
		return nil, err
	}
	m.group, m.dedup = aws.ToString(in.MessageGroupId), aws.ToString(in.MessageDeduplicationId)
	if in.MessageGroupId != nil && !validGroup(m.group) {
		return nil, errInvalid("MessageGroupId Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length")
	}
	if in.MessageDeduplicationId != nil && !validGroup(m.dedup) {
		return nil, errInvalid("MessageDeduplicationId Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length")
	}
	return m, nil
}

func validGroup(s string) bool {
	return s != "" && len(s) <= maxGroupID && all(s, func(c byte) bool { return c > ' ' && c < 0x7f })
}

func checkSubject(subject *string) error {
	if subject == nil {
		return nil
	}
	ok := *subject != "" && utf8.ValidString(*subject) && utf8.RuneCountInString(*subject) <= maxSubject &&
		!unicode.IsSpace(rune((*subject)[0])) && !strings.ContainsFunc(*subject, unicode.IsControl)
	if !ok {
		return errInvalid("Subject")
	}
	return nil
}

// setStructure reads the texts by protocol that a message of the structure json
// has. Values that are no strings are passed over.
func (m *message) setStructure(structure *string) error {
	switch aws.ToString(structure) {
	case "":
		return nil
	case "json":
	default:
		return errInvalid("MessageStructure")
	}
	var fields map[string]any
	if json.Unmarshal([]byte(m.text), &fields) != nil || fields == nil {
		return errInvalid("Message Structure - JSON message body failed to parse")
	}
	m.texts = map[string]string{}
	for protocol, value := range fields {
		if text, ok := value.(string); ok {
			m.texts[protocol] = text
		}
	}
	text, ok := m.texts["default"]
	if !ok {
		return errInvalid("Message Structure - No default entry in JSON message body")
	}
	m.text = text
	return nil
}

func (m *message) setAttributes(in map[string]types.MessageAttributeValue, index int) error {
	for _, name := range sortedKeys(in) {
		v := in[name]
		if v.DataType == nil {
			return errNull(member("messageAttributes."+name+".member.dataType", index))
		}
		if err := checkAttributeName(name); err != nil {
			return err
		}
		a, err := readAttribute(name, v)
		if err != nil {
			return err
		}
		if m.attributes == nil {
			m.attributes = make(map[string]event.Attribute, len(in))
		}
		m.attributes[strings.Clone(name)] = a
		m.size += len(name) + len(a.DataType) + len(a.String) + len(a.Binary)
	}
	return nil
}

// member is how AWS names a part of a message, be it one of a batch's.
func member(name string, index int) string {
	if index > 0 {
		return fmt.Sprintf("publishBatchRequestEntries.%d.member.%s", index, name)
	}
	return name
}

func checkAttributeName(name string) error {
	switch {
	case name == "":
		return errAttribute("Message attribute name can not be empty.")
	case len(name) >= maxAttributeName:
		return errAttribute("Length of message attribute name must be less than 256 bytes.")
	case name[0] == '.':
		return errAttribute("Invalid message attribute name starting with character '.' was found.")
	case name[len(name)-1] == '.':
		return errAttribute("Invalid message attribute name ending with character '.' was found.")
	case strings.Contains(name, ".."):
		return errAttribute("Message attribute name can not have successive '.' character.")
	}
	for _, c := range name {
		if c >= utf8.RuneSelf || !isNameByte(byte(c)) && c != '.' {
			return errAttribute("Invalid non-alphanumeric character '#x%X' was found in the message attribute name. "+
				"Can only include alphanumeric characters, hyphens, underscores, or dots.", c)
		}
	}
	return nil
}

func readAttribute(name string, v types.MessageAttributeValue) (event.Attribute, error) {
	a := event.Attribute{DataType: strings.Clone(*v.DataType)}
	base, _, _ := strings.Cut(a.DataType, ".")
	field := "String"
	switch base {
	case "Binary":
		field = "Binary"
	case "String", "Number":
	default:
		return a, errAttribute("The message attribute '%s' has an invalid message attribute type, "+
			"the set of supported type prefixes is Binary, Number, and String.", name)
	}
	if other := v.BinaryValue != nil; other != (field == "Binary") && (other || v.StringValue != nil) {
		return a, errAttribute("The message attribute '%s' with type '%s' must use field '%s'.", name, a.DataType, field)
	}
	a.String, a.Binary = strings.Clone(aws.ToString(v.StringValue)), v.BinaryValue
	if a.String == "" && len(a.Binary) == 0 {
		return a, errAttribute("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.",
			name, a.DataType)
	}
	if base == "Number" && !isNumber(a.String) {
		return a, errAttribute("Could not cast message attribute '%s' value to number.", name)
	}
	if !utf8.ValidString(a.String) {
		return a, errAttribute("The message attribute '%s' is not UTF-8.", name)
	}
	return a, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXpP_iInN")
}
