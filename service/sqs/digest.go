package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// digest is the MD5 of message attributes, sorted by name, as
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
// has it; nil if there are none.
func digest(list []attribute) *string {
	if len(list) == 0 {
		return nil
	}
	var b []byte
	for _, a := range list {
		b = appendSized(appendSized(b, a.name), a.dataType)
		if a.isBinary() {
			b = append(b, 2)
		} else {
			b = append(b, 1)
		}
		b = appendSized(b, a.value)
	}
	sum := md5.Sum(b)
	return aws.String(hex.EncodeToString(sum[:]))
}

func appendSized(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func (a attribute) isBinary() bool { return strings.HasPrefix(a.dataType, "Binary") }
