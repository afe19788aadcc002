package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	fn "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain makes this test binary the program of the functions under test: their
// packages hold a bootstrap that says "#!runnel".
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "function" {
		fn.Start(handlers[os.Getenv("_HANDLER")])
		return
	}
	os.Exit(m.Run())
}

var handlers = map[string]any{
	"echo": func(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil },

	"fail": func() error { fmt.Println("failing"); return errors.New("no such row") },

	"exit": func() error { os.Exit(1); return nil },

	"print": func() error { fmt.Println("one\ntwo"); return nil },

	"embedded": func() error {
		fmt.Printf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"app","Metrics":[{"Name":"rows"}]}]},"rows":3}`+"\n", time.Now().UnixMilli())
		return nil
	},

	// report tells the test that it runs, with what, and does as it is told.
	"report": func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
		answer, err := ask(in)
		if err != nil {
			return nil, err
		}
		var told struct{ Fail bool }
		if json.Unmarshal(answer, &told) == nil && told.Fail {
			return nil, errors.New("told to fail")
		}
		return answer, nil
	},

	"sqs": func(ctx context.Context, in events.SQSEvent) (json.RawMessage, error) {
		var bodies []string
		for _, r := range in.Records {
			bodies = append(bodies, r.Body)
		}
		b, _ := json.Marshal(bodies)
		answer, err := ask(b)
		if err != nil {
			return nil, err
		}
		var told struct{ Fail bool }
		if json.Unmarshal(answer, &told) == nil && told.Fail {
			return nil, errors.New("told to fail")
		}
		var bad struct{ Bad []string }
		_ = json.Unmarshal(answer, &bad)
		var out events.SQSEventResponse
		for _, r := range in.Records {
			for _, body := range bad.Bad {
				if r.Body == body {
					out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
				}
			}
		}
		return json.Marshal(out)
	},

	// quiet takes batches and says nothing to anybody.
	"quiet": func(events.SQSEvent) error { return nil },

	"context": func(ctx context.Context) (any, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"arn": lc.InvokedFunctionArn, "id": lc.AwsRequestID, "client": lc.ClientContext.Client.AppTitle,
			"region": os.Getenv("AWS_REGION"), "endpoint": os.Getenv("AWS_ENDPOINT_URL"), "key": os.Getenv("AWS_ACCESS_KEY_ID"),
			"trace": os.Getenv("_X_AMZN_TRACE_ID"), "own": os.Getenv("OWN"), "left": time.Until(deadline) > 0,
		}, nil
	},
}

// ask posts to the test, at the address in the environment, and returns what it
// says.
func ask(body []byte) ([]byte, error) {
	url := os.Getenv("TEST_URL")
	res, err := http.Post(url, "application/json", jsonReader(body))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}
