package iotmessages

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/functions/answer"
)

// A route answers one method of one path.
type route func(table, context.Context, events.APIGatewayProxyRequest) (answer.Answer, error)

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
		return response(a)
	}, nil
}

func notFound(k key) answer.Answer {
	return answer.Refuse(http.StatusNotFound, "there is no message of "+k.Date+" "+k.Time)
}

// failure is the answer to an error. What the caller can mend is told to the
// caller.
func failure(ctx context.Context, err error) answer.Answer {
	var ours refusal
	if errors.As(err, &ours) {
		return answer.Refuse(http.StatusBadRequest, ours.Error())
	}
	var e smithy.APIError
	if errors.As(err, &e) && e.ErrorCode() == "ValidationException" {
		return answer.Refuse(http.StatusBadRequest, e.ErrorMessage())
	}
	return answer.Failure(ctx, err)
}

// response is an answer that browsers of any origin may read.
func response(a answer.Answer) (events.APIGatewayProxyResponse, error) {
	out, err := a.Response()
	out.Headers["Access-Control-Allow-Origin"] = "*"
	return out, err
}
