package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// DeleteBucket removes an empty bucket, and with it its configuration and the
// uploads that were never completed.
func (s *Service) DeleteBucket(ctx context.Context, in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	name := deref(in.Bucket)
	return &s3.DeleteBucketOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, name); err != nil {
			return err
		}
		for range tx.Scan(store.Prefix(objectSpace(name))) {
			return fault.New("BucketNotEmpty", "The bucket you tried to delete is not empty", "BucketName", name)
		}
		if err := dropUploads(tx, name); err != nil {
			return err
		}
		buckets.Drop(tx, name)
		return nil
	})
}

// hasBucket is for operations that need no more than that the bucket is there.
func (s *Service) hasBucket(ctx context.Context, name *string) error {
	return s.st.View(ctx, func(tx *store.Tx) error { return buckets.Has(tx, deref(name)) })
}

func (s *Service) ownerOf() *types.Owner { return &types.Owner{ID: &s.owner} }
