package iotmessages

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/functions/answer"
)

func apiRequest(date, query, body string) events.APIGatewayProxyRequest {
	r := events.APIGatewayProxyRequest{PathParameters: map[string]string{}, QueryStringParameters: map[string]string{}, Body: body}
	if date != "" {
		r.PathParameters["date"] = date
	}
	if name, value, ok := strings.Cut(query, "="); ok {
		r.QueryStringParameters[name] = value
	}
	return r
}

// Requests that are refused before the table is asked.
func TestAPIRefusals(t *testing.T) {
	const date, time, item = "2001-01-01", "time=01:01:07", `{"date":"2001-01-01","time":"01:01:07"}`
	encode := base64.RawURLEncoding.EncodeToString
	for _, test := range []struct {
		name              string
		route             route
		date, query, body string
		want              string
	}{
		{"limit not a number", table.list, "", "limit=many", "", `limit: "many" is not a number from 1 to 1000`},
		{"limit 0", table.list, "", "limit=0", "", `limit: "0" is not`},
		{"limit negative", table.list, "", "limit=-1", "", `limit: "-1" is not`},
		{"limit too large", table.list, "", "limit=1001", "", `limit: "1001" is not`},
		{"limit far too large", table.list, "", "limit=99999999999999999999", "", `limit: "99999999999999999999" is not`},
		{"next not base64", table.list, "", "next=***", "", "next is not a token"},
		{"next not JSON", table.list, "", "next=" + encode([]byte("hello")), "", "next is not a token"},
		{"next without time", table.list, "", "next=" + encode([]byte(`{"date":"2001-01-01"}`)), "", "next is not a token"},
		{"next with more", table.list, "", "next=" + encode([]byte(`{"date":"2001-01-01","time":"01:01:07","x":1}`)), "", "next is not a token"},
		{"next cut off", table.list, "", "next=" + writeNext(key{"2001-01-01", "01:01:07"})[:20], "", "next is not a token"},

		{"get without time", table.get, date, "", "", "time is missing; ask for /message/2001-01-01?time=HH:MM:SS"},
		{"get without date", table.get, "", time, "", "date is missing"},
		{"get with a bad date", table.get, "yesterday", time, "", `date: "yesterday" is not a date written YYYY-MM-DD`},
		{"get with a bad time", table.get, date, "time=25:00:00", "", `time: "25:00:00" is not a time written HH:MM:SS`},

		{"post nothing", table.create, "", "", "", "does not read as JSON: it is empty"},
		{"post no JSON", table.create, "", "", "{x", "does not read as JSON: invalid character 'x'"},
		{"post half", table.create, "", "", `{"Item":{`, "unexpected EOF"},
		{"post two", table.create, "", "", item + item, "there is more after its end"},
		{"post an array", table.create, "", "", `[]`, "not a JSON object"},
		{"post null", table.create, "", "", `null`, "not a JSON object"},
		{"post no key", table.create, "", "", `{}`, "date is missing"},
		{"post a number as date", table.create, "", "", `{"date":1,"time":"01:01:07"}`, "date is not a string"},
		{"post the queue's form", table.create, "", "", `{"Item":` + keyJSON + `}`, "date is not a string"},
		{"post a bad time", table.create, "", "", `{"Item":{"date":"2001-01-01","time":"noon"}}`, `time: "noon" is not a time`},
		{"post to another table", table.create, "", "", `{"TableName":"users","Item":` + item + `}`, `TableName is "users"; this API is for "readings"`},
		{"post something beside the item", table.create, "", "", `{"Item":` + item + `,"Key":1}`, `unknown field "Key"`},
		{"post a number of 39 digits", table.create, "", "", `{"date":"2001-01-01","time":"01:01:07","a":{"b":[` + strings.Repeat("9", 39) + `]}}`, "a: b: a number of 39 digits"},
		{"post a huge number", table.create, "", "", `{"date":"2001-01-01","time":"01:01:07","a":1e999}`, "a: a number outside"},

		{"put without time", table.change, date, "", "{}", "time is missing"},
		{"put nothing", table.change, date, time, "", "it is empty"},
		{"put no expression", table.change, date, time, "{}", "UpdateExpression is missing"},
		{"put a wrong type", table.change, date, time, `{"UpdateExpression":1}`, "cannot unmarshal number"},
		{"put an unknown member", table.change, date, time, `{"ConditionExpression":"x"}`, `unknown field "ConditionExpression"`},
		{"put to another table", table.change, date, time, `{"UpdateExpression":"x","TableName":"users"}`, `TableName is "users"`},
		{"put a name of ours", table.change, date, time, `{"UpdateExpression":"x","ExpressionAttributeNames":{"#iot_messages_key":"a"}}`, "the name #iot_messages_key is taken"},

		{"delete without time", table.remove, date, "", "", "time is missing"},
		{"delete with a bad date", table.remove, "2001-13-01", time, "", `"2001-13-01" is not a date`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.route(table{name: "readings"}, t.Context(), apiRequest(test.date, test.query, test.body))
			if _, ok := err.(refusal); !ok || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if a := failure(t.Context(), err); a.Status != 400 {
				t.Errorf("got status %d", a.Status)
			}
		})
	}
}

func TestAPIBodyInBase64(t *testing.T) {
	r := apiRequest("", "", base64.StdEncoding.EncodeToString([]byte("{}")))
	r.IsBase64Encoded = true
	if b, err := bodyOf(r); string(b) != "{}" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	r.Body = "{}"
	if _, err := bodyOf(r); err == nil {
		t.Error("no base64: want an error")
	}
}

func TestNextToken(t *testing.T) {
	k := key{"2001-01-01", "01:01:07.5"}
	if got, err := readNext(writeNext(k)); got != k || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadItem(t *testing.T) {
	tbl := table{name: "readings"}
	const plain = `{"date":"2000-01-01","time":"06:45:43","local_avg":7.31,"big":12345678901234567890123456789012345678,"tags":["a",1,null,true,{"Item":"x"}]}`
	want := item{
		"date": &types.AttributeValueMemberS{Value: "2000-01-01"}, "time": &types.AttributeValueMemberS{Value: "06:45:43"},
		"local_avg": &types.AttributeValueMemberN{Value: "7.31"},
		"big":       &types.AttributeValueMemberN{Value: "12345678901234567890123456789012345678"},
		"tags": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberS{Value: "a"}, &types.AttributeValueMemberN{Value: "1"},
			&types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberBOOL{Value: true},
			&types.AttributeValueMemberM{Value: item{"Item": &types.AttributeValueMemberS{Value: "x"}}},
		}},
	}
	for _, body := range []string{plain, `{"Item":` + plain + `}`, ` {"TableName":"readings","Item":` + plain + `} `} {
		got, err := tbl.readItem([]byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v", body, got, err)
			continue
		}
		back, err := json.Marshal(got.plain())
		if want := `{"big":12345678901234567890123456789012345678,"date":"2000-01-01","local_avg":7.31,"tags":["a",1,null,true,{"Item":"x"}],"time":"06:45:43"}`; string(back) != want || err != nil {
			t.Errorf("back: got %s, %v", back, err)
		}
	}
}

func TestPlainOfOtherTypes(t *testing.T) {
	got, err := json.Marshal(item{
		"ns": &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}}, "ss": &types.AttributeValueMemberSS{Value: []string{"a"}},
		"b": &types.AttributeValueMemberB{Value: []byte("hi")}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{[]byte("hi")}},
	}.plain())
	if want := `{"b":"aGk=","bs":["aGk="],"ns":[1,2.5],"ss":["a"]}`; string(got) != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestFailure(t *testing.T) {
	for _, test := range []struct {
		err  error
		want answer.Answer
	}{
		{refusal("no"), answer.Refuse(400, "no")},
		{&smithy.GenericAPIError{Code: "ValidationException", Message: "Invalid UpdateExpression: Syntax error"}, answer.Refuse(400, "Invalid UpdateExpression: Syntax error")},
		{fmt.Errorf("operation: %w", &smithy.GenericAPIError{Code: "ThrottlingException"}), answer.Refuse(429, "the service is busy; try again")},
		{&types.ResourceNotFoundException{}, answer.Refuse(500, "Internal server error")},
		{errors.New("connection refused"), answer.Refuse(500, "Internal server error")},
	} {
		if got := failure(t.Context(), test.err); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: got %+v, want %+v", test.err, got, test.want)
		}
	}
}

func TestResponse(t *testing.T) {
	got, err := response(notFound(key{"2001-01-01", "01:01:07"}))
	want := events.APIGatewayProxyResponse{
		StatusCode: 404,
		Headers:    map[string]string{"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"},
		Body:       `{"message":"there is no message of 2001-01-01 01:01:07"}` + "\n",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = response(answer.Answer{Status: 204})
	if err != nil || got.Body != "" || got.Headers["Content-Type"] != "" {
		t.Errorf("no content: got %+v, %v", got, err)
	}
}

func FuzzReadItem(f *testing.F) {
	f.Add(`{"TableName":"t","Item":{"date":"2001-01-01","time":"01:01:07"}}`)
	f.Add(`{"date":"2001-01-01","time":"01:01:07","a":[1,{"b":null}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		i, err := table{name: "t"}.readItem([]byte(body))
		if err != nil {
			return
		}
		b, err := json.Marshal(i.plain())
		if err != nil {
			t.Fatal(err)
		}
		again, err := table{name: "t"}.readItem([]byte(`{"Item":` + string(b) + `}`))
		if err != nil || !reflect.DeepEqual(again, i) {
			t.Errorf("%s is %s, which reads as %v, %v", body, b, again, err)
		}
	})
}

func FuzzReadNext(f *testing.F) {
	f.Add(writeNext(key{"2001-01-01", "01:01:07"}))
	f.Fuzz(func(t *testing.T, token string) {
		if k, err := readNext(token); err == nil && k.check() != nil {
			t.Errorf("%q is the bad key %v", token, k)
		}
	})
}
