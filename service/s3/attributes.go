package s3

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/tag"
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
		return a, fault.InvalidArgument("The website redirect location must have a prefix of 'http://' or 'https://' or '/'.", "x-amz-website-redirect-location", r)
	}
	var err error
	if a.Metadata, err = lowerMetadata(a.Metadata); err != nil {
		return a, err
	}
	a.Tags, err = tag.Parse(deref(tagging))
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
		return fault.NotImplemented("X-Amz-Storage-Class")
	}
	return fault.New("InvalidStorageClass", "The storage class you specified is not valid", "StorageClassRequested", class)
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
		return nil, fault.New("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
			"Size", strconv.Itoa(size), "MaxSizeAllowed", strconv.Itoa(maxMetadata))
	}
	return out, nil
}
