package main

import (
	"cmp"
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// defaultEndpoint is where a runtime serves that was not told otherwise.
const defaultEndpoint = "http://127.0.0.1:4566"

// client adds the flags that say where the runtime is, and returns how its
// clients are configured once the flags are parsed.
func (c *call) client() func() aws.Config {
	endpoint := c.flags.String("endpoint", cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), defaultEndpoint), "`URL` of the runtime")
	region := c.flags.String("region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"), "`region` of the calls")
	return func() aws.Config {
		return aws.Config{BaseEndpoint: endpoint, Region: *region, Credentials: aws.CredentialsProviderFunc(keys)}
	}
}

// keys are the access keys of the environment, else those of the file that
// AWS_SHARED_CREDENTIALS_FILE names, else some: a runtime asks for none unless
// it was told to. The user's own ~/.aws is not read, it is not meant for here.
func keys(ctx context.Context) (aws.Credentials, error) {
	file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	if id := os.Getenv("AWS_ACCESS_KEY_ID"); id != "" || file == "" {
		return aws.Credentials{
			AccessKeyID:     cmp.Or(id, "runnel"),
			SecretAccessKey: cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), "runnel"),
			SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		}, nil
	}
	profile, err := config.LoadSharedConfigProfile(ctx, cmp.Or(os.Getenv("AWS_PROFILE"), "default"), func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{file}, []string{os.DevNull}
	})
	return profile.Credentials, err
}
