package s3

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
)

// GetObject reads an object or a part of it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
func (s *Service) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	if err := checkGet(in); err != nil {
		return nil, err
	}
	r, err := s.open(ctx, place{*in.Bucket, *in.Key}, selectGet(in))
	if err != nil {
		return nil, err
	}
	h := head(r, in)
	return &s3.GetObjectOutput{
		Body:         r.body,
		AcceptRanges: h.AcceptRanges, CacheControl: h.CacheControl, ChecksumCRC32: h.ChecksumCRC32,
		ChecksumCRC32C: h.ChecksumCRC32C, ChecksumCRC64NVME: h.ChecksumCRC64NVME, ChecksumSHA1: h.ChecksumSHA1,
		ChecksumSHA256: h.ChecksumSHA256, ChecksumSHA512: h.ChecksumSHA512, ChecksumType: h.ChecksumType, ContentDisposition: h.ContentDisposition,
		ContentEncoding: h.ContentEncoding, ContentLanguage: h.ContentLanguage, ContentLength: h.ContentLength,
		ContentRange: h.ContentRange, ContentType: h.ContentType, ETag: h.ETag, ExpiresString: h.ExpiresString,
		LastModified: h.LastModified, Metadata: h.Metadata, PartsCount: h.PartsCount,
		ServerSideEncryption: h.ServerSideEncryption, StorageClass: h.StorageClass, TagCount: h.TagCount,
		WebsiteRedirectLocation: h.WebsiteRedirectLocation,
	}, nil
}

// HeadObject tells what GetObject would, without the body. A failure has a
// status and no text
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
func (s *Service) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	get := s3.GetObjectInput(*in)
	if err := checkGet(&get); err != nil {
		return nil, err
	}
	r, err := s.look(ctx, place{*in.Bucket, *in.Key}, selectGet(&get))
	if err != nil {
		return nil, err
	}
	return head(r, &get), nil
}

func checkGet(in *s3.GetObjectInput) error {
	if err := keys.Check(deref(in.Key)); err != nil {
		return err
	}
	if in.Range != nil && in.PartNumber != nil {
		return fault.InvalidRequest("Cannot specify both Range header and partNumber query parameter")
	}
	return checkVersion(in.VersionId)
}

// selectGet is the selector of what in asks for, its conditions included.
func selectGet(in *s3.GetObjectInput) selector {
	c := conditions{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince}
	return func(o *object) (span, bool, error) {
		if err := c.checkRead(o); err != nil {
			return span{}, false, err
		}
		if in.PartNumber != nil {
			r, err := o.partSpan(*in.PartNumber)
			return r, true, err
		}
		r, ok, err := parseRange(deref(in.Range), o.size)
		if err != nil || ok {
			return r, true, err
		}
		return span{0, o.size}, false, nil
	}
}

// head describes what was read.
func head(r *reading, in *s3.GetObjectInput) *s3.HeadObjectOutput {
	accept := "bytes"
	out := &s3.HeadObjectOutput{
		AcceptRanges:            &accept,
		CacheControl:            override(in.ResponseCacheControl, r.CacheControl),
		ContentDisposition:      override(in.ResponseContentDisposition, r.ContentDisposition),
		ContentEncoding:         override(in.ResponseContentEncoding, r.ContentEncoding),
		ContentLanguage:         override(in.ResponseContentLanguage, r.ContentLanguage),
		ContentLength:           &r.n,
		ContentType:             override(in.ResponseContentType, r.ContentType),
		ETag:                    quote(r.etag),
		ExpiresString:           orNil(r.Expires),
		LastModified:            &r.modified,
		Metadata:                r.Metadata,
		ServerSideEncryption:    types.ServerSideEncryptionAes256,
		StorageClass:            types.StorageClass(r.StorageClass),
		WebsiteRedirectLocation: orNil(r.Redirect),
	}
	if t := in.ResponseExpires; t != nil {
		out.ExpiresString = orNil(t.UTC().Format(http.TimeFormat))
	}
	if n := int32(len(r.Tags)); n > 0 {
		out.TagCount = &n
	}
	if r.partial && r.n > 0 {
		out.ContentRange = orNil(r.contentRange(r.size))
	}
	if n := int32(len(r.parts)); in.PartNumber != nil && r.multipart() {
		out.PartsCount = &n
	}
	if in.ChecksumMode == types.ChecksumModeEnabled && !r.partial {
		out.ChecksumType = r.sum.Kind
		r.sum.Show(out)
	}
	return out
}

func override(by *string, own string) *string {
	if by != nil {
		return by
	}
	return orNil(own)
}
