package codec_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/wire/codec"
)

// FuzzJSON checks that the decoder takes the documents that encoding/json takes and
// no others, and that what it read it writes and reads again.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(writeBatch()))
	f.Add([]byte(`{"RequestItems":{"t":[{"DeleteRequest":{"Key":{"a":{"B":"AAE="},"b":{"L":[{"BOOL":true},{"NULL":true},null,{}]},"c":{"M":{"d":{"NS":["1"]}}}}}}]}}`))
	f.Add([]byte(`{"RequestItems":{"t":[{"PutRequest":{"Item":{"\ud83d\ude00\ud800":{"S":"\u0000\n","N":"1"}}}}]}}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 200)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := codec.ScanJSON(string(doc))
		if valid := json.Valid(doc); err == nil && !valid && !hasTail(doc) || err != nil && valid && !strings.Contains(err.Error(), "too deep") {
			t.Fatalf("valid %v, but %v", valid, err)
		}
		var in dynamodb.BatchWriteItemInput
		if err := dynamo.JSON(doc, &in); err != nil {
			wantAPIError(t, err)
			return
		}
		out := dynamo.AppendJSON(nil, &in)
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
		var again dynamodb.BatchWriteItemInput
		if err := dynamo.JSON(out, &again); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if twice := dynamo.AppendJSON(nil, &again); !bytes.Equal(out, twice) {
			t.Fatalf("%s\n%s", out, twice)
		}
	})
}

// hasTail reports whether a valid value begins doc, which is all that ScanJSON reads.
func hasTail(doc []byte) bool {
	var v json.RawMessage
	return json.NewDecoder(bytes.NewReader(doc)).Decode(&v) == nil || !utf8.Valid(doc)
}

// wantAPIError fails if a stranger could make an internal failure.
func wantAPIError(t *testing.T, err error) {
	t.Helper()
	if e := (*codec.Error)(nil); !errors.As(err, &e) {
		t.Fatalf("not an error of AWS's: %v", err)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Action=CreateStack&StackName=s&Parameters.member.1.ParameterKey=k&Parameters.member.1.ParameterValue=v&Tags=&TimeoutInMinutes=5&DisableRollback=true")
	f.Add("QueueUrl=q&Attribute.1.Name=a&Attribute.1.Value=b&MessageAttribute.2.Name=c&MessageAttribute.2.Value.StringValue=d&MessageAttribute.2.Value.BinaryValue=AA%3D%3D")
	f.Add("a.b.c=1&a=2&a.b=3&a.b.-1.c=4&Parameters.member.99999999999999999999.x=1")
	docs := documents{codec.New(codec.Config{Names: codec.Names{
		"SendMessageInput.MessageAttributes": {Name: "MessageAttribute", Flat: true, Key: "Name", Value: "Value"},
	}})}
	f.Fuzz(func(t *testing.T, query string) {
		for _, in := range []any{&cloudformation.CreateStackInput{}, &sqs.SendMessageInput{}} {
			if err := docs.Form(query, in); err != nil {
				wantAPIError(t, err)
			}
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>k</Key><Value>&lt;v&#x20;</Value></Tag></TagSet></Tagging>`))
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part><Part/></CompleteMultipartUpload>`))
	f.Add([]byte(`<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee></Grant></AccessControlList></AccessControlPolicy>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	docs := documents{codec.New(codec.Config{Names: codec.Names{
		"Tagging.TagSet":                                {Item: "Tag"},
		"CompletedMultipartUpload.Parts":                {Name: "Part", Flat: true},
		"AccessControlPolicy.Grants":                    {Name: "AccessControlList", Item: "Grant"},
		"Grant.Grantee":                                 {XMLNS: "xsi=http://www.w3.org/2001/XMLSchema-instance"},
		"Grantee.Type":                                  {Name: "xsi:type", Attr: true},
		"Delete.Objects":                                {Name: "Object", Flat: true},
		"NotificationConfiguration.TopicConfigurations": {Name: "TopicConfiguration", Flat: true},
		"NotificationConfiguration.LambdaFunctionConfigurations": {Name: "CloudFunctionConfiguration", Flat: true},
		"NotificationConfiguration.QueueConfigurations":          {Name: "QueueConfiguration", Flat: true},
	}})}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, in := range []any{&s3types.Tagging{}, &s3types.CompletedMultipartUpload{}, &s3types.AccessControlPolicy{}, &s3types.NotificationConfiguration{}, &s3types.Delete{}} {
			if err := docs.XML(doc, in); err != nil {
				wantAPIError(t, err)
				continue
			}
			out := docs.AppendXML(nil, in)
			if err := xml.Unmarshal(out, new(struct{})); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			again := reflect.New(reflect.TypeOf(in).Elem()).Interface()
			if err := docs.XML(out, again); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if twice := docs.AppendXML(nil, again); !bytes.Equal(out, twice) {
				t.Fatalf("%s\n%s", out, twice)
			}
		}
	})
}
