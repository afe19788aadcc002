package wire

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/runnel/runnel/wire/sign"
)

// What a Credentials answers for keys that it cannot vouch for.
var (
	ErrUnknownKey = errors.New("wire: unknown access key")
	ErrExpiredKey = errors.New("wire: expired session")
)

const mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Sources: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
var (
	jsonAuthErrors = map[sign.Kind]Error{
		sign.Missing:      {Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"},
		sign.Incomplete:   {Code: "IncompleteSignatureException"},
		sign.Query:        {Code: "IncompleteSignatureException"},
		sign.Scheme:       {Code: "IncompleteSignatureException", Message: "Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256"},
		sign.Unknown:      {Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."},
		sign.ExpiredToken: {Code: "ExpiredTokenException", Message: "The security token included in the request is expired"},
		sign.Mismatch:     {Code: "InvalidSignatureException", Message: mismatchText},
		sign.Skewed:       {Code: "InvalidSignatureException"},
		sign.ExpiredURL:   {Code: "InvalidSignatureException"},
	}
	queryAuthErrors = map[sign.Kind]Error{
		sign.Missing:      {Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: 403},
		sign.Incomplete:   {Code: "IncompleteSignature", Status: 400},
		sign.Query:        {Code: "IncompleteSignature", Status: 400},
		sign.Scheme:       {Code: "IncompleteSignature", Message: "Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256", Status: 400},
		sign.Unknown:      {Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Status: 403},
		sign.ExpiredToken: {Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403},
		sign.Mismatch:     {Code: "SignatureDoesNotMatch", Message: mismatchText, Status: 403},
		sign.Skewed:       {Code: "SignatureDoesNotMatch", Status: 403},
		sign.ExpiredURL:   {Code: "SignatureDoesNotMatch", Status: 403},
	}
	s3AuthErrors = map[sign.Kind]Error{
		sign.Missing:      {Code: "AccessDenied", Message: "Access Denied", Status: 403},
		sign.Incomplete:   {Code: "AuthorizationHeaderMalformed", Message: "The authorization header that you provided is not valid.", Status: 400},
		sign.Query:        {Code: "AuthorizationQueryParametersError", Status: 400},
		sign.Scheme:       {Code: "InvalidRequest", Message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.", Status: 400},
		sign.Unknown:      {Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records.", Status: 403},
		sign.ExpiredToken: {Code: "ExpiredToken", Message: "The provided token has expired.", Status: 400},
		sign.Mismatch:     {Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", Status: 403},
		sign.Skewed:       {Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the server's time is too large.", Status: 403},
		sign.ExpiredURL:   {Code: "AccessDenied", Message: "Request has expired", Status: 403},
	}
)

// authError words a failure in the request's protocol.
func (c *call) authError(err error) error {
	var f *sign.Error
	if !errors.As(err, &f) {
		return err
	}
	var e Error
	switch c.proto {
	case RESTXML:
		e = s3AuthErrors[f.Kind]
	case Query:
		e = queryAuthErrors[f.Kind]
	default:
		e = jsonAuthErrors[f.Kind]
		e.Status = http.StatusBadRequest
		if c.proto == RESTJSON {
			e.Status = http.StatusForbidden
		}
	}
	e.Message = cmp.Or(e.Message, f.Text)
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
			return c.authError(&sign.Error{Kind: sign.Missing})
		}
		return nil
	}
	c.req.AccessKey, c.req.Presigned = c.sig.AccessKey, c.sig.Presigned
	now := time.Now()
	if err := c.sig.Expired(now); err != nil {
		return c.authError(err)
	}
	secret, token, p, err := c.lookup()
	switch {
	case errors.Is(err, ErrUnknownKey):
		if c.cfg.Require || c.forged() {
			return c.authError(&sign.Error{Kind: sign.Unknown})
		}
		return nil
	case errors.Is(err, ErrExpiredKey):
		return c.authError(&sign.Error{Kind: sign.ExpiredToken})
	case err != nil:
		return err
	case token != c.sig.Token:
		return c.authError(&sign.Error{Kind: sign.Unknown})
	}
	if err := c.sig.Current(now, c.skew()); err != nil {
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
	return c.cfg.Credentials.Lookup(c.ctx, c.sig.AccessKey)
}

// admit makes the request p's if the secret signed it.
func (c *call) admit(secret string, p Principal) error {
	ok, err := c.verify(secret)
	if err != nil {
		return err
	}
	if !ok {
		return c.authError(&sign.Error{Kind: sign.Mismatch})
	}
	c.req.Principal = p
	return nil
}

// verify reports whether the signature is the secret's.
func (c *call) verify(secret string) (bool, error) {
	if c.sig.V2() {
		return c.sig.VerifyV2(c.r, secret, c.match.host), nil
	}
	payload, err := c.payloadHash()
	if err != nil {
		return false, err
	}
	return c.sig.Verify(c.r, secret, payload), nil
}

// skew is how far a signature's time may be from the server's: S3 allows 15 minutes,
// all others 5.
func (c *call) skew() time.Duration {
	if c.proto == RESTXML {
		return 15 * time.Minute
	}
	return 5 * time.Minute
}

// payloadHash is the body's hash as it was signed. Where the request does not state
// it the body must be read for it.
func (c *call) payloadHash() (string, error) {
	if h := c.r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		return h, nil
	}
	if c.proto == RESTXML {
		if c.sig.Presigned {
			return sign.Unsigned, nil
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
	return c.authError(&sign.Error{Kind: sign.Mismatch})
}
