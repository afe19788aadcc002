package wire_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/wire"
)

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

var shapeNames = wire.Names{"shapes.Seconds": {Time: wire.ISOSecond}}

func shapeCodec(p wire.Protocol, lower bool) wire.Codec {
	return wire.CodecOf(wire.API{Protocols: []wire.Protocol{p}, LowerCamel: lower, Names: shapeNames})
}

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
			if got, err := shapeCodec(wire.JSON10, false).AppendJSON(nil, &c.in); err != nil || string(got) != c.json {
				t.Errorf("JSON: got %s (%v)\nwant %s", got, err, c.json)
			}
			if got, err := shapeCodec(wire.RESTXML, false).AppendXML(nil, &c.in); err != nil || string(got) != c.xml {
				t.Errorf("XML: got %s (%v)\nwant %s", got, err, c.xml)
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
		err := shapeCodec(wire.RESTJSON, true).JSON([]byte(c.doc), &got)
		if err != nil || show(reflectValue(got)) != show(reflectValue(c.want)) {
			t.Errorf("%s: got %s (%v), want %s", c.doc, show(reflectValue(got)), err, show(reflectValue(c.want)))
		}
	}
	for _, doc := range []string{
		`{`, `}`, `{"text"}`, `{"text":}`, `{"text":"x",}`, `{,}`, `{"a":1 "b":2}`, `[]`, `"x"`, `1`, `tru`, `{"text":"`, `{"text":"\x"}`,
		`{"text":"\u12"}`, "{\"text\":\"\n\"}", "{\"text\":\"\xff\"}", `{"count":01}`, `{"count":-}`, `{"count":1.}`, `{"count":1e}`, `{"count":.5}`,
		`{"count":2147483648}`, `{"big":1e19}`, `{"at":1e20}`, `{"at":"soon"}`, `{"at":true}`, `{"ratio":1e400}`, `{"ratio":"x"}`, `{"unknown":tru}`, `{"list":[1]}`, `{"map":{"a":{}}}`,
	} {
		var got shapes
		if err := shapeCodec(wire.RESTJSON, true).JSON([]byte(doc), &got); err == nil {
			t.Errorf("%q passed: %s", doc, show(reflectValue(got)))
		} else {
			wantAPIError(t, err)
		}
	}
}

// TestTextIntegers reads integers from text, where AWS takes no other number.
func TestTextIntegers(t *testing.T) {
	for text, ok := range map[string]bool{"7": true, "-1": true, "": false, "1.5": false, "1e3": false, "NaN": false, "Inf": false, "0x10": false, "1_000": false, "9223372036854775808": false} {
		var got shapes
		codec := shapeCodec(wire.Query, false)
		if err := codec.Form("Big="+text, &got); (err == nil) != ok {
			t.Errorf("form: %q: %v, %v", text, show(reflectValue(got)), err)
		}
		if err := codec.XML([]byte("<shapes><Big>"+text+"</Big></shapes>"), &got); (err == nil) != ok {
			t.Errorf("XML: %q: %v, %v", text, show(reflectValue(got)), err)
		}
	}
}

// TestBrokenUnionXML has an end inside of a union, which XML passes over.
func TestBrokenUnionXML(t *testing.T) {
	codec := wire.CodecOf(dynamodbAPI())
	var in struct {
		Item map[string]types.AttributeValue
	}
	err := codec.XML([]byte("<x><Item><entry><key>k</key><value><S>text"), &in)
	if err == nil {
		t.Fatal("half a document passed")
	}
	wantAPIError(t, err)
}

// TestFirstRequests has many requests look at the same types for the first time.
func TestFirstRequests(t *testing.T) {
	m := batchMux()
	doc := writeBatch()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := httptest.NewRequest("POST", "/", strings.NewReader(doc))
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.BatchWriteItem")
			w := httptest.NewRecorder()
			m.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Error(w.Code, w.Body)
			}
		})
	}
	wg.Wait()
}

// TestStringsOfLargeDocuments checks that what an operation keeps of a large body
// stays as it was when the next request takes the body's place.
func TestStringsOfLargeDocuments(t *testing.T) {
	var kept []string
	m := newMux(wire.API{
		ID: "dynamodb", Protocols: []wire.Protocol{wire.JSON10}, Target: "DynamoDB_20120810", Unions: []wire.Union{attributeValue},
		Operations: []wire.Operation{wire.Op("Scan", func(_ context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
			kept = append(kept, *in.TableName)
			return nil, nil
		})},
	})
	for _, fill := range []string{"a", "b"} {
		for _, size := range []int{10, 100_000} {
			r := httptest.NewRequest("POST", "/", strings.NewReader(`{"TableName":"`+strings.Repeat(fill, size)+`"}`))
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
			m.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for i, s := range kept {
		want := []string{"a", "a", "b", "b"}[i]
		if strings.Trim(s, want) != "" {
			t.Errorf("%d: changed to %.20s", i, s)
		}
	}
}
