package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/wire/codec"
)

// documents reads and writes values by a codec.
type documents struct{ *codec.Codec }

func (d documents) plan(p any) *codec.Node {
	n, err := d.Plan(reflect.TypeOf(p).Elem())
	if err != nil {
		panic(err)
	}
	return n
}

func (d documents) JSON(doc []byte, p any) error {
	return d.plan(p).DecodeJSON(doc, reflect.ValueOf(p).Elem())
}

func (d documents) AppendJSON(b []byte, p any) []byte {
	return d.plan(p).AppendJSON(b, reflect.ValueOf(p).Elem())
}

func (d documents) Form(query string, p any) error {
	f := &codec.Form{}
	if err := f.Parse(query); err != nil {
		return err
	}
	return d.plan(p).DecodeForm(f, reflect.ValueOf(p).Elem())
}

func (d documents) XML(doc []byte, p any) error {
	return d.plan(p).DecodeXML("", doc, reflect.ValueOf(p).Elem())
}

// AppendXML leaves out the header.
func (d documents) AppendXML(b []byte, p any) []byte {
	doc := d.plan(p).AppendXML(nil, reflect.ValueOf(p).Elem(), "")
	return append(b, bytes.TrimPrefix(doc, []byte(codec.XMLHeader))...)
}

// attributeValue is DynamoDB's union.
var attributeValue = codec.UnionOf[dynamotypes.AttributeValue](
	(*dynamotypes.AttributeValueMemberB)(nil), (*dynamotypes.AttributeValueMemberBOOL)(nil),
	(*dynamotypes.AttributeValueMemberBS)(nil), (*dynamotypes.AttributeValueMemberL)(nil),
	(*dynamotypes.AttributeValueMemberM)(nil), (*dynamotypes.AttributeValueMemberN)(nil),
	(*dynamotypes.AttributeValueMemberNS)(nil), (*dynamotypes.AttributeValueMemberNULL)(nil),
	(*dynamotypes.AttributeValueMemberS)(nil), (*dynamotypes.AttributeValueMemberSS)(nil),
	(*dynamotypes.UnknownUnionMember)(nil),
)

var dynamo = documents{codec.New(codec.Config{Unions: []codec.Union{attributeValue}, ForJSON: true})}

// color is an enum, as the SDK has them.
type color string

// shapes has a member of every kind.
type shapes struct {
	Text    *string
	Color   color
	Flag    bool
	FlagPtr *bool
	Count   int32
	Big     *int64
	Ratio   float64
	Blob    []byte
	At      *time.Time
	Seconds *time.Time
	List    []string
	Map     map[string]string
	Inner   *shapes
	private int
}

var shapeNames = codec.Names{"shapes.Seconds": {Time: codec.ISOSecond}}

var (
	plain = documents{codec.New(codec.Config{Names: shapeNames})}
	lower = documents{codec.New(codec.Config{Names: shapeNames, LowerCamel: true, ForJSON: true})}
)

func TestEncode(t *testing.T) {
	at := time.Date(2026, 11, 20, 1, 2, 3, 45e6, time.FixedZone("", 3600))
	for _, c := range []struct {
		name      string
		in        shapes
		json, xml string
	}{
		{
			"zero", shapes{private: 1},
			`{"Flag":false,"Count":0,"Ratio":0}`,
			`<shapes><Flag>false</Flag><Count>0</Count><Ratio>0</Ratio></shapes>`,
		},
		{
			"empty", shapes{Text: aws.String(""), Blob: []byte{}, List: []string{}, Map: map[string]string{}, Inner: &shapes{}},
			`{"Text":"","Flag":false,"Count":0,"Ratio":0,"Blob":"","List":[],"Map":{},"Inner":{"Flag":false,"Count":0,"Ratio":0}}`,
			`<shapes><Text></Text><Flag>false</Flag><Count>0</Count><Ratio>0</Ratio><Blob></Blob><List></List><Map></Map><Inner><Flag>false</Flag><Count>0</Count><Ratio>0</Ratio></Inner></shapes>`,
		},
		{
			"full", shapes{
				Text: aws.String("<\"&\r\n\x01é\xff"), Color: "RED", Flag: true, FlagPtr: aws.Bool(false), Count: -1, Big: aws.Int64(math.MaxInt64), Ratio: 1.5e300,
				Blob: []byte{0, 255}, At: &at, Seconds: &at, List: []string{"a", ""}, Map: map[string]string{"b": "2", "a": "1"},
			},
			`{"Text":"<\"&\r\n\u0001é` + "\uFFFD" + `","Color":"RED","Flag":true,"FlagPtr":false,"Count":-1,"Big":9223372036854775807,"Ratio":1.5e+300,"Blob":"AP8=","At":1795132923.045,"Seconds":"2026-11-20T00:02:03Z","List":["a",""],"Map":{"a":"1","b":"2"}}`,
			`<shapes><Text>&lt;&quot;&amp;&#xD;` + "\n\uFFFDé\uFFFD" + `</Text><Color>RED</Color><Flag>true</Flag><FlagPtr>false</FlagPtr><Count>-1</Count><Big>9223372036854775807</Big><Ratio>1.5e+300</Ratio><Blob>AP8=</Blob><At>2026-11-20T00:02:03.045Z</At><Seconds>2026-11-20T00:02:03Z</Seconds><List><member>a</member><member></member></List><Map><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Map></shapes>`,
		},
		{
			"infinite", shapes{Ratio: math.Inf(-1)},
			`{"Flag":false,"Count":0,"Ratio":"-Infinity"}`,
			`<shapes><Flag>false</Flag><Count>0</Count><Ratio>-Infinity</Ratio></shapes>`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := plain.AppendJSON(nil, &c.in); string(got) != c.json {
				t.Errorf("JSON: got %s\nwant %s", got, c.json)
			}
			if got := plain.AppendXML(nil, &c.in); string(got) != c.xml {
				t.Errorf("XML: got %s\nwant %s", got, c.xml)
			}
		})
	}
}

// TestDecodeJSON reads members in all the forms in which clients send them.
func TestDecodeJSON(t *testing.T) {
	at := time.UnixMilli(1795132923045).UTC()
	for _, c := range []struct {
		doc  string
		want shapes
	}{
		{``, shapes{}},
		{` { } `, shapes{}},
		{`{"text":null,"list":null,"unknown":{"a":[1,"b",true,null,{}]}}`, shapes{}},
		{`{"text":"\u00e9\ud83d\ude00\ud800\/\b"}`, shapes{Text: aws.String("é😀\uFFFD/\b")}},
		{`{"te\u0078t":"x"}`, shapes{Text: aws.String("x")}},
		{`{"count":1.9,"big":-9223372036854775808,"ratio":2}`, shapes{Count: 1, Big: aws.Int64(math.MinInt64), Ratio: 2}},
		{`{"count":1e3}`, shapes{Count: 1000}},
		{`{"blob":"AP8"}`, shapes{Blob: []byte{0, 255}}},
		{`{"blob":""}`, shapes{Blob: []byte{}}},
		{`{"at":1795132923.045}`, shapes{At: &at}},
		{`{"at":1.795132923045E9}`, shapes{At: &at}},
		{`{"at":"2026-11-20T00:02:03.045Z"}`, shapes{At: &at}},
		{`{"list":[],"map":{}}`, shapes{List: []string{}, Map: map[string]string{}}},
		{`{"list":["a",null]}`, shapes{List: []string{"a", ""}}},
		{`{"list":["a"],"list":["b","c"]}`, shapes{List: []string{"b", "c"}}},
		{`{"Text":"wrong case"}`, shapes{}},
	} {
		var got shapes
		err := lower.JSON([]byte(c.doc), &got)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %s (%v), want %s", c.doc, show(got), err, show(c.want))
		}
	}
	for _, doc := range []string{
		`{`, `}`, `{"text"}`, `{"text":}`, `{"text":"x",}`, `{,}`, `{"a":1 "b":2}`, `[]`, `"x"`, `1`, `tru`, `{"text":"`, `{"text":"\x"}`,
		`{"text":"\u12"}`, "{\"text\":\"\n\"}", "{\"text\":\"\xff\"}", `{"count":01}`, `{"count":-}`, `{"count":1.}`, `{"count":1e}`, `{"count":.5}`,
		`{"count":2147483648}`, `{"big":1e19}`, `{"at":1e20}`, `{"at":"soon"}`, `{"at":true}`, `{"ratio":1e400}`, `{"ratio":"x"}`, `{"unknown":tru}`, `{"list":[1]}`, `{"map":{"a":{}}}`,
	} {
		var got shapes
		if err := lower.JSON([]byte(doc), &got); err == nil {
			t.Errorf("%q passed: %s", doc, show(got))
		} else {
			wantAPIError(t, err)
		}
	}
}

// TestTextIntegers reads integers from text, where AWS takes no other number.
func TestTextIntegers(t *testing.T) {
	for text, ok := range map[string]bool{"7": true, "-1": true, "": false, "1.5": false, "1e3": false, "NaN": false, "Inf": false, "0x10": false, "1_000": false, "9223372036854775808": false} {
		var got shapes
		if err := plain.Form("Big="+text, &got); (err == nil) != ok {
			t.Errorf("form: %q: %v, %v", text, show(got), err)
		}
		if err := plain.XML([]byte("<shapes><Big>"+text+"</Big></shapes>"), &got); (err == nil) != ok {
			t.Errorf("XML: %q: %v, %v", text, show(got), err)
		}
	}
}

// TestBrokenUnionXML has an end inside of a union, which XML passes over.
func TestBrokenUnionXML(t *testing.T) {
	var in struct {
		Item map[string]dynamotypes.AttributeValue
	}
	err := dynamo.XML([]byte("<x><Item><entry><key>k</key><value><S>text"), &in)
	if err == nil {
		t.Fatal("half a document passed")
	}
	wantAPIError(t, err)
}

// show writes a value with what its pointers point to.
func show(v shapes) string { return string(plain.AppendJSON(nil, &v)) }

// TestUnion sends unions that DynamoDB does not have.
func TestUnion(t *testing.T) {
	for doc, want := range map[string]string{
		`{"Key":{"a":{"S":"x"}}}`:                   "*types.AttributeValueMemberS",
		`{"Key":{"a":{}}}`:                          "<nil>",
		`{"Key":{"a":null}}`:                        "<nil>",
		`{"Key":{"a":{"S":null}}}`:                  "<nil>",
		`{"Key":{"a":{"S":"x","N":null}}}`:          "*types.AttributeValueMemberS",
		`{"Key":{"a":{"S":"x","N":"1"}}}`:           "*types.UnknownUnionMember",
		`{"Key":{"a":{"Q":"x"}}}`:                   "*types.UnknownUnionMember",
		`{"Key":{"a":{"L":[null,{"S":"x"}]}}}`:      "*types.AttributeValueMemberL",
		`{"Key":{"a":{"S":"x"},"a":{"BOOL":true}}}`: "*types.AttributeValueMemberBOOL",
	} {
		var in dynamodb.GetItemInput
		if err := dynamo.JSON([]byte(doc), &in); err != nil {
			t.Errorf("%s: %v", doc, err)
		} else if got := fmt.Sprintf("%T", in.Key["a"]); got != want {
			t.Errorf("%s: got %s, want %s", doc, got, want)
		}
	}
	out := dynamodb.GetItemOutput{Item: map[string]dynamotypes.AttributeValue{
		"l": &dynamotypes.AttributeValueMemberL{}, "m": &dynamotypes.AttributeValueMemberM{}, "n": nil, "b": &dynamotypes.AttributeValueMemberB{Value: []byte{}},
	}}
	b := dynamo.AppendJSON(nil, &out)
	if want := `{"Item":{"b":{"B":""},"l":{"L":[]},"m":{"M":{}},"n":null}}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

// TestDepth nests documents as deep as DynamoDB's items go, and far deeper.
func TestDepth(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(`{"Key":{"a":` + strings.Repeat(`{"L":[`, n) + strings.Repeat(`]}`, n) + `}}`)
	}
	var in dynamodb.GetItemInput
	if err := dynamo.JSON(nested(32), &in); err != nil {
		t.Error(err)
	}
	if err := dynamo.JSON(nested(1e6), &in); err == nil {
		t.Error("a million levels passed")
	}
	if err := codec.ScanJSON(strings.Repeat("[", 1e6)); err == nil {
		t.Error("a million levels were skipped")
	}
}
