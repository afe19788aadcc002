package buckets

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/tag"
)

// PutBucketTagging puts a set of tags in place of the bucket's.
func (s *Service) PutBucketTagging(ctx context.Context, in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, fault.MalformedXML()
	}
	tags, err := tag.Of(in.Tagging.TagSet, tag.MaxBucket)
	if err != nil {
		return nil, err
	}
	return &s3.PutBucketTaggingOutput{}, s.putConfig(ctx, in.Bucket, configTagging, tags)
}

// GetBucketTagging gives the bucket's tags; a bucket without any has no set.
func (s *Service) GetBucketTagging(ctx context.Context, in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	var tags []tag.Tag
	found, err := s.getConfig(ctx, in.Bucket, configTagging, &tags)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New("NoSuchTagSet", "The TagSet does not exist", "BucketName", *in.Bucket)
	}
	return &s3.GetBucketTaggingOutput{TagSet: tag.Set(tags)}, nil
}

// DeleteBucketTagging takes all tags off the bucket.
func (s *Service) DeleteBucketTagging(ctx context.Context, in *s3.DeleteBucketTaggingInput) (*s3.DeleteBucketTaggingOutput, error) {
	return &s3.DeleteBucketTaggingOutput{}, s.deleteConfig(ctx, in.Bucket, configTagging)
}
