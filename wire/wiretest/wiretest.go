// Package wiretest lets tests drive a wire.Mux with the AWS SDK's own clients, in
// process: no sockets, so a test may run in a synctest bubble.
package wiretest

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/runnel/runnel/wire"
)

// Config returns a configuration for SDK clients whose requests h answers. It does
// not retry, so that a test sees the first error. S3 clients need no further
// option: buckets come in the host name, as BUCKET.localhost.
func Config(t testing.TB, h http.Handler) aws.Config {
	t.Helper()
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   &http.Client{Transport: wire.InProcess(h)},
		BaseEndpoint: aws.String("http://localhost:4566"),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },

		// What config.LoadDefaultConfig sets.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
}

// Check fails the test if a type of the API's operations has no form on the wire.
func Check(t testing.TB, api wire.API) {
	t.Helper()
	if err := wire.Check(api); err != nil {
		t.Error(err)
	}
}
