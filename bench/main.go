// Command bench measures Runnel as its users meet it: the built binary as a
// process of its own, its data on a disk that is fsynced, and the AWS SDK as
// client in another process. Each figure stands beside a peer that was
// measured in the same run, because an absolute time says little on a machine
// that others share.
//
//	go run ./bench            all that takes minutes
//	go run ./bench pipeline   one of them
//
// It prints the tables that docs/benchmarks.md holds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"
)

// measurement is something that bench can measure.
type measurement struct {
	name, about string
	run         func(context.Context, *lab) error
	long        bool // not without being asked for
}

var measurements = []measurement{
	{"start", "start to first answer, idle memory, size", start, false},
	{"latency", "upload of a one-row file to its item, idle", latency, false},
	{"pipeline", "rows per second from upload to last item, beside Python", pipeline, false},
	{"services", "durable requests per second, beside a server that does nothing", services, false},
	{"fanout", "publishes to queues, deliveries over HTTP, publish to start of a function", fanout, false},
	{"transform", "XML to JSON on one core, beside encoding/xml and Python's xmltodict", transformRates, false},
	{"files", "files per second from upload to result, memory at 100 uploads at once", files, false},
	{"metrics", "what metrics cost: the same load with and without them", metricsCost, false},
	{"memory", "memory while 1 GB of CSV passes, and with 1 million messages queued", memory, true},
	{"bigfile", "memory while 1 GB of XML passes, record by record", bigXML, true},
}

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" { // see selfZipped
		lambda.Start(tellSink)
	}
	if len(os.Args) > 1 && os.Args[1] == "nothing" {
		serveNothing()
	}
	rows := flag.Int("rows", 100_000, "rows of the file for pipeline")
	scale := flag.Int("scale", 1, "divide the sizes by this, to try the program out")
	flag.Usage = usage
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, flag.Args(), &lab{rows: *rows, scale: *scale}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run ./bench [flags] [measurement...]")
	for _, m := range measurements {
		fmt.Fprintf(os.Stderr, "  %-10s %s\n", m.name, m.about)
	}
	flag.PrintDefaults()
}

func measure(ctx context.Context, names []string, l *lab) error {
	if l.rows < l.scale || l.scale < 1 {
		return fmt.Errorf("%d rows divided by %d: want one or more", l.rows, l.scale)
	}
	for _, name := range names {
		if !slices.ContainsFunc(measurements, func(m measurement) bool { return m.name == name }) {
			return fmt.Errorf("there is no measurement %q", name)
		}
	}
	defer l.close()
	if err := l.build(ctx); err != nil {
		return err
	}
	fmt.Printf("%s/%s, %d processors, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, m := range measurements {
		if !slices.Contains(names, m.name) && (m.long || len(names) > 0) {
			continue
		}
		fmt.Printf("\n## %s: %s\n\n", m.name, m.about)
		if err := m.run(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}
