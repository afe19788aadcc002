package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// followEvery is how often a followed log is read: FilterLogEvents cannot wait.
const followEvery = 300 * time.Millisecond

func logs(ctx context.Context, c *call) error {
	cfg := c.client()
	follow := c.flags.Bool("f", false, "go on printing what is logged")
	since := c.flags.Duration("since", time.Hour, "how far back to begin")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	group, err := logGroup(ctx, cfg(), args[0])
	if err != nil {
		return err
	}
	t := &tail{call: c, logs: cloudwatchlogs.NewFromConfig(cfg()), group: group, from: time.Now().Add(-*since).UnixMilli()}
	for {
		if err := t.print(ctx); err != nil || !*follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// logGroup is the log group of a function, or the group itself if its name
// was given.
func logGroup(ctx context.Context, cfg aws.Config, name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return name, nil
	}
	out, err := lambda.NewFromConfig(cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.LoggingConfig.LogGroup), nil
}

// tail prints a log group, each event once.
type tail struct {
	*call
	logs  *cloudwatchlogs.Client
	group string
	from  int64           // time of the newest event printed, in milliseconds
	seen  map[string]bool // events of that time
}

// print prints what is new. A function that has not logged yet has an empty log,
// and to be interrupted is no failure.
func (t *tail) print(ctx context.Context) error {
	err := t.printNew(ctx)
	var none *types.ResourceNotFoundException
	if ctx.Err() != nil || errors.As(err, &none) {
		return nil
	}
	return err
}

func (t *tail) printNew(ctx context.Context) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(t.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &t.group, StartTime: &t.from})
	newest, seen := t.from, make(map[string]bool)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			at, id := aws.ToInt64(e.Timestamp), aws.ToString(e.EventId)
			if at > newest {
				newest = at
				clear(seen)
			}
			if at == newest {
				seen[id] = true
			}
			if !t.seen[id] {
				fmt.Fprintf(t.stdout, "%s %s\n", time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z"), strings.TrimRight(aws.ToString(e.Message), "\n"))
			}
		}
	}
	t.from, t.seen = newest, seen
	return nil
}
