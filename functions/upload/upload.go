// Package upload writes objects whose size nobody knows when they are begun.
package upload

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// partSize is how much of an object is held before it is uploaded. Every part of
// an upload but the last must have 5 MiB, and there may be 10,000 (S3 User
// Guide, multipart upload limits): room for 80 GB.
const partSize = 8 << 20

// An Upload is an object that is being written. It appears, whole, when it is
// closed.
type Upload struct {
	Bucket, Key, ContentType string
	// Metadata may be set until the object is closed, but what is not there
	// before the first part goes to S3 does not come to a large object.
	Metadata map[string]string
	// IfMatch is the ETag, with its quotes, that the object under the key
	// must have when this one takes its place; IfNoneMatch of "*" is that
	// there is none. Closing fails with PreconditionFailed,
	// ConditionalRequestConflict or NoSuchKey otherwise (S3 User Guide,
	// conditional writes).
	IfMatch, IfNoneMatch *string

	// Of the object, from Close on; there is a VersionID if the bucket has
	// versions.
	ETag, VersionID string

	client *s3.Client
	size   int64
	buf    bytes.Buffer
	id     *string // the upload's, when the object is too large for one part
	parts  []types.CompletedPart
}

// New begins an object. It calls nobody yet.
func New(client *s3.Client, bucket, key, contentType string) *Upload {
	return &Upload{Bucket: bucket, Key: key, ContentType: contentType, client: client}
}

// Size is what was written so far, in bytes.
func (u *Upload) Size() int64 { return u.size }

// Write appends. Only every few MiB does it call S3 and can fail.
func (u *Upload) Write(ctx context.Context, p []byte) error {
	u.size += int64(len(p))
	u.buf.Write(p)
	if u.buf.Len() < partSize {
		return nil
	}
	return u.part(ctx)
}

// Close makes the object.
func (u *Upload) Close(ctx context.Context) error {
	if u.id == nil {
		return u.put(ctx)
	}
	if u.buf.Len() > 0 {
		if err := u.part(ctx); err != nil {
			return err
		}
	}
	out, err := u.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.Bucket, Key: &u.Key, UploadId: u.id, IfMatch: u.IfMatch, IfNoneMatch: u.IfNoneMatch,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	if err != nil {
		return err
	}
	u.id = nil
	u.made(out.ETag, out.VersionId)
	return nil
}

// put makes an object of one part.
func (u *Upload) put(ctx context.Context) error {
	out, err := u.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.Bucket, Key: &u.Key, ContentType: &u.ContentType, Metadata: u.Metadata,
		IfMatch: u.IfMatch, IfNoneMatch: u.IfNoneMatch, Body: bytes.NewReader(u.buf.Bytes()),
	})
	if err != nil {
		return err
	}
	u.made(out.ETag, out.VersionId)
	return nil
}

func (u *Upload) made(etag, version *string) {
	u.ETag, u.VersionID = aws.ToString(etag), aws.ToString(version)
}

// Abort drops what was written, unless it was closed.
func (u *Upload) Abort(ctx context.Context) error {
	if u.id == nil {
		return nil
	}
	_, err := u.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.Bucket, Key: &u.Key, UploadId: u.id})
	return err
}

func (u *Upload) part(ctx context.Context) error {
	if u.id == nil {
		out, err := u.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &u.Bucket, Key: &u.Key, ContentType: &u.ContentType, Metadata: u.Metadata,
		})
		if err != nil {
			return err
		}
		u.id = out.UploadId
	}
	number := aws.Int32(int32(len(u.parts) + 1))
	out, err := u.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.Bucket, Key: &u.Key, UploadId: u.id, PartNumber: number, Body: bytes.NewReader(u.buf.Bytes()),
	})
	if err != nil {
		return err
	}
	u.parts = append(u.parts, types.CompletedPart{
		PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32,
	})
	u.buf.Reset()
	return nil
}
