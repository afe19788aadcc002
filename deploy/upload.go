package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// uploader keeps code in a bucket of its own, under the hash of its content:
// what is there already is not sent again.
type uploader struct {
	region string
	s3     *s3.Client
	sts    *sts.Client
	bucket string // once it is known to be there
}

func newUploader(cfg aws.Config) *uploader {
	return &uploader{
		region: cfg.Region,
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		sts:    sts.NewFromConfig(cfg),
	}
}

// object is where something was uploaded to.
type object struct{ region, bucket, key string }

// url is the object's address as CloudFormation wants it, which is AWS's own
// wherever the object is.
func (o object) url() string {
	return "https://s3." + o.region + ".amazonaws.com/" + o.bucket + "/" + o.key
}

func (u *uploader) upload(ctx context.Context, b *bundle) (object, error) {
	if err := u.ensureBucket(ctx); err != nil {
		return object{}, err
	}
	sum := sha256.Sum256(b.body)
	o := object{u.region, u.bucket, hex.EncodeToString(sum[:16]) + b.ext}
	_, err := u.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.bucket, Key: &o.key})
	if err == nil {
		return o, nil
	}
	_, err = u.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &o.bucket, Key: &o.key, Body: bytes.NewReader(b.body)})
	return o, err
}

func (u *uploader) ensureBucket(ctx context.Context) error {
	if u.bucket != "" {
		return nil
	}
	me, err := u.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return err
	}
	bucket := fmt.Sprintf("runnel-artifacts-%s-%s", aws.ToString(me.Account), u.region)
	in := &s3.CreateBucketInput{Bucket: &bucket}
	if u.region != "us-east-1" {
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(u.region)}
	}
	_, err = u.s3.CreateBucket(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "BucketAlreadyOwnedByYou" {
		err = nil
	}
	if err == nil {
		u.bucket = bucket
	}
	return err
}
