package place

import (
	"encoding/base64"
	"mime"
	"strings"
)

// Metadata is that of what is made of a file.
func (o Object) Metadata() map[string]string {
	m := map[string]string{
		SourceBucket:   o.Bucket,
		SourceKey:      Encode(o.Key),
		SourceETag:     o.ETag,
		SourceModified: o.Modified.UTC().Format("20060102T150405Z"),
	}
	if o.Version != "" {
		m[SourceVersion] = o.Version
	}
	return m
}

// Made tells whether something with the metadata was made of the file as it is
// now. Two files may have results of one name.
func (o Object) Made(metadata map[string]string) bool {
	of := o.Metadata()
	return metadata[SourceETag] == of[SourceETag] && metadata[SourceModified] == of[SourceModified] && Decode(metadata[SourceKey]) == o.Key
}

// Encode is a text as metadata carries it: itself if it is printable ASCII, else
// encoded words (RFC 2047). They are base64, so that any key of 1,024 bytes fits
// the 2 KB that an object's metadata has (S3 User Guide, object metadata).
func Encode(s string) string {
	if isPlain(s) {
		return s
	}
	const word = 45 // bytes: an encoded word has 75 characters at the most
	var words []string
	for len(s) > 0 {
		n := min(word, len(s))
		for n < len(s) && n > word-4 && s[n]&0xC0 == 0x80 {
			n-- // not between the bytes of a character
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// isPlain says that a header carries the text, and Decode leaves it alone.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return strings.TrimSpace(s) == s && !strings.Contains(s, "=?")
}

// Decode is what Encode was given. A text that nobody encoded is itself.
func Decode(s string) string {
	if decoded, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		return decoded
	}
	return s
}
