package resource

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func dynamodbTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::DynamoDB::Table": {
			Properties: properties(`TableName! KeySchema! LocalSecondaryIndexes! AttributeDefinitions BillingMode
				ProvisionedThroughput GlobalSecondaryIndexes SSESpecification StreamSpecification Tags TableClass
				DeletionProtectionEnabled TimeToLiveSpecification PointInTimeRecoverySpecification`),
			Required:   []string{"KeySchema"},
			Attributes: []string{"Arn", "StreamArn"}, NameProperty: "TableName", MaxName: 255,
			Exists: tableExists, Create: createTable, Update: updateTable, Configure: configureTable, Delete: deleteTable,
			Replaces: redefinesAttribute,
		},
	}
}

// await asks until the answer is yes. It asks at once, then less and less often.
func await(ctx context.Context, ready func() (bool, error)) error {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func tableExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.Name})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
		c.set("Arn", aws.ToString(out.Table.TableArn))
		if stream := aws.ToString(out.Table.LatestStreamArn); stream != "" {
			c.set("StreamArn", stream)
		}
	}
	return ok, err
}

// tableProperties puts properties in the shape of DynamoDB's API: a stream that
// is specified is enabled, and encryption has another name for enabled.
func tableProperties(c *Call, names ...string) map[string]any {
	props := pick(c.Props, names...)
	if stream := object(props["StreamSpecification"]); stream != nil {
		shaped := pick(stream, "StreamViewType")
		shaped["StreamEnabled"] = true
		props["StreamSpecification"] = shaped
	}
	if sse := object(props["SSESpecification"]); sse != nil {
		shaped := pick(sse, "SSEType", "KMSMasterKeyId")
		if enabled, ok := sse["SSEEnabled"]; ok {
			shaped["Enabled"] = enabled
		}
		props["SSESpecification"] = shaped
	}
	return props
}

func createTable(ctx context.Context, c *Call) error {
	in := &dynamodb.CreateTableInput{}
	err := assign(in, tableProperties(c, "KeySchema", "LocalSecondaryIndexes", "AttributeDefinitions", "BillingMode",
		"ProvisionedThroughput", "GlobalSecondaryIndexes", "SSESpecification", "StreamSpecification", "TableClass",
		"DeletionProtectionEnabled"), c.Logical)
	if err != nil {
		return err
	}
	in.TableName = &c.Name
	in.Tags = tableTags(c.tags())
	if _, err = c.DynamoDB.CreateTable(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	return tableActive(ctx, c)
}

func tableTags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })
}

// tableActive waits until the table and its indexes are.
func tableActive(ctx context.Context, c *Call) error {
	err := await(ctx, func() (bool, error) {
		out, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.Name})
		if err != nil {
			return false, err
		}
		busy := slices.ContainsFunc(out.Table.GlobalSecondaryIndexes, func(i types.GlobalSecondaryIndexDescription) bool {
			return i.IndexStatus != "" && i.IndexStatus != types.IndexStatusActive
		})
		return out.Table.TableStatus == types.TableStatusActive && !busy, nil
	})
	if err != nil {
		return err
	}
	_, err = tableExists(ctx, c)
	return err
}

// updateTable changes one thing a call, as DynamoDB demands of indexes.
func updateTable(ctx context.Context, c *Call) error {
	for _, names := range [][]string{{"BillingMode", "ProvisionedThroughput"}, {"StreamSpecification"}, {"SSESpecification"},
		{"TableClass"}, {"DeletionProtectionEnabled"}} {
		if !c.changed(names...) {
			continue
		}
		in := &dynamodb.UpdateTableInput{TableName: &c.Name}
		if err := assign(in, tableProperties(c, names...), c.Logical); err != nil {
			return err
		}
		if c.Props["StreamSpecification"] == nil && names[0] == "StreamSpecification" {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(false)}
		}
		if c.Props["DeletionProtectionEnabled"] == nil && names[0] == "DeletionProtectionEnabled" {
			in.DeletionProtectionEnabled = aws.Bool(false)
		}
		done, err := alreadyIs(ctx, c, in)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		if err := sendUpdate(ctx, c, in); err != nil {
			return err
		}
	}
	if c.changed("GlobalSecondaryIndexes") {
		if err := updateIndexes(ctx, c); err != nil {
			return err
		}
	}
	return tagTable(ctx, c)
}

// alreadyIs says whether the table has the throughput or the stream that an
// update asks for: DynamoDB refuses to set either twice, which a step that is
// repeated after a crash does.
func alreadyIs(ctx context.Context, c *Call, in *dynamodb.UpdateTableInput) (bool, error) {
	if in.ProvisionedThroughput == nil && in.StreamSpecification == nil {
		return false, nil
	}
	out, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.Name})
	if err != nil {
		return false, err
	}
	if want := in.StreamSpecification; want != nil {
		has := out.Table.StreamSpecification
		return has != nil && *has.StreamEnabled == *want.StreamEnabled && has.StreamViewType == want.StreamViewType ||
			has == nil && !*want.StreamEnabled, nil
	}
	has, want := out.Table.ProvisionedThroughput, in.ProvisionedThroughput
	return has != nil && aws.ToInt64(has.ReadCapacityUnits) == aws.ToInt64(want.ReadCapacityUnits) &&
		aws.ToInt64(has.WriteCapacityUnits) == aws.ToInt64(want.WriteCapacityUnits), nil
}

func sendUpdate(ctx context.Context, c *Call, in *dynamodb.UpdateTableInput) error {
	if _, err := c.DynamoDB.UpdateTable(ctx, in); err != nil {
		return err
	}
	return tableActive(ctx, c)
}

// indexes gives the global indexes by name.
func indexes(props map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	list, _ := props["GlobalSecondaryIndexes"].([]any)
	for _, item := range list {
		index := object(item)
		name, _ := index["IndexName"].(string)
		out[name] = index
	}
	return out
}

// updateIndexes works from what the table has, so that it may be repeated: it
// deletes what is no longer wanted or wanted otherwise, then makes what lacks.
func updateIndexes(ctx context.Context, c *Call) error {
	out, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.Name})
	if err != nil {
		return err
	}
	old, now := indexes(c.Old), indexes(c.Props)
	has := map[string]bool{}
	for _, index := range out.Table.GlobalSecondaryIndexes {
		name := aws.ToString(index.IndexName)
		has[name] = true
		if now[name] != nil && (old[name] == nil || Same(old[name]["KeySchema"], now[name]["KeySchema"]) &&
			Same(old[name]["Projection"], now[name]["Projection"])) {
			continue
		}
		drop := types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: &name}}
		if err := sendUpdate(ctx, c, indexUpdate(c, drop)); err != nil {
			return err
		}
		has[name] = false
	}
	for name, index := range now {
		if err := makeIndex(ctx, c, index, has[name], old[name]); err != nil {
			return err
		}
	}
	return nil
}

func indexUpdate(c *Call, u types.GlobalSecondaryIndexUpdate) *dynamodb.UpdateTableInput {
	return &dynamodb.UpdateTableInput{TableName: &c.Name, GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{u}}
}

func makeIndex(ctx context.Context, c *Call, index map[string]any, exists bool, old map[string]any) error {
	if exists {
		if old == nil || Same(old["ProvisionedThroughput"], index["ProvisionedThroughput"]) || index["ProvisionedThroughput"] == nil {
			return nil
		}
		update := &types.UpdateGlobalSecondaryIndexAction{}
		if err := assign(update, pick(index, "IndexName", "ProvisionedThroughput"), c.Logical); err != nil {
			return err
		}
		return sendUpdate(ctx, c, indexUpdate(c, types.GlobalSecondaryIndexUpdate{Update: update}))
	}
	create := &types.CreateGlobalSecondaryIndexAction{}
	if err := assign(create, index, c.Logical+"/GlobalSecondaryIndexes"); err != nil {
		return err
	}
	in := indexUpdate(c, types.GlobalSecondaryIndexUpdate{Create: create})
	if err := assign(in, pick(c.Props, "AttributeDefinitions"), c.Logical); err != nil {
		return err
	}
	return sendUpdate(ctx, c, in)
}

func tagTable(ctx context.Context, c *Call) error {
	arn, _ := c.Attributes["Arn"].(string)
	if arn == "" {
		if ok, err := tableExists(ctx, c); err != nil || !ok {
			return err
		}
		arn, _ = c.Attributes["Arn"].(string)
	}
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.DynamoDB.UntagResource(ctx, &dynamodb.UntagResourceInput{ResourceArn: &arn, TagKeys: keys}); err != nil {
			return err
		}
	}
	tags := tableTags(c.tags())
	if len(tags) == 0 {
		return nil
	}
	_, err := c.DynamoDB.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: &arn, Tags: tags})
	return err
}

// configureTable makes the settings that have calls of their own.
func configureTable(ctx context.Context, c *Call) error {
	if ttl := object(c.Props["TimeToLiveSpecification"]); c.changed("TimeToLiveSpecification") {
		if ttl == nil {
			ttl = map[string]any{"Enabled": false, "AttributeName": object(c.Old["TimeToLiveSpecification"])["AttributeName"]}
		}
		in := &dynamodb.UpdateTimeToLiveInput{TableName: &c.Name}
		if err := assign(in, map[string]any{"TimeToLiveSpecification": ttl}, c.Logical); err != nil {
			return err
		}
		_, err := c.DynamoDB.UpdateTimeToLive(ctx, in)
		if err != nil && !(isCode(err, "ValidationException") && ttlIs(ctx, c, ttl)) {
			return err
		}
	}
	if c.changed("PointInTimeRecoverySpecification") {
		recovery := c.Props["PointInTimeRecoverySpecification"]
		if recovery == nil {
			recovery = map[string]any{"PointInTimeRecoveryEnabled": false}
		}
		in := &dynamodb.UpdateContinuousBackupsInput{TableName: &c.Name}
		if err := assign(in, map[string]any{"PointInTimeRecoverySpecification": recovery}, c.Logical); err != nil {
			return err
		}
		_, err := c.DynamoDB.UpdateContinuousBackups(ctx, in)
		return err
	}
	return nil
}

// ttlIs says whether the time to live is set so already: DynamoDB refuses to set
// it twice, which a step that is repeated does.
func ttlIs(ctx context.Context, c *Call, ttl map[string]any) bool {
	out, err := c.DynamoDB.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &c.Name})
	if err != nil || out.TimeToLiveDescription == nil {
		return false
	}
	status := out.TimeToLiveDescription.TimeToLiveStatus
	enabled := status == types.TimeToLiveStatusEnabled || status == types.TimeToLiveStatusEnabling
	return Same(ttl["Enabled"], enabled) &&
		(!enabled || Same(ttl["AttributeName"], aws.ToString(out.TimeToLiveDescription.AttributeName)))
}

func deleteTable(ctx context.Context, c *Call) error {
	_, err := c.DynamoDB.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &c.Name})
	if err != nil {
		return gone(err)
	}
	return await(ctx, func() (bool, error) {
		exists, err := tableExists(ctx, c)
		return !exists, err
	})
}

// redefinesAttribute: a changed type of an attribute replaces the table; further
// attributes, for further indexes, do not.
func redefinesAttribute(old, props map[string]any) bool {
	types := func(p map[string]any) map[string]any {
		out := map[string]any{}
		list, _ := p["AttributeDefinitions"].([]any)
		for _, item := range list {
			d := object(item)
			name, _ := d["AttributeName"].(string)
			out[name] = d["AttributeType"]
		}
		return out
	}
	before := types(old)
	for name, kind := range types(props) {
		if before[name] != nil && !Same(before[name], kind) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
