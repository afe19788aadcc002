package resource

import (
	"context"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/cloudformation/template"
)

func s3Types() map[string]*Type {
	return map[string]*Type{
		"AWS::S3::Bucket": {
			Properties: properties(`BucketName! Tags NotificationConfiguration BucketEncryption CorsConfiguration
				VersioningConfiguration PublicAccessBlockConfiguration OwnershipControls`),
			Attributes:   []string{"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"},
			NameProperty: "BucketName", MaxName: 63, Lower: true,
			Exists: bucketExists, Create: createBucket, Configure: configureBucket, Delete: deleteBucket,
		},
		"AWS::S3::BucketPolicy": {
			Properties: properties("Bucket! PolicyDocument"), Required: []string{"Bucket", "PolicyDocument"},
			Create: func(_ context.Context, c *Call) error { c.ID = c.text("Bucket"); return nil },
			Configure: func(ctx context.Context, c *Call) error {
				policy, err := document(c.Props["PolicyDocument"])
				if err != nil {
					return err
				}
				_, err = c.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &c.ID, Policy: &policy})
				return err
			},
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(c.text("Bucket"))})
				return gone(err)
			},
		},
	}
}

func bucketExists(ctx context.Context, c *Call) (bool, error) {
	_, err := c.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &c.Name})
	ok, err := found(err)
	if ok {
		c.bucketAttributes()
	}
	return ok, err
}

func (c *Call) bucketAttributes() {
	c.ID = c.Name
	c.set("Arn", "arn:aws:s3:::"+c.Name)
	c.set("DomainName", c.Name+".s3.amazonaws.com")
	c.set("DualStackDomainName", fmt.Sprintf("%s.s3.dualstack.%s.amazonaws.com", c.Name, c.Region))
	c.set("RegionalDomainName", fmt.Sprintf("%s.s3.%s.amazonaws.com", c.Name, c.Region))
	c.set("WebsiteURL", fmt.Sprintf("http://%s.s3-website-%s.amazonaws.com", c.Name, c.Region))
}

func createBucket(ctx context.Context, c *Call) error {
	in := &s3.CreateBucketInput{Bucket: &c.Name}
	if c.Region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(c.Region)}
	}
	_, err := c.S3.CreateBucket(ctx, in)
	if err == nil {
		c.bucketAttributes()
	}
	return err
}

func deleteBucket(ctx context.Context, c *Call) error {
	_, err := c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &c.Name})
	return gone(err)
}

// configureBucket makes the settings that differ from those before.
func configureBucket(ctx context.Context, c *Call) error {
	for _, setting := range []struct {
		property string
		apply    func(context.Context, *Call) error
	}{
		{"Tags", tagBucket}, {"OwnershipControls", ownBucket}, {"PublicAccessBlockConfiguration", blockPublicAccess},
		{"BucketEncryption", encryptBucket}, {"VersioningConfiguration", versionBucket}, {"CorsConfiguration", corsBucket},
		{"NotificationConfiguration", notifyBucket},
	} {
		tagged := setting.property == "Tags" && len(c.Tags)+len(c.OldTags) > 0
		if !c.changed(setting.property) && !tagged {
			continue
		}
		if err := setting.apply(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func tagBucket(ctx context.Context, c *Call) error {
	tags := c.tags()
	if len(tags) == 0 {
		_, err := c.S3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &c.Name})
		return err
	}
	set := tagList(tags, func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })
	_, err := c.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &c.Name, Tagging: &types.Tagging{TagSet: set}})
	return err
}

func ownBucket(ctx context.Context, c *Call) error {
	if c.Props["OwnershipControls"] == nil {
		_, err := c.S3.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: &c.Name})
		return err
	}
	in := &s3.PutBucketOwnershipControlsInput{Bucket: &c.Name}
	if err := assign(in, pick(c.Props, "OwnershipControls"), c.Logical); err != nil {
		return err
	}
	_, err := c.S3.PutBucketOwnershipControls(ctx, in)
	return err
}

func blockPublicAccess(ctx context.Context, c *Call) error {
	if c.Props["PublicAccessBlockConfiguration"] == nil {
		_, err := c.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &c.Name})
		return err
	}
	in := &s3.PutPublicAccessBlockInput{Bucket: &c.Name}
	if err := assign(in, pick(c.Props, "PublicAccessBlockConfiguration"), c.Logical); err != nil {
		return err
	}
	_, err := c.S3.PutPublicAccessBlock(ctx, in)
	return err
}

// encryptBucket renames what CloudFormation calls ServerSideEncryptionByDefault
// within ServerSideEncryptionConfiguration.
func encryptBucket(ctx context.Context, c *Call) error {
	encryption := object(c.Props["BucketEncryption"])
	if encryption == nil {
		_, err := c.S3.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &c.Name})
		return err
	}
	rules := []any{}
	for _, item := range items(encryption["ServerSideEncryptionConfiguration"]) {
		rule := map[string]any{}
		for key, v := range object(item) {
			if key == "ServerSideEncryptionByDefault" {
				key = "ApplyServerSideEncryptionByDefault"
			}
			rule[key] = v
		}
		rules = append(rules, rule)
	}
	config := maps.Clone(encryption)
	config["ServerSideEncryptionConfiguration"] = map[string]any{"Rules": rules}
	in := &s3.PutBucketEncryptionInput{}
	if err := assign(in, config, c.Logical+"/BucketEncryption"); err != nil {
		return err
	}
	in.Bucket = &c.Name
	_, err := c.S3.PutBucketEncryption(ctx, in)
	return err
}

func versionBucket(ctx context.Context, c *Call) error {
	in := &s3.PutBucketVersioningInput{Bucket: &c.Name}
	if c.Props["VersioningConfiguration"] == nil {
		in.VersioningConfiguration = &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}
	} else if err := assign(in, pick(c.Props, "VersioningConfiguration"), c.Logical); err != nil {
		return err
	}
	_, err := c.S3.PutBucketVersioning(ctx, in)
	return err
}

func corsBucket(ctx context.Context, c *Call) error {
	cors := object(c.Props["CorsConfiguration"])
	if cors == nil {
		_, err := c.S3.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: &c.Name})
		return err
	}
	rules := []any{}
	for _, item := range items(cors["CorsRules"]) {
		rule := map[string]any{}
		for key, v := range object(item) {
			if key == "ExposedHeaders" {
				key = "ExposeHeaders"
			} else if key == "MaxAge" {
				key = "MaxAgeSeconds"
			}
			rule[key] = v
		}
		rules = append(rules, rule)
	}
	config := maps.Clone(cors)
	config["CorsRules"] = rules
	in := &s3.PutBucketCorsInput{Bucket: &c.Name}
	if err := assign(in, map[string]any{"CorsConfiguration": config}, c.Logical); err != nil {
		return err
	}
	_, err := c.S3.PutBucketCors(ctx, in)
	return err
}

// notifyBucket turns NotificationConfiguration into S3's own shape: one event
// each becomes a list of one, and Function, Queue and Topic become ARN members.
func notifyBucket(ctx context.Context, c *Call) error {
	in := &s3.PutBucketNotificationConfigurationInput{Bucket: &c.Name}
	config := map[string]any{}
	given, at := object(c.Props["NotificationConfiguration"]), c.Logical+"/NotificationConfiguration"
	for _, key := range template.Keys(given) {
		var err error
		switch key {
		case "LambdaConfigurations":
			config["LambdaFunctionConfigurations"], err = notifications(given[key], "Function", "LambdaFunctionArn", at+"/"+key)
		case "QueueConfigurations":
			config[key], err = notifications(given[key], "Queue", "QueueArn", at+"/"+key)
		case "TopicConfigurations":
			config[key], err = notifications(given[key], "Topic", "TopicArn", at+"/"+key)
		case "EventBridgeConfiguration":
			var to struct{ EventBridgeEnabled *bool }
			err = assign(&to, object(given[key]), at+"/"+key)
			if to.EventBridgeEnabled == nil || *to.EventBridgeEnabled {
				config[key] = map[string]any{}
			}
		default:
			config[key] = given[key]
		}
		if err != nil {
			return err
		}
	}
	if err := assign(in, map[string]any{"NotificationConfiguration": config}, c.Logical); err != nil {
		return err
	}
	_, err := c.S3.PutBucketNotificationConfiguration(ctx, in)
	return err
}

func notifications(v any, from, to, at string) ([]any, error) {
	out := []any{}
	for i, item := range items(v) {
		entry := map[string]any{}
		for key, value := range object(item) {
			switch key {
			case from:
				entry[to] = value
			case "Event":
				entry["Events"] = []any{value}
			case "Filter":
				var filter struct {
					S3Key struct{ Rules []types.FilterRule }
				}
				if err := assign(&filter, object(value), fmt.Sprintf("%s/%d/Filter", at, i)); err != nil {
					return nil, err
				}
				entry["Filter"] = map[string]any{"Key": map[string]any{"FilterRules": object(object(value)["S3Key"])["Rules"]}}
			default:
				entry[key] = value
			}
		}
		out = append(out, entry)
	}
	return out, nil
}
