package dynamodb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// CreateTable makes a table. It is ready when the answer arrives.
func (s *Service) CreateTable(ctx context.Context, in *dynamodb.CreateTableInput) (*dynamodb.CreateTableOutput, error) {
	t, err := newTable(in)
	if err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	var d *types.TableDescription
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if tx.Has(tableKey(t.Name)) {
			return &types.ResourceInUseException{Message: aws.String("Table already exists: " + t.Name)}
		}
		t.ID, t.UUID, t.Created = tx.NextID(), event.NewID(), tx.Now()
		for _, x := range t.Indexes {
			x.ID = tx.NextID()
		}
		t.save(tx)
		if len(tags) > 0 {
			tx.PutJSON(tagsKey(t.Name), tags)
		}
		d = s.describe(tx, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.TableStatus = types.TableStatusCreating
	for i := range d.GlobalSecondaryIndexes {
		d.GlobalSecondaryIndexes[i].IndexStatus = types.IndexStatusCreating
	}
	return &dynamodb.CreateTableOutput{TableDescription: d}, nil
}

func newTable(in *dynamodb.CreateTableInput) (*table, error) {
	if err := checkCreateTable(in); err != nil {
		return nil, err
	}
	d := definition{attributes: in.AttributeDefinitions, onDemand: in.BillingMode == types.BillingModePayPerRequest}
	t := &table{
		Name: tableName(in.TableName), OnDemand: d.onDemand, MaxUnits: in.OnDemandThroughput,
		Class: in.TableClass, Protected: aws.ToBool(in.DeletionProtectionEnabled),
	}
	var err error
	if t.Throughput, err = d.throughput(in.ProvisionedThroughput, ""); err != nil {
		return nil, err
	}
	if t.Key, err = d.tableSchema(in.KeySchema); err != nil {
		return nil, err
	}
	if err := d.local(t, in.LocalSecondaryIndexes); err != nil {
		return nil, err
	}
	if err := d.global(t, in.GlobalSecondaryIndexes); err != nil {
		return nil, err
	}
	return t, d.attributesOf(t)
}

func checkCreateTable(in *dynamodb.CreateTableInput) error {
	if err := checkTableName(in.TableName); err != nil {
		return err
	}
	var c constraints
	c.present("attributeDefinitions", in.AttributeDefinitions != nil)
	c.attributes(in.AttributeDefinitions)
	c.billing(in.BillingMode)
	c.provisioned("provisionedThroughput", in.ProvisionedThroughput)
	c.keySchema("keySchema", in.KeySchema)
	for i, x := range in.GlobalSecondaryIndexes {
		at := fmt.Sprintf("globalSecondaryIndexes.%d.member", i+1)
		c.index(at, x.IndexName, x.KeySchema, x.Projection)
		c.provisioned(at+".provisionedThroughput", x.ProvisionedThroughput)
	}
	for i, x := range in.LocalSecondaryIndexes {
		c.index(fmt.Sprintf("localSecondaryIndexes.%d.member", i+1), x.IndexName, x.KeySchema, x.Projection)
	}
	c.class(in.TableClass)
	if err := c.err(); err != nil {
		return err
	}
	return refuseFeatures(map[string]bool{
		"ResourcePolicy":                     in.ResourcePolicy != nil,
		"GlobalTableSourceArn":               in.GlobalTableSourceArn != nil,
		"GlobalTableSettingsReplicationMode": in.GlobalTableSettingsReplicationMode != "",
		"VectorIndexes":                      in.VectorIndexes != nil,
		"WarmThroughput":                     in.WarmThroughput != nil,
		"SSESpecification":                   encrypts(in.SSESpecification),
		"StreamSpecification":                streams(in.StreamSpecification),
	})
}

// refuseFeatures refuses the parameters of tables that ask for what is not here.
func refuseFeatures(asked map[string]bool) error {
	features := map[string]string{
		"ResourcePolicy":                     "resource policies",
		"GlobalTableSourceArn":               "global tables",
		"GlobalTableSettingsReplicationMode": "global tables",
		"GlobalTableWitnessUpdates":          "global tables",
		"MultiRegionConsistency":             "global tables",
		"ReplicaUpdates":                     "global tables",
		"VectorIndexes":                      "vector indexes",
		"VectorIndexUpdates":                 "vector indexes",
		"WarmThroughput":                     "warm throughput",
		"SSESpecification":                   "keys of AWS KMS; leave it out, or set Enabled to false",
		"StreamSpecification":                "DynamoDB Streams",
	}
	for _, parameter := range sortedNames(asked) {
		if asked[parameter] {
			return unsupported(parameter, features[parameter])
		}
	}
	return nil
}

func encrypts(e *types.SSESpecification) bool { return e != nil && aws.ToBool(e.Enabled) }

func streams(e *types.StreamSpecification) bool { return e != nil && aws.ToBool(e.StreamEnabled) }

// DescribeTable describes a table.
func (s *Service) DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	var out dynamodb.DescribeTableOutput
	err := s.store.View(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errNoTable(tableName(in.TableName))
		}
		out.Table = s.describe(tx, t)
		return nil
	})
	return &out, err
}

// DeleteTable deletes a table with its items, indexes and tags.
func (s *Service) DeleteTable(ctx context.Context, in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	var d *types.TableDescription
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		switch {
		case t == nil:
			return errNoTable(tableName(in.TableName))
		case t.Protected:
			return invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
		}
		d = s.describe(tx, t)
		tx.Delete(tableKey(t.Name))
		tx.Delete(tagsKey(t.Name))
		dropRows(tx, t.ID)
		for _, x := range t.Indexes {
			x.drop(tx, t)
		}
		if t.TTL != nil {
			t.TTL.drop(tx, t)
		}
		tx.OnCommit(func() { s.tables.Delete(t.Name) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.TableStatus = types.TableStatusDeleting
	return &dynamodb.DeleteTableOutput{TableDescription: d}, nil
}

// dropRows removes all rows of a table or an index.
func dropRows(tx *store.Tx, id uint64) {
	tx.DeleteRange(store.Prefix(rowSpace(id)))
	tx.Delete(countKey(id))
}

func (x *index) drop(tx *store.Tx, t *table) {
	dropRows(tx, x.ID)
	tx.Delete(fillKey(x.ID))
	tx.ClearTimer(fillTimer, spaceID(t, x.ID))
}

// ListTables lists the names of the tables.
func (s *Service) ListTables(ctx context.Context, in *dynamodb.ListTablesInput) (*dynamodb.ListTablesOutput, error) {
	const most = 100
	var c constraints
	if in.ExclusiveStartTableName != nil {
		c.length("exclusiveStartTableName", *in.ExclusiveStartTableName, 3, 255)
		c.name("exclusiveStartTableName", *in.ExclusiveStartTableName)
	}
	limit := most
	if in.Limit != nil {
		limit = int(*in.Limit)
		c.atLeast("limit", int64(limit), 1)
		c.atMost("limit", int64(limit), most)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out := &dynamodb.ListTablesOutput{TableNames: []string{}}
	space := store.K("dynamodb", "table")
	r := store.Prefix(space)
	if in.ExclusiveStartTableName != nil {
		r = r.After(tableKey(*in.ExclusiveStartTableName))
	}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		for key := range tx.Scan(r) {
			if len(out.TableNames) == limit {
				out.LastEvaluatedTableName = aws.String(out.TableNames[limit-1])
				break
			}
			out.TableNames = append(out.TableNames, key.Parts(space).Str())
		}
		return nil
	})
	return out, err
}
