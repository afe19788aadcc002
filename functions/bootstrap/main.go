// Bootstrap is the functions of the pipelines as the executable that Lambda's
// provided.al2023 runtime starts.
package main

import (
	"context"
	"log"

	"github.com/runnel/runnel/functions"
)

func main() {
	log.Fatal(functions.Start(context.Background()))
}
