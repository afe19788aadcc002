package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/fxamacker/cbor/v2"

	"github.com/runnel/runnel/wire/codec"
)

func (d documents) CBOR(doc []byte, p any) error {
	return d.plan(p).DecodeCBOR(doc, reflect.ValueOf(p).Elem())
}

func (d documents) AppendCBOR(b []byte, p any) []byte {
	return d.plan(p).AppendCBOR(b, reflect.ValueOf(p).Elem())
}

// item makes CBOR of hexadecimal digits and 'text', which is a string of under 24
// bytes with its length. Blanks are left out.
func item(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			b = append(append(b, 0x60|byte(len(part))), part...)
			continue
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			t.Fatal(s, err)
		}
		b = append(b, raw...)
	}
	return b
}

// TestDecodeCBOR reads members in all the forms that rpcv2Cbor has for them.
func TestDecodeCBOR(t *testing.T) {
	at, whole := time.UnixMilli(1795132923045).UTC(), time.Unix(1795132923, 0).UTC()
	for _, c := range []struct {
		name, doc string
		want      shapes
	}{
		{"empty", "", shapes{}},
		{"empty map", "a0", shapes{}},
		{"empty map, indefinite", "bfff", shapes{}},
		{"text", "a1 'Text' 'x'", shapes{Text: aws.String("x")}},
		{"empty text", "a1 'Text' 60", shapes{Text: aws.String("")}},
		{"text, length in a byte", "a1 'Text' 7801 78", shapes{Text: aws.String("x")}},
		{"text, length in eight bytes", "a1 'Text' 7b0000000000000001 78", shapes{Text: aws.String("x")}},
		{"text in pieces", "bf 'Text' 7f 'ab' 60 'c' ff ff", shapes{Text: aws.String("abc")}},
		{"name in pieces", "bf 7f 'Te' 'xt' ff 'x' ff", shapes{Text: aws.String("x")}},
		{"null", "a1 'Text' f6", shapes{}},
		{"undefined", "a1 'Text' f7", shapes{}},
		{"twice", "a2 'Text' 'x' 'Text' 'y'", shapes{Text: aws.String("y")}},
		{"enum", "a1 'Color' 'RED'", shapes{Color: "RED"}},
		{"true", "a2 'Flag' f5 'FlagPtr' f4", shapes{Flag: true, FlagPtr: aws.Bool(false)}},
		{"integer", "a1 'Count' 17", shapes{Count: 23}},
		{"integer in a byte", "a1 'Count' 1818", shapes{Count: 24}},
		{"integer in eight bytes", "a1 'Count' 1b000000007fffffff", shapes{Count: math.MaxInt32}},
		{"negative", "a1 'Count' 3a7fffffff", shapes{Count: math.MinInt32}},
		{"least", "a1 'Big' 3b7fffffffffffffff", shapes{Big: aws.Int64(math.MinInt64)}},
		{"double", "a1 'Ratio' fb3ff8000000000000", shapes{Ratio: 1.5}},
		{"single", "a1 'Ratio' fa3fc00000", shapes{Ratio: 1.5}},
		{"half", "a1 'Ratio' f93e00", shapes{Ratio: 1.5}},
		{"half, subnormal", "a1 'Ratio' f90001", shapes{Ratio: 1.0 / (1 << 24)}},
		{"half, infinite", "a1 'Ratio' f9fc00", shapes{Ratio: math.Inf(-1)}},
		{"integer for a float", "a1 'Ratio' 03", shapes{Ratio: 3}},
		{"negative integer for a float", "a1 'Ratio' 22", shapes{Ratio: -3}},
		{"blob", "a1 'Blob' 4200ff", shapes{Blob: []byte{0, 255}}},
		{"empty blob", "a1 'Blob' 40", shapes{Blob: []byte{}}},
		{"blob in pieces", "a1 'Blob' 5f 4100 41ff ff", shapes{Blob: []byte{0, 255}}},
		{"time", "a1 'At' c1 1a6aff8dfb", shapes{At: &whole}},
		{"time with milliseconds", "a1 'At' c1 fb41dabfe37ec2e148", shapes{At: &at}},
		{"time in JSON's own format", "a1 'Seconds' c1 1a6aff8dfb", shapes{Seconds: &whole}},
		{"list", "a1 'List' 82 'a' f6", shapes{List: []string{"a", ""}}},
		{"list, indefinite", "a1 'List' 9f 'a' ff", shapes{List: []string{"a"}}},
		{"empty list and map", "a2 'List' 80 'Map' a0", shapes{List: []string{}, Map: map[string]string{}}},
		{"map", "a1 'Map' bf 'a' '1' 'b' f6 ff", shapes{Map: map[string]string{"a": "1", "b": ""}}},
		{"structure", "a1 'Inner' a1 'Count' 01", shapes{Inner: &shapes{Count: 1}}},
		{"unknown", "a3 'x' a1 'Text' 82 01 9f 20 ff 'y' c2 4101 'z' f97e00", shapes{}},
		{"name in another case", "a1 'text' 'x'", shapes{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got shapes
			if err := plain.CBOR(item(t, c.doc), &got); err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %s (%v), want %s", show(got), err, show(c.want))
			}
		})
	}
	var got shapes
	if err := plain.CBOR(item(t, "a1 'Ratio' f97e00"), &got); err != nil || !math.IsNaN(got.Ratio) {
		t.Errorf("NaN: %v, %v", got.Ratio, err)
	}
}

// TestBadCBOR sends what is not CBOR, and what is not of the members' types.
func TestBadCBOR(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"cut off", "a1", "Could not parse request body into cbor: unexpected end at byte 1"},
		{"cut off after a name", "a1 'Text'", "unexpected end"},
		{"cut off in a name", "a1 64 5465", "unexpected end"},
		{"cut off in an argument", "a1 'Count' 19ff", "unexpected end"},
		{"cut off in a float", "a1 'Ratio' fb00", "unexpected end"},
		{"cut off in pieces", "a1 'Text' 7f 'a'", "unexpected end"},
		{"no break", "bf 'Count' 01", "unexpected end"},
		{"no break in a list", "a1 'List' 9f 'a'", "unexpected end"},
		{"break alone", "ff", "malformed item"},
		{"break in a definite map", "a1 'Text' ff", "malformed item"},
		{"half a pair", "bf 'Text' ff", "malformed item"},
		{"reserved length", "a1 'Count' 1c", "malformed item"},
		{"indefinite integer", "a1 'Count' 1f", "malformed item"},
		{"indefinite tag", "a1 'At' df", "malformed item"},
		{"simple value in two bytes", "a1 'Flag' f815", "malformed item"},
		{"bytes after it", "a000", "bytes after the document"},
		{"pieces of another type", "a1 'Text' 7f 4161 ff", "malformed string"},
		{"pieces in pieces", "a1 'Text' 7f 7f 'a' ff ff", "malformed string"},
		{"no text", "a1 'Text' 61 ff", "invalid UTF-8"},
		{"name that is no text", "a1 61 ff 01", "invalid UTF-8"},
		{"name that is a number", "a1 01 02", "expected a member name"},
		{"text longer than the document", "a1 'Text' 7bffffffffffffffff 00", "unexpected end"},
		{"list longer than the document", "a1 'List' 9bffffffffffffffff 00", "unexpected end"},
		{"map longer than the document", "bbffffffffffffffff", "unexpected end"},
		{"map of half the pairs", "a2 'a' 01", "unexpected end"},
		{"unknown and broken", "a1 'x' 9f", "unexpected end"},
		{"list for a structure", "80", "Start of list found where not expected"},
		{"number for a structure", "01", "Expected map or null"},
		{"text for a list", "a1 'List' 'a'", "Expected list or null"},
		{"structure for text", "a1 'Text' a0", "Start of structure or map found where not expected."},
		{"number for text", "a1 'Text' 01", "NUMBER_VALUE can not be converted to a String"},
		{"blob for text", "a1 'Text' 4161", "BLOB_VALUE can not be converted to a String"},
		{"tag for text", "a1 'Text' c1 01", "TAG can not be converted to a String"},
		{"text for a blob", "a1 'Blob' 'YQ'", "STRING_VALUE can not be converted to a Blob"},
		{"text for a number", "a1 'Count' '1'", "STRING_VALUE can not be converted to an Integer"},
		{"true for a number", "a1 'Count' f5", "TRUE_VALUE can not be converted to an Integer"},
		{"false for text", "a1 'Text' f4", "FALSE_VALUE can not be converted to a String"},
		{"number for a boolean", "a1 'Flag' 01", "NUMBER_VALUE can not be converted to a Boolean"},
		{"float for an integer", "a1 'Count' f93c00", "NUMBER_VALUE can not be converted to an Integer"},
		{"integer too large", "a1 'Count' 1a80000000", "NUMBER_VALUE can not be converted to an Integer"},
		{"integer far too large", "a1 'Big' 1bffffffffffffffff", "NUMBER_VALUE can not be converted to a Long"},
		{"negative integer too large", "a1 'Big' 3b8000000000000000", "NUMBER_VALUE can not be converted to a Long"},
		{"time without its tag", "a1 'At' 1a6aff8dfb", "NUMBER_VALUE can not be converted to a Timestamp"},
		{"time with another tag", "a1 'At' c0 'x'", "TAG can not be converted to a Timestamp"},
		{"time in text", "a1 'At' c1 '1'", "STRING_VALUE can not be converted to a Timestamp"},
		{"time that never is", "a1 'At' c1 f97e00", "invalid timestamp"},
		{"time without end", "a1 'At' c1 f97c00", "invalid timestamp"},
		{"time after all years", "a1 'At' c1 1bffffffffffffffff", "invalid timestamp"},
		{"time cut off", "a1 'At' c1", "unexpected end"},
		{"number in a list of text", "a1 'List' 81 01", "NUMBER_VALUE can not be converted to a String"},
		{"list in a map of text", "a1 'Map' a1 'a' 80", "Start of list found where not expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got shapes
			err := plain.CBOR(item(t, c.doc), &got)
			var e *codec.Error
			if !errors.As(err, &e) || e.Code != "SerializationException" || !strings.Contains(e.Message, c.want) {
				t.Errorf("got %v (%s), want %s", err, show(got), c.want)
			}
		})
	}
}

// TestEncodeCBOR writes what TestDecodeCBOR reads, in one form each.
func TestEncodeCBOR(t *testing.T) {
	at, whole := time.UnixMilli(1795132923045), time.Unix(1795132923, 0)
	zeros := "'Flag' f4 'Count' 00 'Ratio' fb0000000000000000"
	for _, c := range []struct {
		name string
		in   shapes
		want string
	}{
		{"zero", shapes{}, "bf" + zeros + "ff"},
		{"empty", shapes{Text: aws.String(""), Blob: []byte{}, List: []string{}, Map: map[string]string{}}, "bf 'Text' 60 'Flag' f4 'Count' 00 'Ratio' fb0000000000000000 'Blob' 40 'List' 80 'Map' a0 ff"},
		{"full", shapes{
			Text: aws.String("a\xff"), Color: "RED", Flag: true, FlagPtr: aws.Bool(false), Count: -25, Big: aws.Int64(1 << 40), Ratio: math.Inf(1), Blob: []byte{1},
			At: &at, Seconds: &whole, List: []string{"a"}, Map: map[string]string{"b": "2", "a": "1"},
		}, "bf 'Text' 64 61efbfbd 'Color' 'RED' 'Flag' f5 'FlagPtr' f4 'Count' 3818 'Big' 1b0000010000000000 'Ratio' fb7ff0000000000000 'Blob' 4101 'At' c1 fb41dabfe37ec2e148 'Seconds' c1 1a6aff8dfb 'List' 81 'a' 'Map' a2 'a' '1' 'b' '2' ff"},
		{"structure", shapes{Inner: &shapes{}}, "bf" + zeros + "'Inner' bf" + zeros + "ff ff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := plain.AppendCBOR(nil, &c.in), item(t, c.want); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

// TestUnionCBOR reads and writes unions, and some that DynamoDB does not have.
func TestUnionCBOR(t *testing.T) {
	for doc, want := range map[string]string{
		"a1 'S' 'x'":                 "*types.AttributeValueMemberS",
		"a0":                         "<nil>",
		"f6":                         "<nil>",
		"a1 'S' f6":                  "<nil>",
		"a2 'S' 'x' 'N' f6":          "*types.AttributeValueMemberS",
		"a2 'S' 'x' 'N' '1'":         "*types.UnknownUnionMember",
		"a1 'Q' 9f 01 ff":            "*types.UnknownUnionMember",
		"bf 'L' 82 f6 a1'S' 'x' ff":  "*types.AttributeValueMemberL",
		"a1 'M' bf 'k' a1'NULL'f5ff": "*types.AttributeValueMemberM",
	} {
		var in dynamodb.GetItemInput
		if err := dynamo.CBOR(item(t, "a1 'Key' a1 'a' "+doc), &in); err != nil {
			t.Errorf("%s: %v", doc, err)
			continue
		}
		if got := reflect.TypeOf(in.Key["a"]); got == nil && want != "<nil>" || got != nil && got.String() != want {
			t.Errorf("%s: got %v, want %s", doc, got, want)
		}
	}
	in := dynamodb.GetItemInput{Key: map[string]dynamotypes.AttributeValue{
		"b": &dynamotypes.AttributeValueMemberB{Value: []byte{1}}, "n": nil,
		"m": &dynamotypes.AttributeValueMemberM{Value: map[string]dynamotypes.AttributeValue{"l": &dynamotypes.AttributeValueMemberL{}}},
	}}
	if got, want := dynamo.AppendCBOR(nil, &in), item(t, "bf 'Key' a3 'b' a1 'B' 4101 'm' a1 'M' a1 'l' a1 'L' 80 'n' f6 ff"); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	strict := documents{codec.New(codec.Config{Unions: []codec.Union{codec.UnionOf[dynamotypes.AttributeValue]((*dynamotypes.AttributeValueMemberS)(nil))}})}
	for _, doc := range []string{"a1 'N' '1'", "a2 'S' 'x' 'N' '1'", "a1 'S' 01", "81 01", "'x'"} {
		if err := strict.CBOR(item(t, doc), new(dynamotypes.AttributeValue)); err == nil {
			t.Errorf("%s passed", doc)
		}
	}
}

// TestLargeCBOR sends documents that would take far more memory than they have bytes.
func TestLargeCBOR(t *testing.T) {
	deep := func(open string, n int) []byte { return bytes.Repeat(item(t, open), n) }
	for name, doc := range map[string][]byte{
		"structures": deep("bf 'Inner'", 1e5),
		"skipped":    append(item(t, "a1 'x'"), deep("81", 1e6)...),
		"tags":       append(item(t, "a1 'x'"), deep("c1", 1e6)...),
	} {
		if err := plain.CBOR(doc, new(shapes)); err == nil || !strings.Contains(err.Error(), "nested too deep") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var metrics cloudwatch.PutMetricDataInput
	doc := append(item(t, "a1 'MetricData' 9a00030d40"), bytes.Repeat([]byte{0xa0}, 200_000)...)
	if err := plain.CBOR(doc, &metrics); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("200000 metrics: %v", err)
	}
	doc = append(item(t, "a1 'MetricData' 9a00000400"), bytes.Repeat(item(t, "a1 'Dimensions' 9818 "+strings.Repeat("a0", 24)), 1024)...)
	if err := plain.CBOR(doc, &metrics); err != nil || len(metrics.MetricData) != 1024 {
		t.Errorf("1024 metrics: %v", err)
	}
}

// FuzzCBOR checks that the scanner takes what another library takes and nothing else,
// and that what was read is written and read again.
func FuzzCBOR(f *testing.F) {
	for _, s := range []string{
		"a1 'MetricData' 81 a4 'MetricName' 'm' 'Value' fb3ff8000000000000 'Timestamp' c1 1a6aff8dfb 'Dimensions' 9f a2 'Name' 'n' 'Value' 'v' ff",
		"bf 'Namespace' 7f 'a' 'b' ff 'MetricData' 80 'StrictEntityValidation' f5 ff",
		"a1 'EntityMetricData' 81 a1 'Entity' a1 'Attributes' bf 'k' 'v' ff", "a1 'x' d8ff f820", "9f", "ff", "1f", "f818", "c1c1c101", "a1 'a' 'b' 00",
	} {
		f.Add(item(f, s))
	}
	well, err := cbor.DecOptions{MaxNestedLevels: 256, MaxArrayElements: math.MaxInt32, MaxMapPairs: math.MaxInt32}.DecMode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		err, want := codec.ScanCBOR(doc), well.Wellformed(doc)
		if (err == nil) != (want == nil) && !tooDeep(err) && !tooDeep(want) {
			t.Fatalf("got %v, want %v", err, want)
		}
		var in cloudwatch.PutMetricDataInput
		if err := plain.CBOR(doc, &in); err != nil {
			wantAPIError(t, err)
			return
		}
		if len(doc) > 0 && want != nil && !tooDeep(want) {
			t.Fatalf("read what %v", want)
		}
		out := plain.AppendCBOR(nil, &in)
		if err := well.Wellformed(out); err != nil {
			t.Fatalf("%v: %x", err, out)
		}
		var again cloudwatch.PutMetricDataInput
		if err := plain.CBOR(out, &again); err != nil {
			t.Fatalf("%v: %x", err, out)
		}
		if twice := plain.AppendCBOR(nil, &again); !bytes.Equal(out, twice) {
			t.Fatalf("%x\n%x", out, twice)
		}
	})
}

func tooDeep(err error) bool {
	var levels *cbor.MaxNestedLevelError
	return errors.As(err, &levels) || err != nil && strings.Contains(err.Error(), "nested too deep")
}
