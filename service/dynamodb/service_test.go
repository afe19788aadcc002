package dynamodb_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	service "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

type (
	S    = types.AttributeValueMemberS
	N    = types.AttributeValueMemberN
	B    = types.AttributeValueMemberB
	SS   = types.AttributeValueMemberSS
	L    = types.AttributeValueMemberL
	M    = types.AttributeValueMemberM
	BOOL = types.AttributeValueMemberBOOL
)

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &S{Value: s} }
func num(s string) types.AttributeValue { return &N{Value: s} }

// client is the SDK's client of a service on its own store.
type client struct {
	*dynamodb.Client
	t     testing.TB
	store *store.Store
}

func newClient(t testing.TB) *client {
	t.Helper()
	return clientOn(t, storetest.NewDisk())
}

// clientOn is a client of a service whose store is on disk, and which runs until
// the test ends.
func clientOn(t testing.TB, disk *storetest.Disk) *client {
	t.Helper()
	c, _ := bootOn(t, disk)
	return c
}

func bootOn(t testing.TB, disk *storetest.Disk) (*client, func()) {
	t.Helper()
	st, shut := disk.Open(t)
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(service.New(st, service.Config{Region: "us-east-1", Account: "000000000000"}).API())
	return &client{dynamodb.NewFromConfig(wiretest.Config(t, mux)), t, st}, shut
}

// bubble runs f with a client in a synctest bubble.
func bubble(t *testing.T, f func(t *testing.T, c *client)) {
	synctest.Test(t, func(t *testing.T) { f(t, newClient(t)) })
}

// create makes a table whose key is key: the hash key and, if there are two, the
// sort key.
func (c *client) create(name string, key ...types.AttributeDefinition) {
	c.t.Helper()
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest, AttributeDefinitions: key}
	for i, a := range key {
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: a.AttributeName, KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
	}
	if _, err := c.CreateTable(context.Background(), in); err != nil {
		c.t.Fatal(err)
	}
}

func define(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
}

func (c *client) put(table string, it item) {
	c.t.Helper()
	if _, err := c.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &table, Item: it}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) get(table string, key item) item {
	c.t.Helper()
	out, err := c.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &table, Key: key})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Item
}

func (c *client) describe(table string) *types.TableDescription {
	c.t.Helper()
	out, err := c.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Table
}

// wantError checks the code and the text of an API error.
func wantError(t testing.TB, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got %v, want %s: %s", err, code, text)
		return
	}
	if api.ErrorCode() != code || api.ErrorMessage() != text {
		t.Errorf("\n got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, text)
	}
}

func wantItem(t testing.TB, got, want item) {
	t.Helper()
	if !attr.EqualItems(got, want) {
		t.Errorf("\n got %v\nwant %v", show(got), show(want))
	}
}

func show(it item) string { return string(attr.AppendItem(nil, it)) }

func TestItemRoundTrip(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		ctx := context.Background()
		c.create("things", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
		in := item{
			"pk": str("a"), "sk": num("1.50"), "list": &L{Value: []types.AttributeValue{num("1e2"), &M{Value: item{"x": &BOOL{Value: true}}}}},
			"set": &SS{Value: []string{"b", "a"}}, "bin": &B{Value: []byte{0, 255}}, "empty": str(""), "none": &types.AttributeValueMemberNULL{Value: true},
		}
		c.put("things", in)
		wantItem(t, c.get("things", item{"pk": str("a"), "sk": num("1.5")}), item{
			"pk": str("a"), "sk": num("1.5"), "list": &L{Value: []types.AttributeValue{num("100"), &M{Value: item{"x": &BOOL{Value: true}}}}},
			"set": &SS{Value: []string{"a", "b"}}, "bin": &B{Value: []byte{0, 255}}, "empty": str(""), "none": &types.AttributeValueMemberNULL{Value: true},
		})
		d := c.describe("things")
		if *d.ItemCount != 1 || d.TableStatus != types.TableStatusActive {
			t.Errorf("the table has %d items and is %s", *d.ItemCount, d.TableStatus)
		}
		out, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("things"), Key: item{"pk": str("a"), "sk": num("1.5")}, ReturnValues: types.ReturnValueAllOld})
		if err != nil || len(out.Attributes) != len(in) {
			t.Errorf("delete gives %v, %v", out, err)
		}
		if it := c.get("things", item{"pk": str("a"), "sk": num("1.5")}); it != nil {
			t.Errorf("the deleted item is %v", it)
		}
		if d := c.describe("things"); *d.ItemCount != 0 || *d.TableSizeBytes != 0 {
			t.Errorf("the empty table has %d items of %d bytes", *d.ItemCount, *d.TableSizeBytes)
		}
	})
}
