package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// metricsCost compares a runtime that measures its services with one that does
// not, in turn, under the load of 64 clients.
func metricsCost(ctx context.Context, l *lab) error {
	fmt.Printf("| request | with metrics, per second | without | cost |\n|---|---|---|---|\n")
	chosen := []workload{
		{"SQS SendMessage", makeQueue, sendMessage},
		{"S3 GetObject 4 KiB", makeBucket, getObject},
		{"DynamoDB PutItem", makeTable, putItem},
		{"SNS Publish to 10 queues, raw", func(ctx context.Context, cfg aws.Config) error { return makeTopic(ctx, cfg, 10, true) }, publish},
	}
	for _, w := range chosen {
		with, without, err := inTurn(ctx, l, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Printf("| %s | %.0f | %.0f | %.1f %% |\n", w.name, with, without, 100*(without-with)/without)
	}
	return nil
}

// rounds is how often each of what is compared is measured; the figure is the median.
const rounds = 15

func inTurn(ctx context.Context, l *lab, w workload) (with, without float64, err error) {
	var servers [2]*server
	for i, args := range [][]string{nil, {"--metrics=false"}} {
		if servers[i], err = l.up(ctx, args...); err != nil {
			return 0, 0, err
		}
		defer servers[i].stop()
		if err := w.setup(ctx, servers[i].aws()); err != nil {
			return 0, 0, err
		}
	}
	var rates [2][]float64
	for round := range rounds {
		for _, i := range []int{round % 2, 1 - round%2} { // so that neither is always second
			rate, _, err := drive(ctx, l, w, 64, servers[i].aws())
			if err != nil {
				return 0, 0, err
			}
			rates[i] = append(rates[i], rate)
			time.Sleep(100 * time.Millisecond)
		}
	}
	slices.Sort(rates[0])
	slices.Sort(rates[1])
	return rates[0][rounds/2], rates[1][rounds/2], nil
}
