package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/notification"
	"github.com/runnel/runnel/service/s3/tag"
	"github.com/runnel/runnel/store"
)

// PutObjectTagging puts a set of tags in place of the object's
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html).
func (s *Service) PutObjectTagging(ctx context.Context, in *s3.PutObjectTaggingInput) (*s3.PutObjectTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, fault.MalformedXML()
	}
	tags, err := tag.Of(in.Tagging.TagSet, tag.MaxObject)
	if err != nil {
		return nil, err
	}
	at := place{deref(in.Bucket), deref(in.Key)}
	return &s3.PutObjectTaggingOutput{}, s.retag(ctx, at, in.VersionId, tags, notification.Tagged)
}

// DeleteObjectTagging takes all tags off the object.
func (s *Service) DeleteObjectTagging(ctx context.Context, in *s3.DeleteObjectTaggingInput) (*s3.DeleteObjectTaggingOutput, error) {
	at := place{deref(in.Bucket), deref(in.Key)}
	return &s3.DeleteObjectTaggingOutput{}, s.retag(ctx, at, in.VersionId, nil, notification.Untagged)
}

func (s *Service) retag(ctx context.Context, at place, version *string, tags []tag.Tag, event string) error {
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
	return &s3.GetObjectTaggingOutput{TagSet: tag.Set(r.Tags)}, nil
}
