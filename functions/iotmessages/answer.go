package iotmessages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/transform"
)

// An answer is what a route of the API says; API Gateway's form of it is made
// in one place.
type answer struct {
	status int
	body   any // nil for none
}

// A route answers one method of one path.
type route func(table, context.Context, events.APIGatewayProxyRequest) (answer, error)

func openAPI(ctx context.Context, serve route) (any, error) {
	t, err := openTable(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		a, err := serve(t, ctx, r)
		if err != nil {
			a = failure(ctx, err)
		}
		return a.response()
	}, nil
}

// A complaint is the body of every answer that is not a success.
type complaint struct {
	Message string `json:"message"`
}

func notFound(k key) answer {
	return answer{http.StatusNotFound, complaint{"there is no message of " + k.Date + " " + k.Time}}
}

// throttles are the codes with which DynamoDB asks to be asked later.
var throttles = map[string]bool{
	"ProvisionedThroughputExceededException": true,
	"RequestLimitExceeded":                   true,
	"ThrottlingException":                    true,
}

// failure is the answer to an error. What the caller can mend is told to the
// caller; the rest is logged, and the caller learns that it is not theirs.
func failure(ctx context.Context, err error) answer {
	var ours refusal
	if errors.As(err, &ours) {
		return answer{http.StatusBadRequest, complaint{ours.Error()}}
	}
	var e smithy.APIError
	if errors.As(err, &e) {
		switch code := e.ErrorCode(); {
		case code == "ValidationException":
			return answer{http.StatusBadRequest, complaint{e.ErrorMessage()}}
		case throttles[code]:
			return answer{http.StatusTooManyRequests, complaint{"the table is busy; try again"}}
		}
	}
	slog.ErrorContext(ctx, "the request failed", "error", err)
	return answer{http.StatusInternalServerError, complaint{"Internal server error"}}
}

// response is the answer as API Gateway takes it from a Lambda proxy
// integration. Browsers of any origin may read it.
func (a answer) response() (events.APIGatewayProxyResponse, error) {
	out := events.APIGatewayProxyResponse{
		StatusCode: a.status,
		Headers:    map[string]string{"Access-Control-Allow-Origin": "*"},
	}
	if a.body == nil {
		return out, nil
	}
	b, err := transform.JSON(a.body)
	out.Headers["Content-Type"] = "application/json"
	out.Body = string(b)
	return out, err
}
