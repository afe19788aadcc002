package dynamodb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of tables (Developer Guide, ServiceQuotas).
const (
	maxLocalIndexes   = 5
	maxGlobalIndexes  = 20
	maxProjected      = 100 // non-key attributes over all indexes that list them
	maxAttributeName  = 255
	maxThroughput     = 1_000_000_000_000
	maxTagsOfResource = 50
)

// definition is what CreateTable and UpdateTable say of attributes and keys, on
// its way into a table.
type definition struct {
	attributes []types.AttributeDefinition
	onDemand   bool
}

func (d definition) names() []string {
	names := make([]string, len(d.attributes))
	for i, a := range d.attributes {
		names[i] = aws.ToString(a.AttributeName)
	}
	return names
}

// tableSchema checks the key schema of a table.
func (d definition) tableSchema(elements []types.KeySchemaElement) (schema, error) {
	if len(elements) == 2 {
		defined := d.names()
		for _, e := range elements {
			if !slices.Contains(defined, aws.ToString(e.AttributeName)) {
				return schema{}, invalid("Invalid KeySchema: Some index key attribute have no definition")
			}
		}
		if len(defined) == 1 {
			return schema{}, invalid("Invalid KeySchema: Some index key attribute have no definition")
		}
	}
	return d.schema(elements)
}

// schema checks a key schema.
func (d definition) schema(elements []types.KeySchemaElement) (schema, error) {
	var keys []string
	for _, e := range elements {
		keys = append(keys, aws.ToString(e.AttributeName))
	}
	defined := d.names()
	undefined := slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(defined, k) })
	switch {
	case len(keys) == 0:
		return schema{}, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case undefined:
		return schema{}, invalidParameter("Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
			strings.Join(keys, ", "), strings.Join(defined, ", "))
	case len(keys) == 2 && keys[0] == keys[1]:
		return schema{}, invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case elements[0].KeyType != types.KeyTypeHash:
		return schema{}, invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 1:
		return schema{Hash: keys[0]}, nil
	case elements[1].KeyType != types.KeyTypeRange:
		return schema{}, invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return schema{Hash: keys[0], Range: keys[1]}, nil
}

// throughput checks the throughput of the table, or of an index if that is
// named.
func (d definition) throughput(p *types.ProvisionedThroughput, index string) (throughput, error) {
	switch {
	case p != nil && d.onDemand && index != "":
		return throughput{}, invalidParameter("ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", index)
	case p != nil && d.onDemand:
		return throughput{}, invalidParameter("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case d.onDemand:
		return throughput{}, nil
	case p == nil && index != "":
		return throughput{}, invalidParameter("ProvisionedThroughput must be specified for index: %s", index)
	case p == nil:
		return throughput{}, invalidParameter("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	of := ""
	if index != "" {
		of = " for index " + index
	}
	read, write := aws.ToInt64(p.ReadCapacityUnits), aws.ToInt64(p.WriteCapacityUnits)
	if read > maxThroughput {
		return throughput{}, invalid("Given value %d for ReadCapacityUnits is out of bounds%s", read, of)
	}
	if write > maxThroughput {
		return throughput{}, invalid("Given value %d for WriteCapacityUnits is out of bounds%s", write, of)
	}
	return throughput{Read: read, Write: write}, nil
}

// index checks the projection of an index and turns it into an index.
func (d definition) index(name string, keys []types.KeySchemaElement, p *types.Projection) (*index, error) {
	key, err := d.schema(keys)
	if err != nil {
		return nil, err
	}
	if p == nil || p.ProjectionType == "" {
		return nil, invalidParameter("Unknown ProjectionType: null")
	}
	if p.NonKeyAttributes != nil && p.ProjectionType != types.ProjectionTypeInclude {
		return nil, invalidParameter("ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	}
	if p.NonKeyAttributes == nil && p.ProjectionType == types.ProjectionTypeInclude {
		return nil, invalidParameter("ProjectionType is %s, but NonKeyAttributes is not specified", p.ProjectionType)
	}
	return &index{Name: name, Key: key, Projection: p.ProjectionType, Include: p.NonKeyAttributes}, nil
}

// local checks the local indexes of a table.
func (d definition) local(t *table, indexes []types.LocalSecondaryIndex) error {
	switch {
	case indexes == nil:
		return nil
	case len(indexes) == 0:
		return invalidParameter("List of LocalSecondaryIndexes is empty")
	case t.Key.Range == "":
		return invalidParameter("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	}
	for _, in := range indexes {
		x, err := d.index(aws.ToString(in.IndexName), in.KeySchema, in.Projection)
		if err != nil {
			return err
		}
		if x.Key.Range == "" {
			return invalidParameter("Index KeySchema does not have a range key for index: %s", x.Name)
		}
		if x.Key.Hash != t.Key.Hash {
			return invalidParameter("Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s",
				x.Name, x.Key.Hash, t.Key.Hash)
		}
		if err := t.addIndex(x); err != nil {
			return err
		}
	}
	if len(indexes) > maxLocalIndexes {
		return invalidParameter("Number of LocalSecondaryIndexes exceeds per-table limit of %d", maxLocalIndexes)
	}
	return nil
}

// global checks the global indexes of a table.
func (d definition) global(t *table, indexes []types.GlobalSecondaryIndex) error {
	if indexes != nil && len(indexes) == 0 {
		return invalidParameter("List of GlobalSecondaryIndexes is empty")
	}
	for _, in := range indexes {
		x, err := d.index(aws.ToString(in.IndexName), in.KeySchema, in.Projection)
		if err != nil {
			return err
		}
		x.Global, x.MaxUnits = true, in.OnDemandThroughput
		if x.Throughput, err = d.throughput(in.ProvisionedThroughput, x.Name); err != nil {
			return err
		}
		if in.WarmThroughput != nil {
			return unsupported("WarmThroughput", "warm throughput")
		}
		if err := t.addIndex(x); err != nil {
			return err
		}
	}
	if len(indexes) > maxGlobalIndexes {
		return invalidParameter("GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobalIndexes)
	}
	return nil
}

func (t *table) addIndex(x *index) error {
	if t.index(x.Name) != nil {
		return invalidParameter("Duplicate index name: %s", x.Name)
	}
	t.Indexes = append(t.Indexes, x)
	n := 0
	for _, x := range t.Indexes {
		n += len(x.Include)
	}
	if n > maxProjected {
		return invalidParameter("The total number of projected non-key attributes over all indexes exceeds the limit of %d", maxProjected)
	}
	return nil
}

// attributesOf checks that each attribute that is defined is some key's, and
// turns the definitions into attributes.
func (d definition) attributesOf(t *table) error {
	t.Attributes = nil
	for i, a := range d.attributes {
		name := aws.ToString(a.AttributeName)
		if slices.Contains(d.names()[:i], name) {
			return invalidParameter("Duplicate attribute name in AttributeDefinitions: %s", name)
		}
		t.Attributes = append(t.Attributes, attribute{name, string(a.AttributeType)})
	}
	used := map[string]bool{}
	for _, name := range t.Key.names() {
		used[name] = true
	}
	for _, x := range t.Indexes {
		for _, name := range x.Key.names() {
			used[name] = true
		}
	}
	switch {
	case len(used) == len(d.attributes):
		return nil
	case len(t.Indexes) == 0:
		return invalidParameter("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	var keys []string
	for name := range used {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return invalidParameter("Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
		strings.Join(d.names(), ", "), strings.Join(keys, ", "))
}

// The constraints of the API's model on these structures.

func (c *constraints) attributes(list []types.AttributeDefinition) {
	for i, a := range list {
		at := fmt.Sprintf("attributeDefinitions.%d.member.", i+1)
		c.present(at+"attributeName", a.AttributeName != nil)
		c.length(at+"attributeName", aws.ToString(a.AttributeName), min(1, len(aws.ToString(a.AttributeName))), maxAttributeName)
		c.present(at+"attributeType", a.AttributeType != "")
		enum(c, at+"attributeType", a.AttributeType, types.ScalarAttributeTypeB, types.ScalarAttributeTypeN, types.ScalarAttributeTypeS)
	}
}

func (c *constraints) keySchema(at string, list []types.KeySchemaElement) {
	c.present(at, list != nil)
	if list == nil {
		return
	}
	c.count(at, len(list), 1, 2)
	for i, e := range list {
		at := fmt.Sprintf("%s.%d.member.", at, i+1)
		c.present(at+"attributeName", e.AttributeName != nil)
		c.present(at+"keyType", e.KeyType != "")
		enum(c, at+"keyType", e.KeyType, types.KeyTypeHash, types.KeyTypeRange)
	}
}

func (c *constraints) provisioned(at string, p *types.ProvisionedThroughput) {
	if p == nil {
		return
	}
	for _, f := range []struct {
		name string
		n    *int64
	}{{"writeCapacityUnits", p.WriteCapacityUnits}, {"readCapacityUnits", p.ReadCapacityUnits}} {
		c.present(at+"."+f.name, f.n != nil)
		if f.n != nil {
			c.atLeast(at+"."+f.name, *f.n, 1)
		}
	}
}

func (c *constraints) index(at string, name *string, keys []types.KeySchemaElement, p *types.Projection) {
	c.indexName(at+".indexName", name)
	c.keySchema(at+".keySchema", keys)
	c.present(at+".projection", p != nil)
	if p == nil {
		return
	}
	enum(c, at+".projection.projectionType", p.ProjectionType, types.ProjectionTypeAll, types.ProjectionTypeInclude, types.ProjectionTypeKeysOnly)
	if p.NonKeyAttributes != nil {
		c.count(at+".projection.nonKeyAttributes", len(p.NonKeyAttributes), 1, 20)
	}
}

func (c *constraints) indexName(at string, name *string) {
	c.present(at, name != nil)
	if name != nil {
		c.length(at, *name, 3, 255)
		c.name(at, *name)
	}
}

func (c *constraints) billing(v types.BillingMode) {
	enum(c, "billingMode", v, types.BillingModeProvisioned, types.BillingModePayPerRequest)
}

func (c *constraints) class(v types.TableClass) {
	enum(c, "tableClass", v, types.TableClassStandard, types.TableClassStandardInfrequentAccess)
}
