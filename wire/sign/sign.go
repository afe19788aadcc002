// Package sign verifies the signatures of requests to AWS: Signature Version 4, in the
// header and in the URL (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html),
// that of the chunks of aws-chunked bodies, and Signature Version 2 in URLs, which
// S3's older clients write.
//
// What it finds wrong it says by a [Kind], since each protocol has its own words for
// it.
package sign

import (
	"fmt"
	"time"
)

// Kind is a way in which a request is not who it says.
type Kind int

// The kinds. Those that no signature tells are for who looks up keys.
const (
	Missing    Kind = iota // there is no signature
	Incomplete             // a part of it is missing or malformed
	Query                  // a presigned URL is incomplete
	Scheme                 // it is none of the schemes here
	Unknown                // nobody has the key
	ExpiredToken
	Mismatch
	Skewed // it was made at another time
	ExpiredURL
)

// Error says what is wrong with a signature.
type Error struct {
	Kind Kind
	Text string // as AWS says it; empty where the protocols differ
}

func (e *Error) Error() string { return "authentication failed: " + e.Text }

// Expired checks that a presigned URL has not come to its end.
func (s *Signature) Expired(now time.Time) error {
	if s.End.IsZero() || !now.After(s.End) {
		return nil
	}
	return &Error{ExpiredURL, "Signature expired: " + s.Date + " is now earlier than " + now.UTC().Format(amzDate)}
}

// Current checks that the signature was made within some minutes of now. A presigned
// URL may be older: it has an end.
func (s *Signature) Current(now time.Time, allowed time.Duration) error {
	first, last := now.Add(-allowed), now.Add(allowed)
	at := func(t time.Time) string { return t.UTC().Format(amzDate) }
	switch {
	case s.End.IsZero() && s.time.Before(first):
		return &Error{Skewed, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)", s.Date, at(first), at(now), allowed/time.Minute)}
	case s.time.After(last):
		return &Error{Skewed, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)", s.Date, at(last), at(now), allowed/time.Minute)}
	}
	return nil
}
