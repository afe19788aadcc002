package main

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const partSize = 8 << 20

// uploadStream uploads what r has in parts, as `aws s3 cp` does with a large file.
func uploadStream(ctx context.Context, client *s3.Client, bucket, key string, r io.Reader) error {
	made, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	parts, err := uploadParts(ctx, client, made, r)
	if err != nil {
		return err
	}
	_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId, MultipartUpload: parts})
	return err
}

// uploadParts sends what r has, a part at a time.
func uploadParts(ctx context.Context, client *s3.Client, made *s3.CreateMultipartUploadOutput, r io.Reader) (*s3types.CompletedMultipartUpload, error) {
	parts := new(s3types.CompletedMultipartUpload)
	buf := make([]byte, partSize)
	for number := int32(1); ; number++ {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			out, err := client.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: made.Bucket, Key: made.Key, UploadId: made.UploadId,
				PartNumber: aws.Int32(number), Body: bytes.NewReader(buf[:n]),
			})
			if err != nil {
				return nil, err
			}
			parts.Parts = append(parts.Parts, s3types.CompletedPart{PartNumber: aws.Int32(number), ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
