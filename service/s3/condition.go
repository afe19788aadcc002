package s3

import (
	"net/http"
	"strings"
	"time"

	"github.com/runnel/runnel/service/s3/fault"
)

// conditions are those of a read
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html).
type conditions struct {
	match, noneMatch               *string
	modifiedSince, unmodifiedSince *time.Time
}

// unmet gives the header of the condition that o does not meet, or "". ETags
// outweigh times, as RFC 9110, section 13.2.2 has it.
func (c conditions) unmet(o *object) string {
	switch {
	case c.match != nil:
		if !matches(*c.match, o.etag) {
			return "If-Match"
		}
	case c.unmodifiedSince != nil:
		if o.modified.After(*c.unmodifiedSince) {
			return "If-Unmodified-Since"
		}
	}
	switch {
	case c.noneMatch != nil:
		if matches(*c.noneMatch, o.etag) {
			return "If-None-Match"
		}
	case c.modifiedSince != nil:
		if !o.modified.After(*c.modifiedSince) {
			return "If-Modified-Since"
		}
	}
	return ""
}

// checkRead fails with PreconditionFailed or NotModified.
func (c conditions) checkRead(o *object) error {
	switch unmet := c.unmet(o); unmet {
	case "":
		return nil
	case "If-None-Match", "If-Modified-Since":
		return notModified(o)
	default:
		return fault.PreconditionFailed(unmet)
	}
}

// notModified is no failure, but ends a read as one does. It says what a cache
// may do with the copy that the client has (RFC 9110, section 15.4.5).
func notModified(o *object) error {
	e := fault.New("NotModified", "Not Modified")
	e.Headers = map[string]string{
		"ETag":          *quote(o.etag),
		"Last-Modified": o.modified.Format(http.TimeFormat),
	}
	for name, value := range map[string]string{"Cache-Control": o.CacheControl, "Expires": o.Expires} {
		if value != "" {
			e.Headers[name] = value
		}
	}
	return e
}

// checkSource is for the source of a copy, where all that is not met is
// PreconditionFailed.
func (c conditions) checkSource(o *object) error {
	if unmet := c.unmet(o); unmet != "" {
		return fault.PreconditionFailed("x-amz-copy-source-" + unmet)
	}
	return nil
}

// matches reports whether a list of ETags, or *, has etag. Quotes may be
// missing: S3 takes them so.
func matches(list, etag string) bool {
	for s := range strings.SplitSeq(list, ",") {
		s = strings.TrimPrefix(strings.TrimSpace(s), "W/")
		if s == "*" || strings.Trim(s, `"`) == etag {
			return true
		}
	}
	return false
}

// checkWrite holds a write to If-Match and If-None-Match; old is nil where no
// object is (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
// It is asked in the transaction that writes, so nothing comes in between, and
// there is no 409 ConditionalRequestConflict.
func checkWrite(old *object, key string, match, noneMatch *string) error {
	switch {
	case noneMatch != nil && strings.TrimSpace(*noneMatch) != "*":
		return fault.NotImplemented("If-None-Match")
	case noneMatch != nil && match != nil:
		return fault.NotImplemented("If-Match")
	case noneMatch != nil && old != nil:
		return fault.PreconditionFailed("If-None-Match")
	case match != nil && strings.TrimSpace(*match) == "*":
		return fault.NotImplemented("If-Match")
	case match != nil && old == nil:
		return fault.NoSuchKey(key)
	case match != nil && !matches(*match, old.etag):
		return fault.PreconditionFailed("If-Match")
	}
	return nil
}
