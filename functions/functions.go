// Package functions is the Lambda functions of the pipelines as one program.
//
// A function of a template names its handler (Handler: iot-messages.csv-to-queue)
// and the program that holds all of them (CodeUri: functions/bootstrap). Lambda
// passes the name in _HANDLER, and Start runs what the table has under it. The
// same program, zipped, is what AWS runs.
//
// Each pipeline has a package of its own. They are written against aws-lambda-go
// and the AWS SDK alone: nothing here knows who runs it.
package functions

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/runnel/runnel/functions/csvfanout"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/iotmessages"
	"github.com/runnel/runnel/functions/xmltransform/api"
	"github.com/runnel/runnel/functions/xmltransform/convert"
)

// An Open makes a function from its environment: it reads the variables, makes
// the clients, and returns the handler in one of the forms that lambda.Start
// takes. It runs once, before the first invocation, and calls no service.
type Open func(context.Context) (handler any, err error)

// Handlers is every function by the name that a template calls it.
var Handlers = map[string]Open{
	"csv-fanout.csv-to-json":      csvfanout.CSVToJSON,
	"iot-messages.csv-to-queue":   iotmessages.CSVToQueue,
	"iot-messages.queue-to-table": iotmessages.QueueToTable,
	"iot-messages.get-messages":   iotmessages.GetMessages,
	"iot-messages.get-message":    iotmessages.GetMessage,
	"iot-messages.post-message":   iotmessages.PostMessage,
	"iot-messages.put-message":    iotmessages.PutMessage,
	"iot-messages.delete-message": iotmessages.DeleteMessage,
	"xml-transform.api":           api.Open,
	"xml-transform.convert":       convert.Open,
}

// Start runs the function that _HANDLER names and does not return, unless there
// is no such function or no Lambda runtime to run it.
func Start(ctx context.Context) error {
	open, err := Find(os.Getenv("_HANDLER"))
	if err != nil {
		return err
	}
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		return fmt.Errorf("functions: AWS_LAMBDA_RUNTIME_API is not set; this program is started by Lambda")
	}
	tuneMemory(environment.Memory())
	lambda.StartWithOptions(handler(ctx, open), lambda.WithContext(ctx))
	return nil
}

// tuneMemory has the collector run less often than by default, but as often as
// it must to stay within three quarters of the function's memory. Most
// invocations leave nothing behind that is worth looking through.
func tuneMemory(memory int64) {
	if memory == 0 {
		return
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(memory / 4 * 3)
}

// Find returns the function of a name.
func Find(name string) (Open, error) {
	open, ok := Handlers[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(Handlers)), ", ")
		return nil, fmt.Errorf("functions: no handler %q; there are %s", name, known)
	}
	return open, nil
}

// handler opens a function. One that does not open answers every invocation
// with the reason, where its caller sees it, instead of a crash that only the
// log explains.
func handler(ctx context.Context, open Open) any {
	h, err := open(ctx)
	if err != nil {
		return func(context.Context) error { return err }
	}
	return h
}
