package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	sigV4       = "AWS4-HMAC-SHA256"
	amzDate     = "20060102T150405Z"
	unsignedSHA = "UNSIGNED-PAYLOAD"
	emptySHA    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// signature is what a request says of how it is signed, by Signature Version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
type signature struct {
	accessKey string
	day       string // YYYYMMDD
	region    string
	service   string
	headers   []string // signed, in lower case
	value     string
	token     string
	date      string // as sent
	time      time.Time
	presigned bool
	end       time.Time // of a presigned URL
	v2        bool      // by Signature Version 2

	key []byte // signing key, once the secret is known
}

// parseSignature reads a request's signature; nil without error means that it is
// not signed. With an error it returns what could be read.
func parseSignature(r *http.Request) (*signature, error) {
	auth := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, sigV4):
		return parseAuthorization(r, auth)
	case strings.HasPrefix(auth, "AWS "), strings.HasPrefix(auth, "AWS4-"):
		return nil, authFailure{kind: authScheme}
	case strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm="):
		return parsePresigned(r.URL.Query())
	case isSigV2(r):
		return parseSigV2(r.URL.Query())
	}
	return nil, nil
}

// parseAuthorization reads "AWS4-HMAC-SHA256 Credential=.., SignedHeaders=..,
// Signature=..". What is missing is said as AWS says it.
func parseAuthorization(r *http.Request, auth string) (*signature, error) {
	parts := map[string]string{}
	for p := range strings.SplitSeq(strings.TrimPrefix(auth, sigV4), ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[k] = v
	}
	s := &signature{
		value: parts["Signature"],
		token: r.Header.Get("X-Amz-Security-Token"),
		date:  r.Header.Get("X-Amz-Date"),
	}
	if h := parts["SignedHeaders"]; h != "" {
		s.headers = strings.Split(strings.ToLower(h), ";")
	}
	var missing strings.Builder
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[name] == "" {
			missing.WriteString("Authorization header requires '" + name + "' parameter. ")
		}
	}
	if s.date == "" && r.Header.Get("Date") == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return s, authFailure{authIncomplete, missing.String() + "Authorization=" + sigV4}
	}
	if err := s.scope(parts["Credential"]); err != nil {
		return s, err
	}
	return s, s.parseDate(r.Header.Get("Date"))
}

// scope reads KEY/DAY/REGION/SERVICE/aws4_request. The key may hold slashes.
func (s *signature) scope(credential string) error {
	parts := strings.Split(credential, "/")
	n := len(parts) - 4
	if n < 1 || parts[n+3] != "aws4_request" {
		return authFailure{authIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + credential + "'"}
	}
	s.accessKey = strings.Join(parts[:n], "/")
	s.day, s.region, s.service = parts[n], parts[n+1], parts[n+2]
	return nil
}

func (s *signature) parseDate(httpDate string) (err error) {
	if s.date == "" {
		if s.time, err = http.ParseTime(httpDate); err == nil {
			s.date = s.time.UTC().Format(amzDate)
		}
	} else {
		s.time, err = time.Parse(amzDate, s.date)
	}
	if err != nil {
		return authFailure{authIncomplete, "Date must be in ISO-8601 'basic format'. Got '" + or(s.date, httpDate) + "'. See http://en.wikipedia.org/wiki/ISO_8601"}
	}
	if s.day != s.date[:8] {
		return authFailure{authMismatch, "Credential should be scoped to a valid date."}
	}
	return nil
}

// parsePresigned reads the query parameters of a presigned URL.
func parsePresigned(q url.Values) (*signature, error) {
	s := &signature{
		presigned: true,
		value:     q.Get("X-Amz-Signature"),
		token:     q.Get("X-Amz-Security-Token"),
		date:      q.Get("X-Amz-Date"),
		headers:   strings.Split(strings.ToLower(q.Get("X-Amz-SignedHeaders")), ";"),
	}
	if q.Get("X-Amz-Algorithm") != sigV4 {
		return s, authFailure{authQuery, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""}
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders"} {
		if q.Get(name) == "" {
			return s, authFailure{authQuery, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}
		}
	}
	if err := s.scope(q.Get("X-Amz-Credential")); err != nil {
		return s, err
	}
	if err := s.parseDate(""); err != nil {
		return s, err
	}
	return s, s.parseExpires(q.Get("X-Amz-Expires"))
}

// parseExpires reads for how many seconds a URL holds; without, as long as any
// request.
func (s *signature) parseExpires(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return authFailure{authQuery, "X-Amz-Expires should be a number"}
	case n < 0:
		return authFailure{authQuery, "X-Amz-Expires must be non-negative"}
	case n > 604800:
		return authFailure{authQuery, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"}
	}
	s.end = s.time.Add(time.Duration(n) * time.Second)
	return nil
}

// scopeText is the credential scope.
func (s *signature) scopeText() string {
	return s.day + "/" + s.region + "/" + s.service + "/aws4_request"
}

// setSecret derives the signing key.
func (s *signature) setSecret(secret string) {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.region, s.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	s.key = key
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sign signs a string by the key.
func (s *signature) sign(text string) string { return hex.EncodeToString(hmacSHA256(s.key, text)) }

// verify reports whether the request's signature is the key's. payload is the hash
// of the body, or one of the words that stand for it.
func (s *signature) verify(r *http.Request, payload string) bool {
	canonical := sha256.Sum256([]byte(s.canonical(r, payload)))
	text := sigV4 + "\n" + s.date + "\n" + s.scopeText() + "\n" + hex.EncodeToString(canonical[:])
	return hmac.Equal([]byte(s.sign(text)), []byte(s.value))
}

// canonical is the request in the form that is signed.
func (s *signature) canonical(r *http.Request, payload string) string {
	path := r.URL.EscapedPath()
	if s.service != "s3" {
		path = escapePath(path) // all but S3 escape twice
	} else if plain, err := url.PathUnescape(path); err == nil {
		path = escapePath(plain)
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + or(path, "/") + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, h := range s.headers {
		b.WriteString(h + ":" + signedHeader(r, h) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + payload)
	return b.String()
}

func signedHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		if r.ContentLength >= 0 {
			return strconv.FormatInt(r.ContentLength, 10)
		}
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

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
