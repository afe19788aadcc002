// Package dynamodb is Amazon DynamoDB: tables with global and local secondary
// indexes, items, queries, scans, batches, the expression language and the
// legacy parameters, time to live, tags.
//
// What holds:
//
//   - A write commits with the rows of all indexes, the counts of its table and
//     its expiry, in one transaction. So reads are always consistent, those of
//     global indexes too, and ItemCount and TableSizeBytes are exact.
//   - A batch write is one commit. Its items are still independent, as AWS says:
//     do not build on it.
//   - Tables and items live in the store alone; memory holds decoded table
//     definitions, each checked against its row before use.
//   - Provisioned throughput, table classes and on-demand limits are kept and
//     described, and nothing is throttled. Tables and small indexes are ACTIVE
//     when the answer that says CREATING arrives; a large index is filled in the
//     background, across restarts.
//   - An expired item is deleted when it expires, where AWS may take days.
//   - Item collection metrics are never returned, and the 10 GB of an item
//     collection are no limit.
//
// Not here, and refused by name: transactions, streams, PartiQL, backups, global
// tables, import and export, resource policies, vector indexes, index keys of
// several attributes, customer-managed encryption.
//
// See package capacity for what requests take, package metrics for what is
// measured of them, package attr for values and package expr for expressions.
//
// Sources: the Amazon DynamoDB API Reference and Developer Guide.
package dynamodb

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config says where the tables are, as their ARNs do.
type Config struct {
	Region  string
	Account string
}

// Service is DynamoDB in one region of one account.
type Service struct {
	store  *store.Store
	config Config
	tables sync.Map // table name to *table, decoded from the row it keeps
}

// New returns the service whose state is in st. It must be called before the
// store runs, for the timers that it handles.
func New(st *store.Store, c Config) *Service {
	s := &Service{store: st, config: c}
	st.OnTimer(ttlTimer, s.expire)
	st.OnTimer(fillTimer, s.fill)
	return s
}

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:        "dynamodb",
		Protocols: []wire.Protocol{wire.JSON10},
		Target:    "DynamoDB_20120810",
		Version:   "2012-08-10",
		Shapes:    "com.amazonaws.dynamodb.v20120810",
		CRC32:     true,
		Unions: []wire.Union{wire.UnionOf[types.AttributeValue](
			(*types.AttributeValueMemberS)(nil), (*types.AttributeValueMemberN)(nil), (*types.AttributeValueMemberB)(nil),
			(*types.AttributeValueMemberSS)(nil), (*types.AttributeValueMemberNS)(nil), (*types.AttributeValueMemberBS)(nil),
			(*types.AttributeValueMemberM)(nil), (*types.AttributeValueMemberL)(nil),
			(*types.AttributeValueMemberNULL)(nil), (*types.AttributeValueMemberBOOL)(nil), (*types.UnknownUnionMember)(nil),
		)},
		Operations: []wire.Operation{
			wire.Op("CreateTable", s.CreateTable),
			wire.Op("DescribeTable", s.DescribeTable),
			wire.Op("UpdateTable", s.UpdateTable),
			wire.Op("DeleteTable", s.DeleteTable),
			wire.Op("ListTables", s.ListTables),

			wire.Op("PutItem", s.PutItem),
			wire.Op("GetItem", s.GetItem),
			wire.Op("UpdateItem", s.UpdateItem),
			wire.Op("DeleteItem", s.DeleteItem),
			wire.Op("BatchGetItem", s.BatchGetItem),
			wire.Op("BatchWriteItem", s.BatchWriteItem),
			wire.Op("Query", s.Query),
			wire.Op("Scan", s.Scan),

			wire.Op("UpdateTimeToLive", s.UpdateTimeToLive),
			wire.Op("DescribeTimeToLive", s.DescribeTimeToLive),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("ListTagsOfResource", s.ListTagsOfResource),
			wire.Op("DescribeLimits", s.DescribeLimits),
			wire.Op("DescribeEndpoints", s.DescribeEndpoints),
			wire.Op("DescribeContinuousBackups", s.DescribeContinuousBackups),
		},
	}
}
