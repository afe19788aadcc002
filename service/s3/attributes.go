package s3

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/wire"
)

// maxMetadata is the limit of user metadata: the bytes of all names and values
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
const maxMetadata = 2 << 10

// defaultContentType is that of an object whose client names none.
const defaultContentType = "binary/octet-stream"

// The three inputs that describe an object have the same members.

func putAttributes(ctx context.Context, in *s3.PutObjectInput) (attributes, error) {
	return newAttributes(attributes{
		ContentType: deref(in.ContentType), CacheControl: deref(in.CacheControl),
		ContentDisposition: deref(in.ContentDisposition), ContentEncoding: deref(in.ContentEncoding),
		ContentLanguage: deref(in.ContentLanguage), Expires: expires(ctx, in.Expires),
		Redirect: deref(in.WebsiteRedirectLocation), StorageClass: string(in.StorageClass),
		Metadata: in.Metadata,
	}, in.Tagging)
}

func copyAttributes(ctx context.Context, in *s3.CopyObjectInput) (attributes, error) {
	return newAttributes(attributes{
		ContentType: deref(in.ContentType), CacheControl: deref(in.CacheControl),
		ContentDisposition: deref(in.ContentDisposition), ContentEncoding: deref(in.ContentEncoding),
		ContentLanguage: deref(in.ContentLanguage), Expires: expires(ctx, in.Expires),
		Redirect: deref(in.WebsiteRedirectLocation), StorageClass: string(in.StorageClass),
		Metadata: in.Metadata,
	}, in.Tagging)
}

func uploadAttributes(ctx context.Context, in *s3.CreateMultipartUploadInput) (attributes, error) {
	return newAttributes(attributes{
		ContentType: deref(in.ContentType), CacheControl: deref(in.CacheControl),
		ContentDisposition: deref(in.ContentDisposition), ContentEncoding: deref(in.ContentEncoding),
		ContentLanguage: deref(in.ContentLanguage), Expires: expires(ctx, in.Expires),
		Redirect: deref(in.WebsiteRedirectLocation), StorageClass: string(in.StorageClass),
		Metadata: in.Metadata,
	}, in.Tagging)
}

// expires is the Expires header as the client wrote it, a date or not.
func expires(ctx context.Context, t *time.Time) string {
	if raw := wire.RequestOf(ctx).Header.Get("Expires"); raw != "" {
		return raw
	}
	if t != nil {
		return t.UTC().Format(http.TimeFormat)
	}
	return ""
}

// newAttributes checks a and gives it the form in which it is kept.
func newAttributes(a attributes, tagging *string) (attributes, error) {
	if a.ContentType == "" {
		a.ContentType = defaultContentType
	}
	a.ContentEncoding = withoutChunked(a.ContentEncoding)
	if err := checkStorageClass(a.StorageClass); err != nil {
		return a, err
	}
	if a.StorageClass == string(types.StorageClassStandard) {
		a.StorageClass = ""
	}
	if r := a.Redirect; r != "" && !strings.HasPrefix(r, "/") && !strings.HasPrefix(r, "http://") && !strings.HasPrefix(r, "https://") {
		return a, invalidArgument("The website redirect location must have a prefix of 'http://' or 'https://' or '/'.", "x-amz-website-redirect-location", r)
	}
	var err error
	if a.Metadata, err = lowerMetadata(a.Metadata); err != nil {
		return a, err
	}
	a.Tags, err = parseTagging(deref(tagging))
	return a, err
}

// withoutChunked takes out aws-chunked, which says how a request was sent and
// nothing of the object.
func withoutChunked(encoding string) string {
	if !strings.Contains(encoding, "aws-chunked") {
		return encoding
	}
	all := strings.Split(encoding, ",")
	all = slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "aws-chunked" })
	return strings.TrimSpace(strings.Join(all, ","))
}

func checkStorageClass(class string) error {
	c := types.StorageClass(class)
	switch c {
	case "", types.StorageClassStandard, types.StorageClassReducedRedundancy, types.StorageClassStandardIa,
		types.StorageClassOnezoneIa, types.StorageClassIntelligentTiering, types.StorageClassGlacierIr:
		return nil
	}
	if slices.Contains(c.Values(), c) {
		return notImplemented("X-Amz-Storage-Class")
	}
	return fail("InvalidStorageClass", "The storage class you specified is not valid", "StorageClassRequested", class)
}

func lowerMetadata(m map[string]string) (map[string]string, error) {
	if len(m) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(m))
	size := 0
	for k, v := range m {
		out[strings.ToLower(k)] = v
		size += len(k) + len(v)
	}
	if size > maxMetadata {
		return nil, fail("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
			"Size", strconv.Itoa(size), "MaxSizeAllowed", strconv.Itoa(maxMetadata))
	}
	return out, nil
}

// Limits of tags (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html).
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128 // characters
	maxTagValue   = 256
)

// parseTagging reads the x-amz-tagging header: URL query parameters.
func parseTagging(header string) ([]tag, error) {
	if header == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(header)
	bad := invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", header)
	if err != nil || !utf8.ValidString(header) {
		return nil, bad
	}
	var set []types.Tag
	for k, v := range values {
		if len(v) != 1 {
			return nil, bad
		}
		set = append(set, types.Tag{Key: &k, Value: &v[0]})
	}
	slices.SortFunc(set, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return tagsOf(set, maxObjectTags)
}

// tagsOf checks a set of tags.
func tagsOf(set []types.Tag, limit int) ([]tag, error) {
	if len(set) > limit {
		what := "Object tags cannot be greater than 10"
		if limit == maxBucketTags {
			what = "Bucket tag count cannot be greater than 50"
		}
		return nil, fail("BadRequest", what)
	}
	seen := make(map[string]bool, len(set))
	tags := make([]tag, 0, len(set))
	for _, t := range set {
		k, v := deref(t.Key), deref(t.Value)
		switch {
		case t.Key == nil || t.Value == nil:
			return nil, malformedXML()
		case !validTag(k, 1, maxTagKey) || strings.HasPrefix(strings.ToLower(k), "aws:"):
			return nil, fail("InvalidTag", "The TagKey you have provided is invalid", "TagKey", k)
		case !validTag(v, 0, maxTagValue):
			return nil, fail("InvalidTag", "The TagValue you have provided is invalid", "TagKey", k, "TagValue", v)
		case seen[k]:
			return nil, fail("InvalidTag", "Cannot provide multiple Tags with the same key", "TagKey", k)
		}
		seen[k] = true
		tags = append(tags, tag{k, v})
	}
	return tags, nil
}

func validTag(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	if n < least || n > most || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func tagSet(tags []tag) []types.Tag {
	set := make([]types.Tag, len(tags))
	for i := range tags {
		set[i] = types.Tag{Key: &tags[i].Key, Value: &tags[i].Value}
	}
	return set
}
