package convert

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/functions/upload"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform"
)

// maxNotice is how long a notice may be. A message has 256 KiB with its
// attributes (SNS, Publish).
const maxNotice = 200 << 10

// tell publishes what became of a file, its attributes status and rule for the
// filters of subscriptions.
func (c *converter) tell(ctx context.Context, n *place.Notice) error {
	text, err := message(*n)
	if err != nil {
		return err
	}
	attributes := map[string]types.MessageAttributeValue{"status": attribute(n.Status)}
	if n.Rule != nil {
		attributes["rule"] = attribute(n.Rule.ID)
	}
	_, err = c.sns.Publish(ctx, &sns.PublishInput{
		TopicArn: &c.topic, Subject: aws.String("XML to JSON: a file " + n.Status),
		Message: &text, MessageAttributes: attributes,
	})
	return err
}

// message is a notice as text, with as many of the failures as it has room for:
// the report has them all.
func message(n place.Notice) (string, error) {
	for {
		b, err := transform.JSON(n)
		if err != nil {
			return "", err
		}
		text := carried.Replace(strings.TrimSuffix(string(b), "\n"))
		switch {
		case len(text) <= maxNotice:
			return text, nil
		case len(n.Failures) > 0:
			n.Failures = n.Failures[:len(n.Failures)/2]
		default:
			n.Reason = strings.ToValidUTF8(n.Reason[:len(n.Reason)/2], "")
		}
	}
}

// carried escapes the characters that JSON may have as they are and a queue
// behind the topic does not carry (SQS, SendMessage).
var carried = strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`)

func attribute(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

// metadata ties what is written to the file and the rule.
func (a *attempt) metadata() map[string]string {
	m := a.source.Metadata()
	if r := a.rule.RuleOf(); r != nil {
		m[place.RuleID], m[place.RuleVersion] = r.ID, strconv.Itoa(r.Version)
	}
	return m
}

// objectOf is the object that an upload has made.
func objectOf(u *upload.Upload) *place.Object {
	o := place.ObjectOf(u.Bucket, u.Key, &u.ETag, &u.VersionID, u.Size())
	return &o
}
