package buckets

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
)

// What a bucket may have on AWS and cannot have here. To read it gives AWS's
// answer for a bucket that has none, to delete it succeeds; to set it is not
// implemented.

// GetBucketVersioning gives nothing: versioning was never enabled.
func (s *Service) GetBucketVersioning(ctx context.Context, in *s3.GetBucketVersioningInput) (*s3.GetBucketVersioningOutput, error) {
	return &s3.GetBucketVersioningOutput{}, s.exists(ctx, in.Bucket)
}

// PutBucketVersioning refuses both states: even a suspended bucket has versions
// and delete markers.
func (s *Service) PutBucketVersioning(ctx context.Context, in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
	if err := s.exists(ctx, in.Bucket); err != nil {
		return nil, err
	}
	c := in.VersioningConfiguration
	if c == nil || c.Status != types.BucketVersioningStatusEnabled && c.Status != types.BucketVersioningStatusSuspended {
		return nil, fault.New("IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	return nil, fault.NotSupported("object versioning")
}

// GetBucketLifecycleConfiguration finds no rules.
func (s *Service) GetBucketLifecycleConfiguration(ctx context.Context, in *s3.GetBucketLifecycleConfigurationInput) (*s3.GetBucketLifecycleConfigurationOutput, error) {
	return nil, s.without(ctx, in.Bucket, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
}

// DeleteBucketLifecycle has nothing to delete.
func (s *Service) DeleteBucketLifecycle(ctx context.Context, in *s3.DeleteBucketLifecycleInput) (*s3.DeleteBucketLifecycleOutput, error) {
	return &s3.DeleteBucketLifecycleOutput{}, s.exists(ctx, in.Bucket)
}

// GetBucketReplication finds no rules.
func (s *Service) GetBucketReplication(ctx context.Context, in *s3.GetBucketReplicationInput) (*s3.GetBucketReplicationOutput, error) {
	return nil, s.without(ctx, in.Bucket, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
}

// DeleteBucketReplication has nothing to delete.
func (s *Service) DeleteBucketReplication(ctx context.Context, in *s3.DeleteBucketReplicationInput) (*s3.DeleteBucketReplicationOutput, error) {
	return &s3.DeleteBucketReplicationOutput{}, s.exists(ctx, in.Bucket)
}

// GetBucketWebsite finds no website.
func (s *Service) GetBucketWebsite(ctx context.Context, in *s3.GetBucketWebsiteInput) (*s3.GetBucketWebsiteOutput, error) {
	return nil, s.without(ctx, in.Bucket, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
}

// DeleteBucketWebsite has nothing to delete.
func (s *Service) DeleteBucketWebsite(ctx context.Context, in *s3.DeleteBucketWebsiteInput) (*s3.DeleteBucketWebsiteOutput, error) {
	return &s3.DeleteBucketWebsiteOutput{}, s.exists(ctx, in.Bucket)
}

// GetObjectLockConfiguration finds no lock.
func (s *Service) GetObjectLockConfiguration(ctx context.Context, in *s3.GetObjectLockConfigurationInput) (*s3.GetObjectLockConfigurationOutput, error) {
	return nil, s.without(ctx, in.Bucket, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
}

// GetBucketLogging gives nothing: logging was never enabled.
func (s *Service) GetBucketLogging(ctx context.Context, in *s3.GetBucketLoggingInput) (*s3.GetBucketLoggingOutput, error) {
	return &s3.GetBucketLoggingOutput{}, s.exists(ctx, in.Bucket)
}

// GetBucketAccelerateConfiguration gives nothing: it was never set.
func (s *Service) GetBucketAccelerateConfiguration(ctx context.Context, in *s3.GetBucketAccelerateConfigurationInput) (*s3.GetBucketAccelerateConfigurationOutput, error) {
	return &s3.GetBucketAccelerateConfigurationOutput{}, s.exists(ctx, in.Bucket)
}

// GetBucketRequestPayment says that the owner pays.
func (s *Service) GetBucketRequestPayment(ctx context.Context, in *s3.GetBucketRequestPaymentInput) (*s3.GetBucketRequestPaymentOutput, error) {
	return &s3.GetBucketRequestPaymentOutput{Payer: types.PayerBucketOwner}, s.exists(ctx, in.Bucket)
}
