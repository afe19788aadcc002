// Package redrive reads the two policies of dead-letter queues, of the queues
// that use them and of those that are one:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html.
// Errors are reasons in AWS's words, for the end of a message of an error.
package redrive

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Policy is a RedrivePolicy: where messages go that were received too often.
type Policy struct {
	Target     string `json:"deadLetterTargetArn"`
	MaxReceive uint64 `json:"maxReceiveCount"`
	Queue      string `json:"-"` // the name of the target
}

// Parse reads a RedrivePolicy; nil for none.
func Parse(text string) (*Policy, error) {
	if text == "" {
		return nil, nil
	}
	var raw map[string]any
	if json.Unmarshal([]byte(text), &raw) != nil || raw == nil {
		return nil, errors.New("Redrive policy is not a valid JSON map.")
	}
	for _, name := range []string{"deadLetterTargetArn", "maxReceiveCount"} {
		if raw[name] == nil {
			return nil, errors.New("Redrive policy does not contain mandatory attribute: " + name + ".")
		}
	}
	for name := range raw {
		if name != "deadLetterTargetArn" && name != "maxReceiveCount" {
			return nil, errors.New("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].")
		}
	}
	count := receiveCount(raw["maxReceiveCount"])
	if n, err := strconv.ParseUint(count, 10, 64); err != nil || n < 1 || n > 1000 {
		return nil, errors.New("Invalid value for maxReceiveCount: " + count + ", valid values are from 1 to 1000 both inclusive.")
	}
	p := &Policy{}
	p.MaxReceive, _ = strconv.ParseUint(count, 10, 64)
	p.Target, _ = raw["deadLetterTargetArn"].(string)
	a, err := arn.Parse(p.Target)
	if err != nil || a.Service != "sqs" {
		return nil, errors.New("Invalid value for deadLetterTargetArn.")
	}
	p.Queue = a.Resource
	return p, nil
}

// receiveCount is a maxReceiveCount, which may be a number or a string, as
// text.
func receiveCount(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	}
	return ""
}

// Allow is a RedriveAllowPolicy: which queues may use a queue as their
// dead-letter queue.
type Allow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

// ParseAllow reads a RedriveAllowPolicy; no text allows all.
func ParseAllow(text string) (Allow, error) {
	p := Allow{Permission: "allowAll"}
	if text == "" {
		return p, nil
	}
	p.Permission = ""
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, errors.New("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
	}
	switch byQueue := p.Permission == "byQueue"; {
	case !byQueue && p.Permission != "allowAll" && p.Permission != "denyAll":
		return p, errors.New("Amazon SQS can't create the redrive allow policy. The redrivePermission must be allowAll, denyAll or byQueue.")
	case byQueue && (len(p.Sources) == 0 || len(p.Sources) > 10):
		return p, errors.New("Amazon SQS can't create the redrive allow policy. Specify 1 to 10 source queue ARNs with byQueue.")
	case !byQueue && len(p.Sources) > 0:
		return p, errors.New("Amazon SQS can't create the redrive allow policy. Source queue ARNs go with byQueue alone.")
	}
	return p, nil
}

// Allows reports whether the queue of an ARN may use the dead-letter queue.
func (p Allow) Allows(source string) bool {
	return p.Permission == "allowAll" || p.Permission == "byQueue" && slices.Contains(p.Sources, source)
}
