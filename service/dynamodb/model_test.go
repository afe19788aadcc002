package dynamodb_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/store/storetest"
)

// scanAll reads all items of a table or an index, page by page, by their keys.
func (c *client) scanAll(table string, index *string) (map[string]item, int64) {
	c.t.Helper()
	items := map[string]item{}
	var size int64
	pages := dynamodb.NewScanPaginator(c, &dynamodb.ScanInput{TableName: &table, IndexName: index, Limit: aws.Int32(3)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, it := range out.Items {
			items[modelKey(it)] = it
			size += int64(attr.ItemSize(it))
		}
	}
	return items, size
}

func modelKey(it item) string {
	sk, _ := it["sk"].(*N)
	return it["pk"].(*S).Value + "/" + sk.Value
}

// model is a table as a map, with the schema of modelTable.
type model struct {
	c     *client
	items map[string]item
}

// modelTable is a table with all kinds of indexes.
func modelTable() *dynamodb.CreateTableInput {
	key := func(hash, sort string) []types.KeySchemaElement {
		k := []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash}}
		if sort != "" {
			k = append(k, types.KeySchemaElement{AttributeName: &sort, KeyType: types.KeyTypeRange})
		}
		return k
	}
	return &dynamodb.CreateTableInput{
		TableName: aws.String("model"), BillingMode: types.BillingModePayPerRequest, KeySchema: key("pk", "sk"),
		AttributeDefinitions: []types.AttributeDefinition{
			define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN), define("g", types.ScalarAttributeTypeS), define("r", types.ScalarAttributeTypeB),
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{IndexName: aws.String("all"), KeySchema: key("g", "r"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}},
			{IndexName: aws.String("keys"), KeySchema: key("g", ""), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}},
		},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{
			{IndexName: aws.String("local"), KeySchema: key("pk", "r"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"v"}}},
		},
	}
}

func drawKey(t *rapid.T) item {
	return item{
		"pk": str(rapid.SampledFrom([]string{"a", "b", "\x00", "a\x00"}).Draw(t, "pk")),
		"sk": num(rapid.SampledFrom([]string{"0", "1", "-1", "10", "9", "0.5", "1e20", "-1e-20"}).Draw(t, "sk")),
	}
}

func drawItem(t *rapid.T) item {
	it := drawKey(t)
	if rapid.Bool().Draw(t, "has g") {
		it["g"] = str(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "g"))
	}
	if rapid.Bool().Draw(t, "has r") {
		it["r"] = &B{Value: rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0xff}), 1, 3).Draw(t, "r")}
	}
	if rapid.Bool().Draw(t, "has v") {
		it["v"] = num(strconv.Itoa(rapid.IntRange(-5, 5).Draw(t, "v")))
	}
	return it
}

func (m *model) store(it item) {
	it = attr.CloneItem(it)
	_ = attr.NormalizeItem(it)
	m.items[modelKey(it)] = it
}

func canonical(key item) string {
	key = item{"pk": key["pk"], "sk": &N{Value: key["sk"].(*N).Value}}
	_ = attr.NormalizeItem(key)
	return modelKey(key)
}

func (m *model) put(t *rapid.T) {
	it := drawItem(t)
	if _, err := m.c.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("model"), Item: it}); err != nil {
		t.Fatal(err)
	}
	m.store(it)
}

func (m *model) putIfAbsent(t *rapid.T) {
	it := drawItem(t)
	_, err := m.c.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("model"), Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")})
	var failed *types.ConditionalCheckFailedException
	if _, found := m.items[canonical(it)]; found != errors.As(err, &failed) {
		t.Fatalf("the item exists: %v, and the put gives %v", found, err)
	} else if !found {
		m.store(it)
	}
}

func (m *model) batch(t *rapid.T) {
	seen := map[string]bool{}
	var requests []types.WriteRequest
	var puts []item
	for range rapid.IntRange(1, 6).Draw(t, "requests") {
		it := drawItem(t)
		if seen[canonical(it)] {
			continue
		}
		seen[canonical(it)] = true
		if rapid.Bool().Draw(t, "delete") {
			requests = append(requests, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: item{"pk": it["pk"], "sk": it["sk"]}}})
			delete(m.items, canonical(it))
		} else {
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: it}})
			puts = append(puts, it)
		}
	}
	if _, err := m.c.BatchWriteItem(context.Background(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"model": requests}}); err != nil {
		t.Fatal(err)
	}
	for _, it := range puts {
		m.store(it)
	}
}

// update sets g, adds to v and removes r.
func (m *model) update(t *rapid.T) {
	key, g, n := drawKey(t), rapid.SampledFrom([]string{"x", "z"}).Draw(t, "new g"), rapid.IntRange(-3, 3).Draw(t, "add")
	out, err := m.c.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
		TableName: aws.String("model"), Key: key, UpdateExpression: aws.String("SET g = :g ADD v :n REMOVE r"),
		ExpressionAttributeValues: item{":g": str(g), ":n": num(strconv.Itoa(n))}, ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := attr.CloneItem(m.items[canonical(key)])
	if want == nil {
		want = key
	}
	if v, ok := want["v"].(*N); ok {
		old, _ := strconv.Atoi(v.Value)
		n += old
	}
	want["g"], want["v"] = str(g), num(strconv.Itoa(n))
	delete(want, "r")
	m.store(want)
	if got := out.Attributes; !attr.EqualItems(got, m.items[canonical(key)]) {
		t.Fatalf("the updated item is %q, want %q", show(got), show(m.items[canonical(key)]))
	}
}

func (m *model) delete(t *rapid.T) {
	key := drawKey(t)
	out, err := m.c.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String("model"), Key: key, ReturnValues: types.ReturnValueAllOld})
	if err != nil {
		t.Fatal(err)
	}
	if want := m.items[canonical(key)]; !attr.EqualItems(out.Attributes, want) {
		t.Fatalf("the deleted item is %q, want %q", show(out.Attributes), show(want))
	}
	delete(m.items, canonical(key))
}

func (m *model) get(t *rapid.T) {
	key := drawKey(t)
	if got, want := m.c.get("model", key), m.items[canonical(key)]; !attr.EqualItems(got, want) {
		t.Fatalf("the item is %q, want %q", show(got), show(want))
	}
}

// query compares a query, page by page, with a sorted selection of the model.
func (m *model) query(t *rapid.T) {
	q := drawQuery(t)
	var want []string
	for _, it := range m.items {
		if q.selects(it) {
			want = append(want, modelKey(it))
		}
	}
	order := 1
	if !*q.in.ScanIndexForward {
		order = -1
	}
	sorted := func(a, b string) int { // keys of one sort value come in any fixed order
		if c, ok := attr.Compare(m.items[a][q.sort], m.items[b][q.sort]); ok && c != 0 {
			return order * c
		}
		return 0
	}
	slices.SortStableFunc(want, sorted)
	var got []string
	pages := dynamodb.NewQueryPaginator(m.c, q.in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range out.Items {
			got = append(got, modelKey(it))
		}
	}
	if !slices.IsSortedFunc(got, sorted) {
		t.Fatalf("the items come as %q", got)
	}
	slices.SortFunc(got, cmp.Compare)
	slices.SortFunc(want, cmp.Compare)
	if !slices.Equal(got, want) {
		t.Fatalf("%s of %v gives %q, want %q", *q.in.KeyConditionExpression, show(q.in.ExpressionAttributeValues), got, want)
	}
}

// modelQuery is a query and what it selects.
type modelQuery struct {
	in         *dynamodb.QueryInput
	hash, sort string
	op         string
	low, high  types.AttributeValue
}

func drawQuery(t *rapid.T) modelQuery {
	q := modelQuery{hash: "pk", sort: "sk"}
	var index *string
	bounds := []types.AttributeValue{num("-1"), num("0"), num("1"), num("9.5"), num("10")}
	switch rapid.IntRange(0, 3).Draw(t, "index") {
	case 1:
		index, q.hash, q.sort = aws.String("all"), "g", "r"
	case 2:
		index, q.hash, q.sort = aws.String("keys"), "g", ""
	case 3:
		index, q.hash, q.sort = aws.String("local"), "pk", "r"
	}
	if q.sort == "r" {
		bounds = []types.AttributeValue{&B{Value: []byte{0}}, &B{Value: []byte{0, 0xff}}, &B{Value: []byte{1}}, &B{Value: []byte{0xff}}}
	}
	values := item{":h": str(rapid.SampledFrom([]string{"a", "b", "x", "y", "a\x00"}).Draw(t, "hash"))}
	expression := q.hash + " = :h"
	if q.sort != "" {
		i := rapid.IntRange(0, len(bounds)-1).Draw(t, "low")
		q.low, q.high = bounds[i], bounds[rapid.IntRange(i, len(bounds)-1).Draw(t, "high")]
		ops := []string{"", "=", "<", "<=", ">", ">=", "BETWEEN"}
		if q.sort == "r" {
			ops = append(ops, "begins_with")
		}
		switch q.op = rapid.SampledFrom(ops).Draw(t, "op"); q.op {
		case "":
		case "BETWEEN":
			expression += " AND " + q.sort + " BETWEEN :l AND :u"
			values[":l"], values[":u"] = q.low, q.high
		case "begins_with":
			expression += " AND begins_with(" + q.sort + ", :l)"
			values[":l"] = q.low
		default:
			expression += " AND " + q.sort + " " + q.op + " :l"
			values[":l"] = q.low
		}
	}
	q.in = &dynamodb.QueryInput{
		TableName: aws.String("model"), IndexName: index, KeyConditionExpression: &expression, ExpressionAttributeValues: values,
		ScanIndexForward: aws.Bool(rapid.Bool().Draw(t, "forward")), Limit: aws.Int32(int32(rapid.IntRange(1, 4).Draw(t, "limit"))),
	}
	return q
}

func (q modelQuery) selects(it item) bool {
	if it[q.hash] == nil || !attr.Equal(it[q.hash], q.in.ExpressionAttributeValues[":h"]) {
		return false
	}
	if q.sort == "" {
		return true
	}
	v := it[q.sort]
	if v == nil {
		return false
	}
	order, _ := attr.Compare(v, q.low)
	switch q.op {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "BETWEEN":
		high, _ := attr.Compare(v, q.high)
		return order >= 0 && high <= 0
	case "begins_with":
		return attr.HasPrefix(v, q.low)
	}
	return true
}

// TestModel runs random histories, power cuts included, against a table and a
// map.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		disk := storetest.NewDisk()
		c, shut := bootOn(t, disk)
		defer func() { shut() }()
		if _, err := c.CreateTable(context.Background(), modelTable()); err != nil {
			t.Fatal(err)
		}
		m := &model{c, map[string]item{}}
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.put, "put if absent": m.putIfAbsent, "batch": m.batch, "update": m.update, "delete": m.delete, "get": m.get, "query": m.query,
			"power cut": func(rt *rapid.T) {
				cut := disk.PowerCut(rapid.Uint64Max(100).Draw(rt, "seed"))
				shut()
				disk = cut
				m.c, shut = bootOn(t, disk)
			},
		})
		m.check(rt)
	})
}

// check compares all items, and audits the indexes.
func (m *model) check(t *rapid.T) {
	got, _ := m.c.scanAll("model", nil)
	if len(got) != len(m.items) {
		t.Fatalf("the table has %d items, want %d", len(got), len(m.items))
	}
	for id, it := range m.items {
		if !attr.EqualItems(got[id], it) {
			t.Fatalf("item %s is %q, want %q", id, show(got[id]), show(it))
		}
	}
	if err := m.c.audit("model"); err != nil {
		t.Fatal(err)
	}
}
