package s3

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestConfigurationRoundTrip: what the client sets it reads back.
func TestConfigurationRoundTrip(t *testing.T) {
	f := newFixture(t)
	b := ptr(f.bucket("data"))
	tags := []types.Tag{{Key: ptr("team"), Value: ptr("")}, {Key: ptr("ü"), Value: ptr("<&>")}}
	must(f.PutBucketTagging(f.ctx, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: tags}}))(t)
	same(t, tags, must(f.GetBucketTagging(f.ctx, &s3.GetBucketTaggingInput{Bucket: b}))(t).TagSet)

	rules := []types.CORSRule{{
		ID: ptr("a"), AllowedOrigins: []string{"https://a", "*"}, AllowedMethods: []string{"GET", "PUT"},
		AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag", "x-amz-id-2"}, MaxAgeSeconds: ptr[int32](0),
	}, {AllowedOrigins: []string{"http://*.b"}, AllowedMethods: []string{"HEAD"}}}
	must(f.PutBucketCors(f.ctx, &s3.PutBucketCorsInput{Bucket: b, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules}}))(t)
	same(t, rules, must(f.GetBucketCors(f.ctx, &s3.GetBucketCorsInput{Bucket: b}))(t).CORSRules)

	block := &types.PublicAccessBlockConfiguration{BlockPublicAcls: ptr(true), BlockPublicPolicy: ptr(false), IgnorePublicAcls: ptr(true), RestrictPublicBuckets: ptr(false)}
	must(f.PutPublicAccessBlock(f.ctx, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: block}))(t)
	same(t, block, must(f.GetPublicAccessBlock(f.ctx, &s3.GetPublicAccessBlockInput{Bucket: b}))(t).PublicAccessBlockConfiguration)

	encryption := &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}, BucketKeyEnabled: ptr(true),
	}}}
	must(f.PutBucketEncryption(f.ctx, &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: encryption}))(t)
	same(t, encryption, must(f.GetBucketEncryption(f.ctx, &s3.GetBucketEncryptionInput{Bucket: b}))(t).ServerSideEncryptionConfiguration)

	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}`
	must(f.PutBucketPolicy(f.ctx, &s3.PutBucketPolicyInput{Bucket: b, Policy: &policy}))(t)
	same(t, policy, *must(f.GetBucketPolicy(f.ctx, &s3.GetBucketPolicyInput{Bucket: b}))(t).Policy)

	acl := must(f.GetBucketAcl(f.ctx, &s3.GetBucketAclInput{Bucket: b}))(t)
	same(t, types.TypeCanonicalUser, acl.Grants[0].Grantee.Type)
	must(f.PutBucketAcl(f.ctx, &s3.PutBucketAclInput{Bucket: b, AccessControlPolicy: &types.AccessControlPolicy{Owner: acl.Owner, Grants: acl.Grants}}))(t)
}

// TestNotificationRoundTrip: so for the configuration of notifications.
func TestNotificationRoundTrip(t *testing.T) {
	f := newFixture(t)
	b := ptr(f.bucket("data"))
	want := &types.NotificationConfiguration{
		QueueConfigurations: []types.QueueConfiguration{
			{Id: ptr("q"), QueueArn: ptr(queueARN + "q"), Events: []types.Event{"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"}},
		},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{
			Id: ptr("f"), LambdaFunctionArn: ptr(functionARN + "f"), Events: []types.Event{"s3:ObjectRemoved:*"},
			Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{{Name: "Suffix", Value: ptr("")}}}},
		}},
	}
	must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: b, NotificationConfiguration: want}))(t)
	got := must(f.GetBucketNotificationConfiguration(f.ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: b}))(t)
	same(t, want.QueueConfigurations, got.QueueConfigurations)
	same(t, want.LambdaFunctionConfigurations, got.LambdaFunctionConfigurations)
}

func TestBucketLocation(t *testing.T) {
	f := newFixture(t)
	for location, want := range map[types.BucketLocationConstraint]string{"": "us-east-1", "eu-west-1": "eu-west-1", "EU": "eu-west-1", "us-west-2": "us-west-2"} {
		in := &s3.CreateBucketInput{Bucket: ptr("b-" + want), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: location}}
		if location == "" {
			in.CreateBucketConfiguration = nil
		}
		if location == "EU" {
			in.Bucket = ptr("old-name")
		}
		must(f.CreateBucket(f.ctx, in))(t)
		if got := must(f.HeadBucket(f.ctx, &s3.HeadBucketInput{Bucket: in.Bucket}))(t); *got.BucketRegion != want {
			t.Errorf("%q: region %s", location, *got.BucketRegion)
		}
		got := must(f.GetBucketLocation(f.ctx, &s3.GetBucketLocationInput{Bucket: in.Bucket}))(t).LocationConstraint
		if want == "us-east-1" {
			want = ""
		}
		same(t, want, string(got))
	}
}

// same compares what two values say, empty and absent lists being the same.
func same[T any](t testing.TB, want, got T) {
	t.Helper()
	w, g := must(json.Marshal(want))(t), must(json.Marshal(got))(t)
	if string(w) != string(g) {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}
