// Package keys is the text of keys: their limits, how lists and events show
// them, and the tokens that say where a list goes on.
package keys

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/runnel/runnel/service/s3/fault"
)

// Max is the limit of a key, in bytes of UTF-8
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
const Max = 1024

// Check holds a key to S3's rules.
func Check(key string) error {
	if len(key) > Max {
		return fault.New("KeyTooLongError", "Your key is too long", "Size", strconv.Itoa(len(key)), "MaxSizeAllowed", strconv.Itoa(Max))
	}
	if !utf8.ValidString(key) {
		return fault.New("InvalidURI", "Couldn't parse the specified URI.", "URI", strings.ToValidUTF8(key, "?"))
	}
	return nil
}

// Token makes the place where a list goes on opaque.
func Token(place string) *string {
	t := base64.RawURLEncoding.EncodeToString([]byte("1" + place))
	return &t
}

// FromToken reads what Token made; nothing for no token.
func FromToken(token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(b) == 0 || b[0] != '1' || !utf8.Valid(b) {
		return "", fault.InvalidArgument("The continuation token provided is incorrect", "continuation-token", *token)
	}
	return string(b[1:]), nil
}

// Encode encodes a key as lists with encoding-type=url and event messages
// show it: form encoding that leaves slashes alone.
func Encode(key string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.*/", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
