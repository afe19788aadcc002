package dynamodb

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
)

// UpdateTable changes throughput, billing mode, class or deletion protection of
// a table, and makes or deletes its global indexes.
func (s *Service) UpdateTable(ctx context.Context, in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
	if err := checkUpdateTable(in); err != nil {
		return nil, err
	}
	var d *types.TableDescription
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		t := loadOwn(tx, tableName(in.TableName))
		if t == nil {
			return errNoTable(tableName(in.TableName))
		}
		u := tableUpdate{s, tx, t, in}
		if err := u.apply(); err != nil {
			return err
		}
		u.t.save(tx)
		d = s.describe(tx, u.t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.TableStatus = types.TableStatusUpdating
	return &dynamodb.UpdateTableOutput{TableDescription: d}, nil
}

func checkUpdateTable(in *dynamodb.UpdateTableInput) error {
	if err := checkTableName(in.TableName); err != nil {
		return err
	}
	var c constraints
	c.attributes(in.AttributeDefinitions)
	c.billing(in.BillingMode)
	c.provisioned("provisionedThroughput", in.ProvisionedThroughput)
	for i, u := range in.GlobalSecondaryIndexUpdates {
		at := fmt.Sprintf("globalSecondaryIndexUpdates.%d.member", i+1)
		if u.Update != nil {
			c.indexName(at+".update.indexName", u.Update.IndexName)
			c.provisioned(at+".update.provisionedThroughput", u.Update.ProvisionedThroughput)
		}
		if u.Create != nil {
			c.index(at+".create", u.Create.IndexName, u.Create.KeySchema, u.Create.Projection)
			c.provisioned(at+".create.provisionedThroughput", u.Create.ProvisionedThroughput)
		}
		if u.Delete != nil {
			c.indexName(at+".delete.indexName", u.Delete.IndexName)
		}
	}
	c.class(in.TableClass)
	if err := c.err(); err != nil {
		return err
	}
	err := refuseFeatures(map[string]bool{
		"GlobalTableSettingsReplicationMode": in.GlobalTableSettingsReplicationMode != "",
		"GlobalTableWitnessUpdates":          in.GlobalTableWitnessUpdates != nil,
		"MultiRegionConsistency":             in.MultiRegionConsistency != "",
		"ReplicaUpdates":                     in.ReplicaUpdates != nil,
		"VectorIndexUpdates":                 in.VectorIndexUpdates != nil,
		"WarmThroughput":                     in.WarmThroughput != nil,
		"SSESpecification":                   encrypts(in.SSESpecification),
		"StreamSpecification":                streams(in.StreamSpecification),
	})
	if err != nil {
		return err
	}
	return checkIndexUpdates(in)
}

func checkIndexUpdates(in *dynamodb.UpdateTableInput) error {
	if in.ProvisionedThroughput == nil && in.BillingMode == "" && len(in.GlobalSecondaryIndexUpdates) == 0 && in.SSESpecification == nil &&
		in.StreamSpecification == nil && in.DeletionProtectionEnabled == nil && in.TableClass == "" && in.OnDemandThroughput == nil {
		return invalidParameter("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	var seen []string
	for _, u := range in.GlobalSecondaryIndexUpdates {
		name := ""
		switch {
		case u.Update != nil:
			name = *u.Update.IndexName
		case u.Create != nil:
			name = *u.Create.IndexName
		case u.Delete != nil:
			name = *u.Delete.IndexName
		default:
			return invalidParameter("One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null")
		}
		if slices.Contains(seen, name) {
			return invalidParameter("Only one global secondary index update per index is allowed simultaneously. Index: %s", name)
		}
		seen = append(seen, name)
	}
	return nil
}

// tableUpdate is an UpdateTable under way, on a copy of the table's definition.
type tableUpdate struct {
	*Service
	tx *store.Tx
	t  *table
	in *dynamodb.UpdateTableInput
}

func (u tableUpdate) apply() error {
	t, in := u.t, u.in
	if in.DeletionProtectionEnabled != nil {
		t.Protected = *in.DeletionProtectionEnabled
	}
	if in.TableClass != "" && in.TableClass != t.Class {
		t.Class, t.ClassAt = in.TableClass, u.tx.Now()
	}
	if in.OnDemandThroughput != nil {
		t.MaxUnits = in.OnDemandThroughput
	}
	if err := u.bill(); err != nil {
		return err
	}
	moving := 0
	for _, g := range in.GlobalSecondaryIndexUpdates {
		if g.Create != nil || g.Delete != nil {
			moving++
		}
		if err := u.index(g); err != nil {
			return err
		}
	}
	if moving > 1 {
		return &types.LimitExceededException{Message: aws.String("Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")}
	}
	return nil
}

// bill changes the billing mode and the table's throughput.
func (u tableUpdate) bill() error {
	t, in := u.t, u.in
	onDemand := t.OnDemand
	if in.BillingMode != "" {
		onDemand = in.BillingMode == types.BillingModePayPerRequest
	}
	switch {
	case in.ProvisionedThroughput == nil && onDemand == t.OnDemand:
		return nil
	case onDemand && !t.OnDemand:
		t.OnDemandAt = u.tx.Now()
	case !onDemand && t.OnDemand:
		if err := u.checkIndexThroughput(); err != nil {
			return err
		}
	}
	p, err := definition{onDemand: onDemand}.throughput(in.ProvisionedThroughput, "")
	if err != nil {
		return err
	}
	if !onDemand && !t.OnDemand && p.Read == t.Throughput.Read && p.Write == t.Throughput.Write {
		return invalid("The provisioned throughput for the table will not change. The requested value equals the current value. "+
			"Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. "+
			"Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. "+
			"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
			t.Throughput.Read, p.Read, t.Throughput.Write, p.Write)
	}
	if onDemand != t.OnDemand {
		t.OnDemand, t.Throughput = onDemand, p
		for _, x := range t.Indexes {
			x.Throughput = throughput{}
		}
		return nil
	}
	t.Throughput.change(p, u.tx.Now())
	return nil
}

// checkIndexThroughput requires the throughput of all global indexes when the
// table gets its own.
func (u tableUpdate) checkIndexThroughput() error {
	for _, x := range u.t.Indexes {
		given := slices.ContainsFunc(u.in.GlobalSecondaryIndexUpdates, func(g types.GlobalSecondaryIndexUpdate) bool {
			return g.Update != nil && *g.Update.IndexName == x.Name && g.Update.ProvisionedThroughput != nil ||
				g.Delete != nil && *g.Delete.IndexName == x.Name
		})
		if x.Global && !given {
			return invalidParameter("ProvisionedThroughput must be specified for index: %s", x.Name)
		}
	}
	return nil
}

// change sets what is provisioned, and keeps when it was raised and lowered.
func (p *throughput) change(to throughput, now time.Time) {
	if to.Read > p.Read || to.Write > p.Write {
		p.Increased = now
	}
	if to.Read < p.Read || to.Write < p.Write {
		if p.Decreased.Truncate(24*time.Hour) != now.Truncate(24*time.Hour) {
			p.Decreases = 0
		}
		p.Decreased = now
		p.Decreases++
	}
	p.Read, p.Write = to.Read, to.Write
}

func (u tableUpdate) index(g types.GlobalSecondaryIndexUpdate) error {
	switch {
	case g.Create != nil:
		return u.createIndex(g.Create)
	case g.Delete != nil:
		return u.deleteIndex(*g.Delete.IndexName)
	}
	x := u.t.index(*g.Update.IndexName)
	if x == nil || !x.Global {
		return errNoIndex(*g.Update.IndexName)
	}
	if g.Update.WarmThroughput != nil {
		return unsupported("WarmThroughput", "warm throughput")
	}
	if g.Update.OnDemandThroughput != nil {
		x.MaxUnits = g.Update.OnDemandThroughput
	}
	if g.Update.ProvisionedThroughput == nil {
		return nil
	}
	p, err := definition{onDemand: u.t.OnDemand}.throughput(g.Update.ProvisionedThroughput, x.Name)
	if err != nil {
		return err
	}
	x.Throughput.change(p, u.tx.Now())
	return nil
}

func errNoIndex(name string) error {
	return &types.ResourceNotFoundException{Message: aws.String("Requested resource not found: Index: " + name + " not found")}
}

// createIndex adds a global index, whose keys the request defines, and begins to
// fill it.
func (u tableUpdate) createIndex(in *types.CreateGlobalSecondaryIndexAction) error {
	t := u.t
	if slices.ContainsFunc(t.Indexes, func(x *index) bool { return x.Filling }) {
		return &types.LimitExceededException{Message: aws.String("Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")}
	}
	d := definition{attributes: u.in.AttributeDefinitions, onDemand: t.OnDemand}
	for _, a := range t.Attributes {
		if i := slices.Index(d.names(), a.Name); i >= 0 {
			if string(d.attributes[i].AttributeType) != a.Type {
				return invalidParameter("Attribute %s is already defined with type %s", a.Name, a.Type)
			}
			continue
		}
		d.attributes = append(slices.Clip(d.attributes), types.AttributeDefinition{AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type)})
	}
	err := d.global(t, []types.GlobalSecondaryIndex{{
		IndexName: in.IndexName, KeySchema: in.KeySchema, Projection: in.Projection,
		ProvisionedThroughput: in.ProvisionedThroughput, OnDemandThroughput: in.OnDemandThroughput, WarmThroughput: in.WarmThroughput,
	}})
	if err != nil {
		return err
	}
	if err := d.attributesOf(t); err != nil {
		return err
	}
	globals := 0
	for _, x := range t.Indexes {
		if x.Global {
			globals++
		}
	}
	if globals > maxGlobalIndexes {
		return invalidParameter("GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobalIndexes)
	}
	x := t.Indexes[len(t.Indexes)-1]
	x.ID, x.Filling = u.tx.NextID(), true
	x.rows = rowSpace(x.ID)
	done, err := u.startFill(u.tx, t, x.ID)
	x.Filling = !done
	return err
}

func (u tableUpdate) deleteIndex(name string) error {
	t := u.t
	x := t.index(name)
	if x == nil || !x.Global {
		return errNoIndex(name)
	}
	x.drop(u.tx, t)
	t.Indexes = slices.DeleteFunc(t.Indexes, func(y *index) bool { return y == x })
	t.Attributes = slices.DeleteFunc(t.Attributes, func(a attribute) bool {
		return !t.Key.has(a.Name) && !slices.ContainsFunc(t.Indexes, func(y *index) bool { return y.Key.has(a.Name) })
	})
	return nil
}
