package answer

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/smithy-go"
)

func TestResponse(t *testing.T) {
	for _, test := range []struct {
		answer Answer
		want   events.APIGatewayProxyResponse
	}{
		{Answer{Status: 204}, events.APIGatewayProxyResponse{StatusCode: 204, Headers: map[string]string{}}},
		{Refuse(404, "there is no <a>"), events.APIGatewayProxyResponse{
			StatusCode: 404, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"message":"there is no <a>"}` + "\n",
		}},
		{
			Answer{Status: 200, Header: map[string]string{"ETag": `"1"`}, Body: Content{"text/css", []byte("a{}")}},
			events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"ETag": `"1"`, "Content-Type": "text/css"}, Body: "a{}"},
		},
		{
			Answer{Status: 200, Body: Content{"text/plain", []byte("hi")}, Base64: true},
			events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain"}, Body: "aGk=", IsBase64Encoded: true},
		},
	} {
		if got, err := test.answer.Response(); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%+v: got %+v, %v", test.answer, got, err)
		}
	}
	if _, err := (Answer{Status: 200, Body: func() {}}).Response(); err == nil {
		t.Error("what is no JSON: want an error")
	}
}

func TestFailure(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Answer
	}{
		{fmt.Errorf("operation: %w", &smithy.GenericAPIError{Code: "ThrottlingException"}), Refuse(429, "the service is busy; try again")},
		{&smithy.GenericAPIError{Code: "SlowDown"}, Refuse(429, "the service is busy; try again")},
		{&smithy.GenericAPIError{Code: "AccessDenied", Message: "secret"}, Refuse(500, "Internal server error")},
		{errors.New("connection refused"), Refuse(500, "Internal server error")},
	} {
		if got := Failure(t.Context(), test.err); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: got %+v, want %+v", test.err, got, test.want)
		}
	}
}
