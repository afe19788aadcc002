package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// atOnce uploads a hundred documents in one moment, as objects and over the
// API, each way on a new runtime.
func atOnce(ctx context.Context, l *lab) error {
	many := max(2, 100/l.scale)
	body, err := orderOf(2_500_000)
	if err != nil {
		return err
	}
	fmt.Printf("\n| %d uploads of 2.5 MB at once | all results after | asked again | runtime | functions | their memory | the largest |\n|---|---|---|---|---|---|---|\n", many)
	for _, over := range []string{"S3", "POST /upload"} {
		if err := manyOver(ctx, l, over, many, body); err != nil {
			return fmt.Errorf("%d at once over %s: %w", many, over, err)
		}
	}
	return nil
}

func manyOver(ctx context.Context, l *lab, over string, many int, body []byte) error {
	p, err := l.xmlPipeline(ctx, false)
	if err != nil {
		return err
	}
	defer p.stop()
	var again atomic.Int64
	upload := p.put
	if over != "S3" {
		upload = func(ctx context.Context, key string, body []byte) error { return p.postFile(ctx, key, body, &again) }
	}
	w := watch(p.cmd.Process.Pid)
	took, err := p.pass(ctx, "order/many", body, many, many, upload)
	memory := w.stop()
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %.1f s | %d | %v |\n", over, took.Seconds(), again.Load(), memory)
	return nil
}

// postFile uploads over the API, and asks again where there are more requests
// than functions.
func (p *xmlProbe) postFile(ctx context.Context, key string, body []byte, again *atomic.Int64) error {
	for {
		status, answer, err := p.post(ctx, "/upload?rule=order&file="+url.QueryEscape(key), body)
		if err != nil || status == http.StatusAccepted {
			return err
		}
		if status != http.StatusTooManyRequests && status < 500 {
			return fmt.Errorf("status %d: %s", status, answer)
		}
		if again.Add(1) > 10_000 {
			return fmt.Errorf("still status %d: %s", status, answer)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
