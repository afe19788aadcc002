package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// DescribeLimits tells AWS's default quotas, which nothing here enforces.
func (s *Service) DescribeLimits(context.Context, *dynamodb.DescribeLimitsInput) (*dynamodb.DescribeLimitsOutput, error) {
	return &dynamodb.DescribeLimitsOutput{
		AccountMaxReadCapacityUnits: aws.Int64(80_000), AccountMaxWriteCapacityUnits: aws.Int64(80_000),
		TableMaxReadCapacityUnits: aws.Int64(40_000), TableMaxWriteCapacityUnits: aws.Int64(40_000),
	}, nil
}

// DescribeEndpoints tells the address that the request came to.
func (s *Service) DescribeEndpoints(ctx context.Context, _ *dynamodb.DescribeEndpointsInput) (*dynamodb.DescribeEndpointsOutput, error) {
	host := wire.RequestOf(ctx).Host
	if host == "" {
		host = "dynamodb." + s.config.Region + ".amazonaws.com"
	}
	return &dynamodb.DescribeEndpointsOutput{Endpoints: []types.Endpoint{{Address: aws.String(host), CachePeriodInMinutes: 1440}}}, nil
}

// DescribeContinuousBackups tells what AWS tells of a table on which
// point-in-time recovery was never enabled, as here it cannot be.
func (s *Service) DescribeContinuousBackups(ctx context.Context, in *dynamodb.DescribeContinuousBackupsInput) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	var c constraints
	c.table(in.TableName)
	if err := c.err(); err != nil {
		return nil, err
	}
	name := tableName(in.TableName)
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if s.load(tx, name) == nil {
			return &types.TableNotFoundException{Message: aws.String("Table not found: " + name)}
		}
		return nil
	})
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &types.ContinuousBackupsDescription{
		ContinuousBackupsStatus:        types.ContinuousBackupsStatusEnabled,
		PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: types.PointInTimeRecoveryStatusDisabled},
	}}, err
}
