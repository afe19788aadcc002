package buckets

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// The four switches against public access. BlockPublicAcls and BlockPublicPolicy
// refuse what would make a bucket public; the other two take access away from a
// public that has none here in any case
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).

// PutPublicAccessBlock sets the four switches.
func (s *Service) PutPublicAccessBlock(ctx context.Context, in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
	c := in.PublicAccessBlockConfiguration
	if c == nil {
		return nil, fault.MalformedXML()
	}
	for _, p := range []**bool{&c.BlockPublicAcls, &c.BlockPublicPolicy, &c.IgnorePublicAcls, &c.RestrictPublicBuckets} {
		if *p == nil {
			*p = new(bool)
		}
	}
	return &s3.PutPublicAccessBlockOutput{}, s.putConfig(ctx, in.Bucket, configPublicAccess, c)
}

// GetPublicAccessBlock gives the switches.
func (s *Service) GetPublicAccessBlock(ctx context.Context, in *s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
	c := switches(true)
	if _, err := s.getConfig(ctx, in.Bucket, configPublicAccess, &c); err != nil {
		return nil, err
	}
	if c == nil {
		return nil, fault.New("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "BucketName", *in.Bucket)
	}
	return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: c}, nil
}

// DeletePublicAccessBlock removes the switches, those of the default too: the row
// is JSON's null.
func (s *Service) DeletePublicAccessBlock(ctx context.Context, in *s3.DeletePublicAccessBlockInput) (*s3.DeletePublicAccessBlockOutput, error) {
	return &s3.DeletePublicAccessBlockOutput{}, s.putConfig(ctx, in.Bucket, configPublicAccess, nil)
}

// blockOf is what holds for a bucket: all on where nothing was said, as for new
// buckets on AWS, all off where the switches were removed.
func blockOf(tx *store.Tx, bucket string) *types.PublicAccessBlockConfiguration {
	c := switches(true)
	tx.GetJSON(ConfigKey(bucket, configPublicAccess), &c)
	if c == nil {
		return switches(false)
	}
	return c
}

func switches(on bool) *types.PublicAccessBlockConfiguration {
	return &types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(on), BlockPublicPolicy: aws.Bool(on), IgnorePublicAcls: aws.Bool(on), RestrictPublicBuckets: aws.Bool(on),
	}
}

// blocked is what a switch answers to whoever would make a bucket public.
func blocked(ctx context.Context, action, bucket, what, by string) error {
	return fault.New("AccessDenied", fmt.Sprintf(
		"User: %s is not authorized to perform: %s on resource: %q because public %s are prevented by the %s setting in S3 Block Public Access.",
		wire.RequestOf(ctx).Principal.ARN, action, ARN(bucket), what, by))
}

// GetBucketPolicyStatus tells whether the policy is public.
func (s *Service) GetBucketPolicyStatus(ctx context.Context, in *s3.GetBucketPolicyStatusInput) (*s3.GetBucketPolicyStatusOutput, error) {
	p, err := s.policy(ctx, in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketPolicyStatusOutput{PolicyStatus: &types.PolicyStatus{IsPublic: aws.Bool(publicPolicy(p))}}, nil
}

// publicPolicy reports whether a policy is public, as AWS understands the word: a
// statement allows everybody something, and no condition narrows that to fixed
// values. A document that cannot be read is not: rows of former versions may hold
// one.
func publicPolicy(text string) bool {
	doc, err := policy.Parse(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(doc.Statements, func(st policy.Statement) bool {
		everybody := st.Principal.Everyone || st.Principal.Not
		return !st.Deny && everybody && !slices.ContainsFunc(st.Condition, narrows)
	})
}

// narrowing are the condition keys that make a policy not public if they are
// compared with fixed values, in lower case.
var narrowing = []string{
	"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount", "aws:sourcearn",
	"aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
}

func narrows(c policy.Condition) bool {
	key := strings.ToLower(c.Key)
	switch c.Operator {
	case "IpAddress":
		return key == "aws:sourceip" && !slices.ContainsFunc(c.Values, wide)
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike":
		return slices.Contains(narrowing, key) && !slices.ContainsFunc(c.Values, func(v string) bool { return strings.ContainsAny(v, "*?$") })
	}
	return false
}

// wide reports whether an address range is so wide that it is the public: more
// than a /8, of IPv6 a /32.
func wide(cidr string) bool {
	if _, err := netip.ParseAddr(cidr); err == nil {
		return false
	}
	p, err := netip.ParsePrefix(cidr)
	return err != nil || p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 32
}
