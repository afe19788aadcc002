package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/functions"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/worker"
)

// work runs a pipeline's function as a long-running program, without Lambda.
func work(ctx context.Context, c *call) error {
	w := worker.Worker{}
	c.flags.StringVar(&w.QueueURL, "queue", os.Getenv("WORKER_QUEUE_URL"), "`url` of the queue of the function's events (default: the variable WORKER_QUEUE_URL)")
	c.flags.IntVar(&w.BatchSize, "batch", 10, "most messages of one invocation")
	c.flags.IntVar(&w.Concurrency, "concurrency", 4, "how many invocations run at once")
	names, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	if w.QueueURL == "" {
		return usageError("worker: --queue says which queue the function's events are on")
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(c.stderr, nil)))
	open, err := functions.Find(names[0])
	if err != nil {
		return usageError(err.Error())
	}
	if w.Function, err = open(ctx); err != nil {
		return err
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return err
	}
	w.SQS = sqs.NewFromConfig(cfg)
	slog.Info("working", "function", names[0], "queue", w.QueueURL)
	return w.Run(ctx)
}
