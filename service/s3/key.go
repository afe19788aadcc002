package s3

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxKey is the limit of a key, in bytes of UTF-8
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
const maxKey = 1024

// checkKey holds a key to S3's rules.
func checkKey(key string) error {
	if len(key) > maxKey {
		return fail("KeyTooLongError", "Your key is too long", "Size", strconv.Itoa(len(key)), "MaxSizeAllowed", strconv.Itoa(maxKey))
	}
	if !utf8.ValidString(key) {
		return fail("InvalidURI", "Couldn't parse the specified URI.", "URI", strings.ToValidUTF8(key, "?"))
	}
	return nil
}

// checkVersion refuses version IDs: a bucket without versioning has the version
// "null" alone.
func checkVersion(id *string) error {
	switch deref(id) {
	case "", "null":
		return nil
	}
	return invalidArgument("Invalid version id specified", "versionId", *id)
}

// encodeToken makes the place where a list goes on opaque.
func encodeToken(place string) *string {
	t := base64.RawURLEncoding.EncodeToString([]byte("1" + place))
	return &t
}

// decodeToken reads what encodeToken made; nothing for no token.
func decodeToken(token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(b) == 0 || b[0] != '1' || !utf8.Valid(b) {
		return "", invalidArgument("The continuation token provided is incorrect", "continuation-token", *token)
	}
	return string(b[1:]), nil
}

// urlEncode encodes a key as lists with encoding-type=url and event messages
// show it: form encoding that leaves slashes alone.
func urlEncode(key string) string {
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

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNil is nil for "".
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
