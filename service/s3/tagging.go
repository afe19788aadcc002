package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/store"
)

// PutObjectTagging puts a set of tags in place of the object's
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html).
func (s *Service) PutObjectTagging(ctx context.Context, in *s3.PutObjectTaggingInput) (*s3.PutObjectTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, malformedXML()
	}
	tags, err := tagsOf(in.Tagging.TagSet, maxObjectTags)
	if err != nil {
		return nil, err
	}
	at := place{deref(in.Bucket), deref(in.Key)}
	return &s3.PutObjectTaggingOutput{}, s.retag(ctx, at, in.VersionId, tags, eventTagged)
}

// DeleteObjectTagging takes all tags off the object.
func (s *Service) DeleteObjectTagging(ctx context.Context, in *s3.DeleteObjectTaggingInput) (*s3.DeleteObjectTaggingOutput, error) {
	at := place{deref(in.Bucket), deref(in.Key)}
	return &s3.DeleteObjectTaggingOutput{}, s.retag(ctx, at, in.VersionId, nil, eventUntagged)
}

func (s *Service) retag(ctx context.Context, at place, version *string, tags []tag, event string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	return s.st.Update(ctx, func(tx *store.Tx) error {
		o, err := need(tx, at)
		if err != nil {
			return err
		}
		o.Tags = tags
		o.version = tx.NextID()
		tx.Set(objectKey(at.bucket, at.key), o.encode())
		return s.notify(ctx, tx, at, o, event)
	})
}

// GetObjectTagging gives the object's tags.
func (s *Service) GetObjectTagging(ctx context.Context, in *s3.GetObjectTaggingInput) (*s3.GetObjectTaggingOutput, error) {
	if err := checkVersion(in.VersionId); err != nil {
		return nil, err
	}
	r, err := s.look(ctx, place{deref(in.Bucket), deref(in.Key)}, selectAll)
	if err != nil {
		return nil, err
	}
	return &s3.GetObjectTaggingOutput{TagSet: tagSet(r.Tags)}, nil
}

// PutBucketTagging puts a set of tags in place of the bucket's.
func (s *Service) PutBucketTagging(ctx context.Context, in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, malformedXML()
	}
	tags, err := tagsOf(in.Tagging.TagSet, maxBucketTags)
	if err != nil {
		return nil, err
	}
	return &s3.PutBucketTaggingOutput{}, s.putConfig(ctx, in.Bucket, configTagging, tags)
}

// GetBucketTagging gives the bucket's tags; a bucket without any has no set.
func (s *Service) GetBucketTagging(ctx context.Context, in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	var tags []tag
	found, err := s.getConfig(ctx, in.Bucket, configTagging, &tags)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fail("NoSuchTagSet", "The TagSet does not exist", "BucketName", *in.Bucket)
	}
	return &s3.GetBucketTaggingOutput{TagSet: tagSet(tags)}, nil
}

// DeleteBucketTagging takes all tags off the bucket.
func (s *Service) DeleteBucketTagging(ctx context.Context, in *s3.DeleteBucketTaggingInput) (*s3.DeleteBucketTaggingOutput, error) {
	return &s3.DeleteBucketTaggingOutput{}, s.deleteConfig(ctx, in.Bucket, configTagging)
}
