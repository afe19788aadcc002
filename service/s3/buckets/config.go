package buckets

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// The kinds of configuration that a bucket may have, each a row.
const (
	configACL          = "acl"
	configCORS         = "cors"
	configEncryption   = "encryption"
	configOwnership    = "ownership"
	configPolicy       = "policy"
	configPublicAccess = "publicAccess"
	configTagging      = "tagging"

	// Notification is that of package notification.
	Notification = "notification"
)

// ConfigKey is the row of a kind of configuration. Those that other packages
// keep are JSON too, and go with the bucket.
func ConfigKey(bucket, kind string) store.Key { return store.K("s3", "config", bucket, kind) }

// putConfig sets a bucket's configuration of a kind.
func (s *Service) putConfig(ctx context.Context, bucket *string, kind string, v any) error {
	return s.st.Update(ctx, func(tx *store.Tx) error {
		if err := Has(tx, aws.ToString(bucket)); err != nil {
			return err
		}
		tx.PutJSON(ConfigKey(aws.ToString(bucket), kind), v)
		return nil
	})
}

// getConfig reads it into v, and reports whether there is one.
func (s *Service) getConfig(ctx context.Context, bucket *string, kind string, v any) (found bool, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error {
		found = tx.GetJSON(ConfigKey(aws.ToString(bucket), kind), v)
		if found {
			return nil
		}
		return Has(tx, aws.ToString(bucket))
	})
	return found, err
}

func (s *Service) deleteConfig(ctx context.Context, bucket *string, kind string) error {
	return s.st.Update(ctx, func(tx *store.Tx) error {
		if err := Has(tx, aws.ToString(bucket)); err != nil {
			return err
		}
		tx.Delete(ConfigKey(aws.ToString(bucket), kind))
		return nil
	})
}

// without is for configurations that no bucket can have here: the answer is the
// error of a bucket that has none.
func (s *Service) without(ctx context.Context, bucket *string, code, message string) error {
	if err := s.exists(ctx, bucket); err != nil {
		return err
	}
	return fault.New(code, message, "BucketName", *bucket)
}

// exists is for reading and deleting what no bucket can have.
func (s *Service) exists(ctx context.Context, bucket *string) error {
	return s.st.View(ctx, func(tx *store.Tx) error { return Has(tx, aws.ToString(bucket)) })
}

// maxPolicy is the limit of a bucket policy, in bytes
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html).
const maxPolicy = 20 << 10

// PutBucketPolicy keeps a policy, unless it is public where BlockPublicPolicy is
// on. It is not enforced.
func (s *Service) PutBucketPolicy(ctx context.Context, in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
	text := aws.ToString(in.Policy)
	if err := checkPolicy(text); err != nil {
		return nil, err
	}
	name, public := aws.ToString(in.Bucket), publicPolicy(text)
	return &s3.PutBucketPolicyOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		if err := Has(tx, name); err != nil {
			return err
		}
		if public && *blockOf(tx, name).BlockPublicPolicy {
			return blocked(ctx, "s3:PutBucketPolicy", name, "policies", "BlockPublicPolicy")
		}
		tx.PutJSON(ConfigKey(name, configPolicy), text)
		return nil
	})
}

// checkPolicy refuses what is no policy: nobody could say whether it is public.
func checkPolicy(text string) error {
	var doc struct {
		Version   string
		Statement json.RawMessage
	}
	malformed := func(why string) error { return fault.New("MalformedPolicy", why) }
	switch {
	case len(text) > maxPolicy:
		return malformed("Policy exceeds the maximum allowed document size.")
	case len(text) == 0 || text[0] != '{':
		return malformed("Policies must be valid JSON and the first byte must be '{'")
	case !json.Valid([]byte(text)):
		return malformed("This policy contains invalid Json")
	case json.Unmarshal([]byte(text), &doc) != nil:
		return malformed("Invalid policy syntax.")
	case doc.Statement == nil:
		return malformed("Missing required field Statement")
	case doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17":
		return malformed("The policy must contain a valid version string")
	}
	if _, err := policy.Parse(text); err != nil {
		return malformed("Invalid policy syntax.")
	}
	return nil
}

// GetBucketPolicy gives the policy back, byte for byte.
func (s *Service) GetBucketPolicy(ctx context.Context, in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
	policy, err := s.policy(ctx, in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketPolicyOutput{Policy: &policy}, nil
}

func (s *Service) policy(ctx context.Context, bucket *string) (policy string, err error) {
	found, err := s.getConfig(ctx, bucket, configPolicy, &policy)
	if err == nil && !found {
		err = fault.New("NoSuchBucketPolicy", "The bucket policy does not exist", "BucketName", *bucket)
	}
	return policy, err
}

// DeleteBucketPolicy removes the policy.
func (s *Service) DeleteBucketPolicy(ctx context.Context, in *s3.DeleteBucketPolicyInput) (*s3.DeleteBucketPolicyOutput, error) {
	return &s3.DeleteBucketPolicyOutput{}, s.deleteConfig(ctx, in.Bucket, configPolicy)
}

// PutBucketEncryption takes AES256, which all objects are said to have. Keys of
// KMS are refused.
func (s *Service) PutBucketEncryption(ctx context.Context, in *s3.PutBucketEncryptionInput) (*s3.PutBucketEncryptionOutput, error) {
	c := in.ServerSideEncryptionConfiguration
	if c == nil || len(c.Rules) != 1 {
		return nil, fault.MalformedXML()
	}
	if d := c.Rules[0].ApplyServerSideEncryptionByDefault; d != nil {
		switch {
		case !slices.Contains(d.SSEAlgorithm.Values(), d.SSEAlgorithm):
			return nil, fault.MalformedXML()
		case d.SSEAlgorithm != types.ServerSideEncryptionAes256 || d.KMSMasterKeyID != nil:
			return nil, fault.NotSupported("encryption by " + string(d.SSEAlgorithm))
		}
	}
	return &s3.PutBucketEncryptionOutput{}, s.putConfig(ctx, in.Bucket, configEncryption, c.Rules[0])
}

// GetBucketEncryption gives AWS's default, AES256, where nothing else was set.
func (s *Service) GetBucketEncryption(ctx context.Context, in *s3.GetBucketEncryptionInput) (*s3.GetBucketEncryptionOutput, error) {
	off := false
	rule := types.ServerSideEncryptionRule{BucketKeyEnabled: &off}
	if _, err := s.getConfig(ctx, in.Bucket, configEncryption, &rule); err != nil {
		return nil, err
	}
	if rule.ApplyServerSideEncryptionByDefault == nil {
		rule.ApplyServerSideEncryptionByDefault = &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
	}
	return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{rule},
	}}, nil
}

// DeleteBucketEncryption goes back to the default.
func (s *Service) DeleteBucketEncryption(ctx context.Context, in *s3.DeleteBucketEncryptionInput) (*s3.DeleteBucketEncryptionOutput, error) {
	return &s3.DeleteBucketEncryptionOutput{}, s.deleteConfig(ctx, in.Bucket, configEncryption)
}
