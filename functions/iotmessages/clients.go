package iotmessages

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// loadConfig is the SDK's own configuration: region, credentials and endpoints
// from the environment.
func loadConfig(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return cfg, nil
}

// newS3 addresses buckets by path when an endpoint is configured: a host name
// per bucket exists only under AWS's own domains.
func newS3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // a log line for each object without one
	})
}

// A table is a DynamoDB table and the client to reach it with.
type table struct {
	db   *dynamodb.Client
	name string
}

func openTable(ctx context.Context) (table, error) {
	name, err := variable("TABLE_NAME")
	if err != nil {
		return table{}, err
	}
	cfg, err := loadConfig(ctx)
	if err != nil {
		return table{}, err
	}
	return table{dynamodb.NewFromConfig(cfg), name}, nil
}

func variable(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	return value, nil
}
