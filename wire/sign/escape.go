package sign

import (
	"net/url"
	"slices"
	"strings"
)

// canonicalQuery is a query string with its parameters escaped one way and sorted.
func canonicalQuery(raw string) string {
	var pairs []string
	for p := range strings.SplitSeq(raw, "&") {
		if p == "" {
			continue
		}
		k, v, _ := strings.Cut(p, "=")
		k, v = reescape(k), reescape(v)
		if k != "X-Amz-Signature" {
			pairs = append(pairs, k+"="+v)
		}
	}
	slices.SortFunc(pairs, func(a, b string) int {
		ak, av, _ := strings.Cut(a, "=")
		bk, bv, _ := strings.Cut(b, "=")
		if ak != bk {
			return strings.Compare(ak, bk)
		}
		return strings.Compare(av, bv)
	})
	return strings.Join(pairs, "&")
}

func reescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		s = plain
	}
	return escape(s, false)
}

func escapePath(s string) string { return escape(s, true) }

// escape escapes all but the characters that RFC 3986 leaves alone.
func escape(s string, path bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 || path && c == '/' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}
