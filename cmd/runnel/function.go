package main

import (
	"context"
	"fmt"
	"os"

	"github.com/runnel/runnel/functions"
)

// functionProgram is this binary as the pipelines' functions: what the runtime
// starts for a package whose bootstrap says "#!runnel".
func functionProgram(ctx context.Context) int {
	err := functions.Start(ctx)
	fmt.Fprintln(os.Stderr, err)
	return 1
}
