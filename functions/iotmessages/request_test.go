package iotmessages

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func sqsMessage(id, method, body string) events.SQSMessage {
	m := events.SQSMessage{MessageId: id, Body: body, MessageAttributes: map[string]events.SQSMessageAttribute{}}
	if method != "" {
		m.MessageAttributes["Method"] = events.SQSMessageAttribute{StringValue: &method, DataType: "String"}
	}
	return m
}

const keyJSON = `{"date":{"S":"2001-01-01"},"time":{"S":"01:01:07"}}`

func TestReadJob(t *testing.T) {
	k := key{"2001-01-01", "01:01:07"}
	for _, test := range []struct {
		name, method, body string
		want               request
	}{
		{"put", "POST", `{"TableName":"readings","Item":` + keyJSON + `}`, request{Item: k.attributes()}},
		{"put without table", "POST", `{"Item":` + keyJSON + `}`, request{Item: k.attributes()}},
		{"delete", "DELETE", `{"Key":` + keyJSON + `}`, request{Key: k.attributes()}},
		{"update", "PUT", `{"Key":` + keyJSON + `,"UpdateExpression":"set #a = :v","ExpressionAttributeNames":{"#a":"remote_avg"},"ExpressionAttributeValues":{":v":{"N":"9.00"}}}`,
			request{Key: k.attributes(), UpdateExpression: "set #a = :v", ExpressionAttributeNames: map[string]string{"#a": "remote_avg"},
				ExpressionAttributeValues: item{":v": &types.AttributeValueMemberN{Value: "9.00"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readJob(sqsMessage("1", test.method, test.body), "readings")
			if err != nil {
				t.Fatal(err)
			}
			if want := (job{"1", test.method, k, test.want}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestReadJobRefusals(t *testing.T) {
	for _, test := range []struct{ name, method, body, want string }{
		{"no method", "", `{}`, "Method is missing"},
		{"unknown method", "GET", `{"Key":` + keyJSON + `}`, `Method is "GET"; it is POST, PUT or DELETE`},
		{"empty body", "POST", "", "it is empty"},
		{"not JSON", "POST", "not JSON", "invalid character"},
		{"half a body", "POST", `{"Item":`, "unexpected EOF"},
		{"two bodies", "DELETE", `{"Key":` + keyJSON + `}{}`, "there is more after its end"},
		{"array", "POST", `[]`, "cannot unmarshal array"},
		{"unknown member", "DELETE", `{"Key":` + keyJSON + `,"Keys":1}`, `unknown field "Keys"`},
		{"other table", "POST", `{"TableName":"users","Item":` + keyJSON + `}`, `TableName is "users"; this queue is for "readings"`},
		{"no item", "POST", `{}`, "POST takes an Item"},
		{"null item", "POST", `{"Item":null}`, "POST takes an Item"},
		{"item and key", "POST", `{"Item":` + keyJSON + `,"Key":` + keyJSON + `}`, "POST takes an Item and nothing else"},
		{"empty item", "POST", `{"Item":{}}`, "date is missing"},
		{"no time", "POST", `{"Item":{"date":{"S":"2001-01-01"}}}`, "time is missing"},
		{"key of another type", "POST", `{"Item":{"date":{"N":"1"},"time":{"S":"01:01:07"}}}`, "date is not a string"},
		{"bad date", "DELETE", `{"Key":{"date":{"S":"2001-1-1"},"time":{"S":"01:01:07"}}}`, `"2001-1-1" is not a date`},
		{"no such date", "DELETE", `{"Key":{"date":{"S":"2001-02-30"},"time":{"S":"01:01:07"}}}`, `"2001-02-30" is not a date`},
		{"bad time", "DELETE", `{"Key":{"date":{"S":"2001-01-01"},"time":{"S":"1:01:07"}}}`, `"1:01:07" is not a time`},
		{"time in a second form", "DELETE", `{"Key":{"date":{"S":"2001-01-01"},"time":{"S":"01:01:07.50"}}}`, `"01:01:07.50" is not a time`},
		{"three keys", "DELETE", `{"Key":{"date":{"S":"2001-01-01"},"time":{"S":"01:01:07"},"x":{"S":""}}}`, "more than date and time"},
		{"update without expression", "PUT", `{"Key":` + keyJSON + `}`, "PUT takes a Key and an UpdateExpression"},
		{"update without key", "PUT", `{"UpdateExpression":"set a = :v"}`, "PUT takes a Key"},
		{"delete with an expression", "DELETE", `{"Key":` + keyJSON + `,"UpdateExpression":"x"}`, "DELETE takes a Key and nothing else"},
		{"plain value", "POST", `{"Item":{"date":"2001-01-01"}}`, "cannot unmarshal string"},
		{"two types", "POST", `{"Item":{"date":{"S":"a","N":"1"}}}`, "Item: date: an attribute value has one type"},
		{"unknown type", "POST", `{"Item":{"date":{"T":"a"}}}`, `unknown field "T"`},
		{"number as a number", "POST", `{"Item":{"a":{"N":1}}}`, "cannot unmarshal number"},
		{"number that is none", "POST", `{"Item":{"a":{"N":"x"}}}`, "Item: a: not a number"},
		{"no type", "POST", `{"Item":{"a":{}}}`, "Item: a: an attribute value has one type"},
		{"no type in a list in a map", "POST", `{"Item":{"a":{"M":{"b":{"L":[{}]}}}}}`, "Item: a: b: an attribute value has one type"},
		{"binary that is no base64", "POST", `{"Item":{"a":{"B":"*"}}}`, "illegal base64"},
		{"null text", "POST", `{"Item":{"a":{"S":null}}}`, "Item: a: an attribute value has one type and a value"},
		{"bad value in a list in a map", "POST", `{"Item":{"a":{"M":{"b":{"L":[{"X":1}]}}}}}`, `unknown field "X"`},
		{"deep", "POST", `{"Item":{"a":` + strings.Repeat(`{"L":[`, 20_000), "body is not a DynamoDB request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readJob(sqsMessage("1", test.method, test.body), "readings")
			if _, ok := err.(refusal); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.200q, want %q", err, test.want)
			}
		})
	}
}

func TestTypedItem(t *testing.T) {
	var typed typedItem
	err := decodeStrict([]byte(`{"s":{"S":"x"},"n":{"N":"1E5"},"b":{"B":"aGk="},"t":{"BOOL":true},"z":{"NULL":true},
		"ss":{"SS":["a"]},"ns":{"NS":["1"]},"bs":{"BS":["aGk="]},"l":{"L":[{"S":""}]},"m":{"M":{"k":{"L":[]}}}}`), &typed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := typed.item()
	if err != nil {
		t.Fatal(err)
	}
	want := item{
		"s": &types.AttributeValueMemberS{Value: "x"}, "n": &types.AttributeValueMemberN{Value: "1E5"},
		"b": &types.AttributeValueMemberB{Value: []byte("hi")}, "t": &types.AttributeValueMemberBOOL{Value: true},
		"z": &types.AttributeValueMemberNULL{Value: true}, "ss": &types.AttributeValueMemberSS{Value: []string{"a"}},
		"ns": &types.AttributeValueMemberNS{Value: []string{"1"}}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{[]byte("hi")}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{}}},
		"m": &types.AttributeValueMemberM{Value: item{"k": &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v", got)
	}
}

func posts(ids ...string) []job {
	var out []job
	for _, id := range ids {
		out = append(out, job{id: id, method: "POST", key: key{Date: id[:1]}, request: request{Item: item{"from": &types.AttributeValueMemberS{Value: id}}}})
	}
	return out
}

func TestRuns(t *testing.T) {
	jobs := append(posts("a", "b"), job{id: "c", method: "PUT"}, job{id: "d", method: "PUT"}, job{id: "e", method: "DELETE"})
	jobs = append(jobs, posts("f")...)
	var got []string
	for _, run := range runs(jobs) {
		ids := ""
		for _, j := range run {
			ids += j.id
		}
		got = append(got, ids)
	}
	if want := []string{"ab", "c", "d", "e", "f"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if runs(nil) != nil {
		t.Error("runs of nothing")
	}
}

func TestLastPuts(t *testing.T) {
	got := lastPuts(posts("a1", "b1", "a2", "c1", "a3"))
	want := []struct{ from, ids string }{{"a3", "a1 a2 a3"}, {"b1", "b1"}, {"c1", "c1"}}
	if len(got) != len(want) {
		t.Fatalf("got %d puts", len(got))
	}
	for i, w := range want {
		from, _ := got[i].item.text("from")
		if ids := strings.Join(got[i].ids, " "); from != w.from || ids != w.ids {
			t.Errorf("put %d: got the item of %s for %s, want %+v", i, from, ids, w)
		}
	}
}

func TestUnprocessed(t *testing.T) {
	first, second := key{"2001-01-01", "00:00:00"}, key{"2001-01-01", "00:00:01"}
	puts := []put{{first, first.attributes(), []string{"1"}}, {second, second.attributes(), []string{"2"}}}
	got := unprocessed(puts, []types.WriteRequest{{PutRequest: &types.PutRequest{Item: second.attributes()}}, {}})
	if !reflect.DeepEqual(got, puts[1:]) {
		t.Errorf("got %v", got)
	}
	if got := unprocessed(puts, nil); got != nil {
		t.Errorf("all processed: got %v", got)
	}
}

func FuzzReadJob(f *testing.F) {
	f.Add("POST", `{"TableName":"t","Item":`+keyJSON+`}`)
	f.Add("PUT", `{"Key":`+keyJSON+`,"UpdateExpression":"set a = :v","ExpressionAttributeValues":{":v":{"L":[{"M":{}},{"NS":["1"]}]}}}`)
	f.Add("DELETE", `{"Key":`+keyJSON+`}`)
	f.Fuzz(func(t *testing.T, method, body string) {
		j, err := readJob(sqsMessage("1", method, body), "t")
		if err != nil {
			return
		}
		if err := j.key.check(); err != nil {
			t.Errorf("a job with a bad key: %v", err)
		}
	})
}

func BenchmarkReadJob(b *testing.B) {
	r := reading{text{"2001-01-01"}, text{"09:01:05"}, text{"location-03"}, text{"wireless"}, text{"router-1"}, number{"5.55"}, text{"device-1"}, number{"10.10"}}
	body, err := r.put("readings")
	if err != nil {
		b.Fatal(err)
	}
	m := sqsMessage("1", "POST", body)
	for b.Loop() {
		if _, err := readJob(m, "readings"); err != nil {
			b.Fatal(err)
		}
	}
}
