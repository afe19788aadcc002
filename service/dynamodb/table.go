package dynamodb

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
)

// The key space of the service:
//
//	dynamodb table NAME           a table's definition, JSON
//	dynamodb tags NAME            its tags, JSON
//	dynamodb count ID             items and bytes of a table or an index; see counter
//	dynamodb rows ID ...          items of a table, rows of an index, expiries; see row.go
//	dynamodb fill ID              how far an index that is being filled has come
func tableKey(name string) store.Key { return store.K("dynamodb", "table", name) }
func tagsKey(name string) store.Key  { return store.K("dynamodb", "tags", name) }
func countKey(id uint64) store.Key   { return store.K("dynamodb", "count").Uint(id) }
func rowSpace(id uint64) store.Key   { return store.K("dynamodb", "rows").Uint(id) }
func fillKey(id uint64) store.Key    { return store.K("dynamodb", "fill").Uint(id) }

// table is a table's definition. It is not changed once it is shared: an update
// loads its own.
type table struct {
	Name       string
	ID         uint64 // of its rows, and unique for ever: a table of the same name later has another
	UUID       string
	Created    time.Time
	Attributes []attribute
	Key        schema
	Indexes    []*index
	OnDemand   bool
	OnDemandAt time.Time `json:",omitzero"` // when it became so, if it was not from the start
	Throughput throughput
	MaxUnits   *types.OnDemandThroughput `json:",omitempty"`
	Class      types.TableClass
	ClassAt    time.Time `json:",omitzero"`
	Protected  bool
	TTL        *expiry `json:",omitempty"`

	raw  []byte    // the row that it was decoded from
	rows store.Key // where its items begin
}

type attribute struct{ Name, Type string }

// schema names the key attributes; Range is empty if there is none.
type schema struct {
	Hash  string
	Range string `json:",omitempty"`
}

func (k schema) names() []string {
	if k.Range == "" {
		return []string{k.Hash}
	}
	return []string{k.Hash, k.Range}
}

func (k schema) has(name string) bool { return name == k.Hash || k.Range != "" && name == k.Range }

type throughput struct {
	Read, Write int64
	Increased   time.Time `json:",omitzero"`
	Decreased   time.Time `json:",omitzero"`
	Decreases   int64     // on the day of Decreased
}

// index is a secondary index of a table.
type index struct {
	Name       string
	ID         uint64
	Global     bool
	Key        schema
	Projection types.ProjectionType
	Include    []string `json:",omitempty"`
	Throughput throughput
	MaxUnits   *types.OnDemandThroughput `json:",omitempty"`
	Filling    bool                      // it does not have all items yet

	rows store.Key
}

// kind is the type of a key attribute: S, N or B.
func (t *table) kind(name string) string {
	for _, a := range t.Attributes {
		if a.Name == name {
			return a.Type
		}
	}
	return ""
}

// index returns the index of that name, or nil.
func (t *table) index(name string) *index {
	i := slices.IndexFunc(t.Indexes, func(x *index) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return t.Indexes[i]
}

// load returns the definition of a table, or nil if there is none. The result is
// shared: see [table].
func (s *Service) load(tx *store.Tx, name string) *table {
	raw, ok := tx.Get(tableKey(name))
	if !ok {
		return nil
	}
	if t, ok := s.tables.Load(name); ok && bytes.Equal(t.(*table).raw, raw) {
		return t.(*table)
	}
	t := loadOwn(tx, name)
	if t != nil {
		t.raw = raw
		s.tables.Store(t.Name, t) // not name, which may be a part of a whole request
	}
	return t
}

// loadOwn is [Service.load] of a copy that may be changed and saved.
func loadOwn(tx *store.Tx, name string) *table {
	t := new(table)
	if !tx.GetJSON(tableKey(name), t) {
		return nil
	}
	t.rows = rowSpace(t.ID)
	for _, x := range t.Indexes {
		x.rows = rowSpace(x.ID)
	}
	return t
}

func (t *table) save(tx *store.Tx) { tx.PutJSON(tableKey(t.Name), t) }

func (s *Service) arn(name string) string {
	return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", s.config.Region, s.config.Account, name)
}

// tableName returns the table's name in a request's TableName, which may also be
// an ARN.
func tableName(nameOrARN *string) string {
	s := aws.ToString(nameOrARN)
	if rest, ok := strings.CutPrefix(s, "arn:"); ok {
		if _, name, ok := strings.Cut(rest, ":table/"); ok {
			return name
		}
	}
	return s
}

// table checks the TableName of an operation on items.
func (c *constraints) table(nameOrARN *string) {
	c.present("tableName", nameOrARN != nil)
	if nameOrARN == nil {
		return
	}
	name := tableName(nameOrARN)
	c.length("tableName", name, 1, 255)
	c.name("tableName", name)
}

// checkTableName checks the TableName of an operation on tables.
func checkTableName(nameOrARN *string) error {
	if nameOrARN == nil {
		return invalid("The parameter 'TableName' is required but was not present in the request")
	}
	name := tableName(nameOrARN)
	if len(name) < 3 || len(name) > 255 {
		return invalid("TableName must be at least 3 characters long and at most 255 characters long")
	}
	var c constraints
	c.name("tableName", name)
	return c.err()
}

// describe is the table as the API shows it.
func (s *Service) describe(tx *store.Tx, t *table) *types.TableDescription {
	count := readCount(tx, t.ID)
	d := &types.TableDescription{
		TableName: aws.String(t.Name), TableArn: aws.String(s.arn(t.Name)), TableId: aws.String(t.UUID),
		TableStatus: types.TableStatusActive, CreationDateTime: aws.Time(t.Created),
		KeySchema: t.Key.elements(), DeletionProtectionEnabled: aws.Bool(t.Protected),
		ItemCount: aws.Int64(count.items), TableSizeBytes: aws.Int64(count.bytes),
		ProvisionedThroughput: t.Throughput.describe(), OnDemandThroughput: t.MaxUnits,
	}
	for _, a := range t.Attributes {
		d.AttributeDefinitions = append(d.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type)})
	}
	if t.OnDemand {
		at := t.Created
		if !t.OnDemandAt.IsZero() {
			at = t.OnDemandAt
		}
		d.BillingModeSummary = &types.BillingModeSummary{BillingMode: types.BillingModePayPerRequest, LastUpdateToPayPerRequestDateTime: aws.Time(at)}
	}
	if t.Class != "" {
		d.TableClassSummary = &types.TableClassSummary{TableClass: t.Class}
		if !t.ClassAt.IsZero() {
			d.TableClassSummary.LastUpdateDateTime = aws.Time(t.ClassAt)
		}
	}
	for _, x := range t.Indexes {
		s.describeIndex(tx, d, t, x)
	}
	return d
}

func (s *Service) describeIndex(tx *store.Tx, d *types.TableDescription, t *table, x *index) {
	count := readCount(tx, x.ID)
	arn := aws.String(s.arn(t.Name) + "/index/" + x.Name)
	projection := &types.Projection{ProjectionType: x.Projection, NonKeyAttributes: x.Include}
	if !x.Global {
		d.LocalSecondaryIndexes = append(d.LocalSecondaryIndexes, types.LocalSecondaryIndexDescription{
			IndexName: aws.String(x.Name), IndexArn: arn, KeySchema: x.Key.elements(), Projection: projection,
			ItemCount: aws.Int64(count.items), IndexSizeBytes: aws.Int64(count.bytes),
		})
		return
	}
	g := types.GlobalSecondaryIndexDescription{
		IndexName: aws.String(x.Name), IndexArn: arn, KeySchema: x.Key.elements(), Projection: projection,
		ItemCount: aws.Int64(count.items), IndexSizeBytes: aws.Int64(count.bytes),
		IndexStatus: types.IndexStatusActive, ProvisionedThroughput: x.Throughput.describe(), OnDemandThroughput: x.MaxUnits,
	}
	if x.Filling {
		g.IndexStatus, g.Backfilling = types.IndexStatusCreating, aws.Bool(true)
		d.TableStatus = types.TableStatusUpdating
	}
	d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, g)
}

func (k schema) elements() []types.KeySchemaElement {
	e := []types.KeySchemaElement{{AttributeName: aws.String(k.Hash), KeyType: types.KeyTypeHash}}
	if k.Range != "" {
		e = append(e, types.KeySchemaElement{AttributeName: aws.String(k.Range), KeyType: types.KeyTypeRange})
	}
	return e
}

func (p throughput) describe() *types.ProvisionedThroughputDescription {
	d := &types.ProvisionedThroughputDescription{ReadCapacityUnits: aws.Int64(p.Read), WriteCapacityUnits: aws.Int64(p.Write), NumberOfDecreasesToday: aws.Int64(p.Decreases)}
	if !p.Increased.IsZero() {
		d.LastIncreaseDateTime = aws.Time(p.Increased)
	}
	if !p.Decreased.IsZero() {
		d.LastDecreaseDateTime = aws.Time(p.Decreased)
	}
	return d
}
