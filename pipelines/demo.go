// Package pipelines is what the demonstrations of the pipelines have in
// common. Each pipeline has a folder below, with its template, its sample data
// and its demonstration.
//
// A demonstration is a client of the AWS APIs: it feeds sample data to a
// deployed stack, waits until all of it arrived, and reports what came out
// where.
package pipelines

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Demo is the demonstration of a pipeline.
type Demo struct {
	Name     string // of its folder, and of its stack
	About    string // one line
	Template []byte
	Dir      string // the template's folder, from the module's root
	Run      func(context.Context, *Session) error
}

// Session is one run of a Demo against a deployed stack.
type Session struct {
	AWS     aws.Config
	Outputs map[string]string // of the stack

	// Progress tells how far a step is. It may be called often.
	Progress func(step string, done, total int)

	// Report tells a result: what came out, where, and how much of it was
	// expected. A demonstration fails if any of them differ.
	Report func(Result)
}

// Result is one thing that a demonstration checked.
type Result struct {
	What     string // "good rows are items in the table"
	Where    string // "table iot-messages"
	Got      int
	Expected int
	Took     time.Duration // since the data was fed; 0 if that says nothing
}

// pollEvery is how often a client asks for what has no call that waits.
const pollEvery = 20 * time.Millisecond

// Await asks count until it gives want or more, and fails if that takes until
// ctx ends. It returns the last count.
func (s *Session) Await(ctx context.Context, step string, want int, count func(context.Context) (int, error)) (int, error) {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		n, err := count(ctx)
		if err != nil {
			return n, fmt.Errorf("%s: %w", step, err)
		}
		s.Progress(step, n, want)
		if n >= want {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return n, fmt.Errorf("%s: %d of %d arrived: %w", step, n, want, context.Cause(ctx))
		case <-t.C:
		}
	}
}
