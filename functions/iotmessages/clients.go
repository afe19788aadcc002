package iotmessages

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/functions/environment"
)

// A table is a DynamoDB table and the client to reach it with.
type table struct {
	db   *dynamodb.Client
	name string
}

func openTable(ctx context.Context) (table, error) {
	name, err := environment.Variable("TABLE_NAME")
	if err != nil {
		return table{}, err
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return table{}, err
	}
	return table{dynamodb.NewFromConfig(cfg), name}, nil
}
