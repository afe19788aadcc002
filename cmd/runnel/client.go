package main

import (
	"cmp"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// defaultEndpoint is where a runtime serves that was not told otherwise.
const defaultEndpoint = "http://127.0.0.1:4566"

// client adds the flags that say where the runtime is, and returns how its
// clients are configured once the flags are parsed.
func (c *call) client() func() aws.Config {
	endpoint := c.flags.String("endpoint", cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), defaultEndpoint), "`URL` of the runtime")
	region := c.flags.String("region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"), "`region` of the calls")
	return func() aws.Config {
		key := cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), "runnel")
		secret := cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), "runnel")
		return aws.Config{
			BaseEndpoint: endpoint,
			Region:       *region,
			Credentials:  credentials.NewStaticCredentialsProvider(key, secret, os.Getenv("AWS_SESSION_TOKEN")),
		}
	}
}
