package iotmessages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A badRow is a line of a report.
type badRow struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	Row    string `json:"row"`
}

// reportKey names the report of one version of a file, so that a second attempt
// writes it again instead of another. It does not end in .csv, which would make
// it a file to load.
func reportKey(key, version string) string {
	const longest = 1024 // bytes in a key (S3 User Guide, naming objects)
	name := "errors/" + key + "/" + version + ".ndjson"
	if len(name) > longest {
		sum := sha256.Sum256([]byte(key))
		name = "errors/" + hex.EncodeToString(sum[:]) + "/" + version + ".ndjson"
	}
	return name
}

// partSize is how much of a report is held before it is uploaded. Every part of
// an upload but the last must have 5 MiB, and there may be 10,000 (S3 User
// Guide, multipart upload limits): room for 80 GB of bad rows.
const partSize = 8 << 20

// A report is the bad rows of one file as an object of newline-delimited JSON.
// It is written when it is closed, and only if there are any.
type report struct {
	client *s3.Client
	bucket string
	key    string

	mu     sync.Mutex // rows come from the file and from the queue
	rows   int
	buf    bytes.Buffer
	upload *string // the upload ID, when the report is too large for one part
	parts  []types.CompletedPart
}

func newReport(client *s3.Client, bucket, key string) *report {
	return &report{client: client, bucket: bucket, key: key}
}

// add appends a row. Only every few MiB does it call S3 and can fail.
func (r *report) add(ctx context.Context, row badRow) error {
	row.Row = strings.ToValidUTF8(row.Row, "\uFFFD")
	line, err := encode(row)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows++
	r.buf.Write(line)
	if r.buf.Len() < partSize {
		return nil
	}
	return r.uploadPart(ctx)
}

// close writes what add has collected.
func (r *report) close(ctx context.Context) error {
	if r.rows == 0 {
		return nil
	}
	if r.upload == nil {
		_, err := r.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &r.bucket, Key: &r.key, ContentType: &ndjson, Body: bytes.NewReader(r.buf.Bytes()),
		})
		return err
	}
	if r.buf.Len() > 0 {
		if err := r.uploadPart(ctx); err != nil {
			return err
		}
	}
	_, err := r.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &r.bucket, Key: &r.key, UploadId: r.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: r.parts},
	})
	return err
}

// abort drops the parts of a report whose file will be read again.
func (r *report) abort(ctx context.Context) error {
	if r.upload == nil {
		return nil
	}
	_, err := r.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &r.bucket, Key: &r.key, UploadId: r.upload})
	return err
}

func (r *report) uploadPart(ctx context.Context) error {
	if r.upload == nil {
		out, err := r.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &r.bucket, Key: &r.key, ContentType: &ndjson})
		if err != nil {
			return err
		}
		r.upload = out.UploadId
	}
	number := aws.Int32(int32(len(r.parts) + 1))
	out, err := r.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &r.bucket, Key: &r.key, UploadId: r.upload, PartNumber: number, Body: bytes.NewReader(r.buf.Bytes()),
	})
	if err != nil {
		return err
	}
	r.parts = append(r.parts, types.CompletedPart{
		PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32,
	})
	r.buf.Reset()
	return nil
}

var ndjson = "application/x-ndjson"
