package attr

import (
	"bytes"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The encoding of key attributes keeps their order: comparing the bytes of two
// keys of one type compares the values, and no encoding is a prefix of another,
// so keys can be joined.
//
//	S, B  the bytes, 00 written as 00 FF, ended by 00 01
//	N     80 for zero; 81, exponent+130, pairs of digits plus one, 00 for
//	      positive numbers; the complement of all that for negative ones
const (
	keyEscape     = 0x00
	keyEscapedNul = 0xff
	keyEnd        = 0x01
	keyZero       = 0x80
	keyPositive   = 0x81
	keyNegative   = 0x7e
)

// AppendKey appends the encoding of v, which must be a normalized S, N or B.
func AppendKey(dst []byte, v Value) []byte {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return append(appendEscaped(dst, v.Value), keyEscape, keyEnd)
	case *types.AttributeValueMemberB:
		return append(appendEscaped(dst, string(v.Value)), keyEscape, keyEnd)
	case *types.AttributeValueMemberN:
		return appendNumberKey(dst, v.Value)
	}
	return dst
}

// AppendKeyPrefix appends what the encodings of all values that begin with v,
// an S or a B, have in common.
func AppendKeyPrefix(dst []byte, v Value) []byte {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return appendEscaped(dst, v.Value)
	case *types.AttributeValueMemberB:
		return appendEscaped(dst, string(v.Value))
	}
	return dst
}

func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == keyEscape {
			dst = append(dst, keyEscapedNul)
		}
	}
	return dst
}

func appendNumberKey(dst []byte, text string) []byte {
	d, _ := scanDecimal(text)
	if d.digits == "" {
		return append(dst, keyZero)
	}
	start := len(dst)
	dst = append(dst, keyPositive, byte(d.exponent-minExponent))
	for i := 0; i < len(d.digits); i += 2 {
		pair := (d.digits[i] - '0') * 10
		if i+1 < len(d.digits) {
			pair += d.digits[i+1] - '0'
		}
		dst = append(dst, pair+1)
	}
	dst = append(dst, 0)
	if d.negative {
		for i := start; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	return dst
}

var errKey = errors.New("malformed key")

// CutKey splits the first key attribute, of type kind (S, N or B), off src. It
// accepts exactly what [AppendKey] writes.
func CutKey(src []byte, kind string) (v Value, rest []byte, err error) {
	switch kind {
	case "S":
		b, rest, err := cutEscaped(src)
		return &types.AttributeValueMemberS{Value: string(b)}, rest, err
	case "B":
		b, rest, err := cutEscaped(src)
		return &types.AttributeValueMemberB{Value: b}, rest, err
	case "N":
		text, rest, err := cutNumber(src)
		return &types.AttributeValueMemberN{Value: text}, rest, err
	}
	return nil, nil, errKey
}

func cutEscaped(src []byte) (value, rest []byte, err error) {
	value = []byte{}
	for {
		i := bytes.IndexByte(src, keyEscape)
		if i < 0 || i+1 >= len(src) {
			return nil, nil, errKey
		}
		value = append(value, src[:i]...)
		switch src[i+1] {
		case keyEnd:
			return value, src[i+2:], nil
		case keyEscapedNul:
			value = append(value, keyEscape)
		default:
			return nil, nil, errKey
		}
		src = src[i+2:]
	}
}

func cutNumber(src []byte) (text string, rest []byte, err error) {
	if len(src) == 0 {
		return "", nil, errKey
	}
	var flip byte
	switch src[0] {
	case keyZero:
		return "0", src[1:], nil
	case keyPositive:
	case keyNegative:
		flip = 0xff
	default:
		return "", nil, errKey
	}
	end := bytes.IndexByte(src[min(2, len(src)):], flip)
	if len(src) < 4 || end < 1 || end > (maxDigits+1)/2 {
		return "", nil, errKey
	}
	d := decimal{negative: flip != 0, exponent: int(src[1]^flip) + minExponent}
	digits := make([]byte, 0, maxDigits)
	for _, b := range src[2 : 2+end] {
		pair := b ^ flip
		if pair < 1 || pair > 100 {
			return "", nil, errKey
		}
		digits = append(digits, '0'+(pair-1)/10, '0'+(pair-1)%10)
	}
	if digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if digits[0] == '0' || digits[len(digits)-1] == '0' {
		return "", nil, errKey
	}
	d.digits = string(digits)
	return d.String(), src[2+end+1:], nil
}
