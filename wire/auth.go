package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What a Credentials answers for keys that it cannot vouch for.
var (
	ErrUnknownKey = errors.New("wire: unknown access key")
	ErrExpiredKey = errors.New("wire: expired session")
)

// authKind is a way in which a request is not who it says.
type authKind int

const (
	authMissing authKind = iota
	authIncomplete
	authQuery  // a presigned URL is incomplete
	authScheme // neither SigV4 nor nothing
	authUnknown
	authExpiredToken
	authMismatch
	authSkewed
	authExpiredURL
)

// authFailure is an error of authentication before the protocol words it.
type authFailure struct {
	kind authKind
	text string // more to say than the protocol's text
}

func (f authFailure) Error() string { return "authentication failed: " + f.text }

const mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Sources: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
var (
	jsonAuthErrors = map[authKind]Error{
		authMissing:      {Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"},
		authIncomplete:   {Code: "IncompleteSignatureException"},
		authQuery:        {Code: "IncompleteSignatureException"},
		authScheme:       {Code: "IncompleteSignatureException", Message: "Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256"},
		authUnknown:      {Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."},
		authExpiredToken: {Code: "ExpiredTokenException", Message: "The security token included in the request is expired"},
		authMismatch:     {Code: "InvalidSignatureException", Message: mismatchText},
		authSkewed:       {Code: "InvalidSignatureException"},
		authExpiredURL:   {Code: "InvalidSignatureException"},
	}
	queryAuthErrors = map[authKind]Error{
		authMissing:      {Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: 403},
		authIncomplete:   {Code: "IncompleteSignature", Status: 400},
		authQuery:        {Code: "IncompleteSignature", Status: 400},
		authScheme:       {Code: "IncompleteSignature", Message: "Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256", Status: 400},
		authUnknown:      {Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Status: 403},
		authExpiredToken: {Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403},
		authMismatch:     {Code: "SignatureDoesNotMatch", Message: mismatchText, Status: 403},
		authSkewed:       {Code: "SignatureDoesNotMatch", Status: 403},
		authExpiredURL:   {Code: "SignatureDoesNotMatch", Status: 403},
	}
	s3AuthErrors = map[authKind]Error{
		authMissing:      {Code: "AccessDenied", Message: "Access Denied", Status: 403},
		authIncomplete:   {Code: "AuthorizationHeaderMalformed", Message: "The authorization header that you provided is not valid.", Status: 400},
		authQuery:        {Code: "AuthorizationQueryParametersError", Status: 400},
		authScheme:       {Code: "InvalidRequest", Message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.", Status: 400},
		authUnknown:      {Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records.", Status: 403},
		authExpiredToken: {Code: "ExpiredToken", Message: "The provided token has expired.", Status: 400},
		authMismatch:     {Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", Status: 403},
		authSkewed:       {Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the server's time is too large.", Status: 403},
		authExpiredURL:   {Code: "AccessDenied", Message: "Request has expired", Status: 403},
	}
)

// authError words a failure in the request's protocol.
func (c *call) authError(err error) error {
	var f authFailure
	if !errors.As(err, &f) {
		return err
	}
	var e Error
	switch c.proto {
	case RESTXML:
		e = s3AuthErrors[f.kind]
	case Query:
		e = queryAuthErrors[f.kind]
	default:
		e = jsonAuthErrors[f.kind]
		e.Status = http.StatusBadRequest
		if c.proto == RESTJSON {
			e.Status = http.StatusForbidden
		}
	}
	e.Message = or(e.Message, f.text)
	return &e
}

// authenticate finds who sends the request. A key that is known must have signed
// it; one that is not passes as root unless keys are required or a page of another
// site sends it. A presigned URL that has expired never passes.
func (c *call) authenticate() error {
	if p, ok := c.ctx.Value(principalKey{}).(Principal); ok {
		c.req.Principal = p
		return nil
	}
	if c.sig == nil && c.r.Method == http.MethodOptions {
		c.req.Principal = Principal{} // a browser's preflight is never signed
		return nil
	}
	if c.sig == nil {
		if c.cfg.Require || c.forged() {
			return c.authError(authFailure{kind: authMissing})
		}
		return nil
	}
	c.req.AccessKey, c.req.Presigned = c.sig.accessKey, c.sig.presigned
	now := time.Now()
	if !c.sig.end.IsZero() && now.After(c.sig.end) {
		return c.authError(authFailure{authExpiredURL, "Signature expired: " + c.sig.date + " is now earlier than " + now.UTC().Format(amzDate)})
	}
	secret, token, p, err := c.lookup()
	switch {
	case errors.Is(err, ErrUnknownKey):
		if c.cfg.Require || c.forged() {
			return c.authError(authFailure{kind: authUnknown})
		}
		return nil
	case errors.Is(err, ErrExpiredKey):
		return c.authError(authFailure{kind: authExpiredToken})
	case err != nil:
		return err
	case token != c.sig.token:
		return c.authError(authFailure{kind: authUnknown})
	}
	if err := c.sig.current(now, c.proto); err != nil {
		return c.authError(err)
	}
	return c.admit(secret, p)
}

// forged reports whether a page of another site may have had a browser send the
// request, which reaches a runtime that the page itself cannot. Browsers ask before
// they send any other (https://fetch.spec.whatwg.org/#cors-safelisted-method); of
// those that they do not ask for, reading objects alone is harmless, since the page
// is not shown them.
func (c *call) forged() bool {
	if c.r.Header.Get("Sec-Fetch-Site") != "cross-site" || c.r.Header.Get("Authorization") != "" {
		return false
	}
	return c.r.Method == http.MethodPost || c.r.Method == http.MethodGet && c.proto != RESTXML
}

func (c *call) lookup() (secret, token string, p Principal, err error) {
	if c.cfg.Credentials == nil {
		return "", "", Principal{}, ErrUnknownKey
	}
	return c.cfg.Credentials.Lookup(c.ctx, c.sig.accessKey)
}

// admit makes the request p's if the secret signed it.
func (c *call) admit(secret string, p Principal) error {
	ok, err := c.verify(secret)
	if err != nil {
		return err
	}
	if !ok {
		return c.authError(authFailure{kind: authMismatch})
	}
	c.req.Principal = p
	return nil
}

// verify reports whether the signature is the secret's.
func (c *call) verify(secret string) (bool, error) {
	if c.sig.v2 {
		return c.sig.verifyV2(c.r, secret, c.match.host), nil
	}
	if !slices.Contains(c.sig.headers, "host") {
		return false, nil
	}
	c.sig.setSecret(secret)
	payload, err := c.payloadHash()
	if err != nil {
		return false, err
	}
	return c.sig.verify(c.r, payload), nil
}

// payloadHash is the body's hash as it was signed. Where the request does not state
// it the body must be read for it.
func (c *call) payloadHash() (string, error) {
	if h := c.r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		return h, nil
	}
	if c.proto == RESTXML {
		if c.sig.presigned {
			return unsignedSHA, nil
		}
		return "", &Error{Code: "InvalidRequest", Message: "Missing required header for this request: x-amz-content-sha256"}
	}
	b, err := c.raw()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// verifyHash checks a body that was read whole against the hash that was signed.
func (c *call) verifyHash(b []byte) error {
	want := c.r.Header.Get("X-Amz-Content-Sha256")
	if len(want) != sha256.Size*2 {
		return nil
	}
	sum := sha256.Sum256(b)
	if strings.EqualFold(hex.EncodeToString(sum[:]), want) {
		return nil
	}
	if c.proto == RESTXML {
		return ErrSHA256Mismatch
	}
	return c.authError(authFailure{kind: authMismatch})
}

// current checks that a signature's time is near the server's. S3 allows 15 minutes,
// all others 5. A presigned URL may be older: it has an end.
func (s *signature) current(now time.Time, p Protocol) error {
	allowed := 5 * time.Minute
	if p == RESTXML {
		allowed = 15 * time.Minute
	}
	first, last := now.Add(-allowed), now.Add(allowed)
	at := func(t time.Time) string { return t.UTC().Format(amzDate) }
	switch {
	case s.end.IsZero() && s.time.Before(first):
		return authFailure{authSkewed, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)", s.date, at(first), at(now), allowed/time.Minute)}
	case s.time.After(last):
		return authFailure{authSkewed, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)", s.date, at(last), at(now), allowed/time.Minute)}
	}
	return nil
}
