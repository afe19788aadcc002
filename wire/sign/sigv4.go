package sign

import (
	"cmp"
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

// Unsigned stands for the hash of a body that is not signed.
const Unsigned = "UNSIGNED-PAYLOAD"

const (
	sigV4    = "AWS4-HMAC-SHA256"
	amzDate  = "20060102T150405Z"
	emptySHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Signature is what a request says of how it is signed.
type Signature struct {
	AccessKey string
	Region    string
	Service   string
	Token     string // of a session
	Date      string // as sent
	Presigned bool
	End       time.Time // of a presigned URL, after which it is void

	day     string   // YYYYMMDD
	headers []string // signed, in lower case
	value   string
	time    time.Time
	v2      bool   // by Signature Version 2
	key     []byte // once the secret is known to have signed
}

// Parse reads a request's signature; nil without error means that it is not signed.
// An error is an [*Error], and then what could be read is returned too.
func Parse(r *http.Request) (*Signature, error) {
	auth := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, sigV4):
		return parseAuthorization(r, auth)
	case strings.HasPrefix(auth, "AWS "), strings.HasPrefix(auth, "AWS4-"):
		return nil, &Error{Kind: Scheme}
	case strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm="):
		return parsePresigned(r.URL.Query())
	case isSigV2(r):
		return parseSigV2(r.URL.Query())
	}
	return nil, nil
}

// parseAuthorization reads "AWS4-HMAC-SHA256 Credential=.., SignedHeaders=..,
// Signature=..". What is missing is said as AWS says it.
func parseAuthorization(r *http.Request, auth string) (*Signature, error) {
	parts := map[string]string{}
	for p := range strings.SplitSeq(strings.TrimPrefix(auth, sigV4), ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[k] = v
	}
	s := &Signature{
		value: parts["Signature"],
		Token: r.Header.Get("X-Amz-Security-Token"),
		Date:  r.Header.Get("X-Amz-Date"),
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
	if s.Date == "" && r.Header.Get("Date") == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return s, &Error{Incomplete, missing.String() + "Authorization=" + sigV4}
	}
	if err := s.scope(parts["Credential"]); err != nil {
		return s, err
	}
	return s, s.parseDate(r.Header.Get("Date"))
}

// scope reads KEY/DAY/REGION/SERVICE/aws4_request. The key may hold slashes.
func (s *Signature) scope(credential string) error {
	parts := strings.Split(credential, "/")
	n := len(parts) - 4
	if n < 1 || parts[n+3] != "aws4_request" {
		return &Error{Incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + credential + "'"}
	}
	s.AccessKey = strings.Join(parts[:n], "/")
	s.day, s.Region, s.Service = parts[n], parts[n+1], parts[n+2]
	return nil
}

func (s *Signature) parseDate(httpDate string) (err error) {
	if s.Date == "" {
		if s.time, err = http.ParseTime(httpDate); err == nil {
			s.Date = s.time.UTC().Format(amzDate)
		}
	} else {
		s.time, err = time.Parse(amzDate, s.Date)
	}
	if err != nil {
		return &Error{Incomplete, "Date must be in ISO-8601 'basic format'. Got '" + cmp.Or(s.Date, httpDate) + "'. See http://en.wikipedia.org/wiki/ISO_8601"}
	}
	if s.day != s.Date[:8] {
		return &Error{Mismatch, "Credential should be scoped to a valid date."}
	}
	return nil
}

// parsePresigned reads the query parameters of a presigned URL.
func parsePresigned(q url.Values) (*Signature, error) {
	s := &Signature{
		Presigned: true,
		value:     q.Get("X-Amz-Signature"),
		Token:     q.Get("X-Amz-Security-Token"),
		Date:      q.Get("X-Amz-Date"),
		headers:   strings.Split(strings.ToLower(q.Get("X-Amz-SignedHeaders")), ";"),
	}
	if q.Get("X-Amz-Algorithm") != sigV4 {
		return s, &Error{Query, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""}
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders"} {
		if q.Get(name) == "" {
			return s, &Error{Query, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}
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
func (s *Signature) parseExpires(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return &Error{Query, "X-Amz-Expires should be a number"}
	case n < 0:
		return &Error{Query, "X-Amz-Expires must be non-negative"}
	case n > 604800:
		return &Error{Query, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"}
	}
	s.End = s.time.Add(time.Duration(n) * time.Second)
	return nil
}

// scopeText is the credential scope.
func (s *Signature) scopeText() string {
	return s.day + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sign signs a string by the key.
func (s *Signature) sign(text string) string { return hex.EncodeToString(hmacSHA256(s.key, text)) }

// V2 reports whether the request is signed by Signature Version 2, which does not
// cover the body: then VerifyV2 is to be asked.
func (s *Signature) V2() bool { return s.v2 }

// Verify reports whether the secret signed the request. payload is the hash of the
// body, or one of the words that stand for it.
func (s *Signature) Verify(r *http.Request, secret, payload string) bool {
	if !slices.Contains(s.headers, "host") {
		return false
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.Region, s.Service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	canonical := sha256.Sum256([]byte(s.canonical(r, payload)))
	text := sigV4 + "\n" + s.Date + "\n" + s.scopeText() + "\n" + hex.EncodeToString(canonical[:])
	if !hmac.Equal([]byte(hex.EncodeToString(hmacSHA256(key, text))), []byte(s.value)) {
		return false
	}
	s.key = key
	return true
}

// canonical is the request in the form that is signed.
func (s *Signature) canonical(r *http.Request, payload string) string {
	path := r.URL.EscapedPath()
	if s.Service != "s3" {
		path = escapePath(path) // all but S3 escape twice
	} else if plain, err := url.PathUnescape(path); err == nil {
		path = escapePath(plain)
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + cmp.Or(path, "/") + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
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
