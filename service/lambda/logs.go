package lambda

import (
	"context"
	"log/slog"
	"sync"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/store"
)

// maxBuffered is how many lines wait for the end of an invocation before those
// who print are made to write them: a flood costs time, not memory.
const maxBuffered = 4096

// logBuffer collects what functions print, and writes it in batches: with the
// outcome of an invocation, or when there is much.
type logBuffer struct {
	st   *store.Store
	logs event.Logs
	log  *slog.Logger

	writing sync.Mutex // held while a batch is written, so that batches keep their order
	mu      sync.Mutex
	lines   []sandbox.LogEvent
}

// add is called by the sandbox, in the order of each stream.
func (b *logBuffer) add(lines []sandbox.LogEvent) {
	if b.logs == nil {
		return
	}
	b.mu.Lock()
	b.lines = append(b.lines, lines...)
	full := len(b.lines) >= maxBuffered
	b.mu.Unlock()
	if full {
		if err := b.flush(context.Background()); err != nil {
			b.log.Error("function logs are lost", "err", err)
		}
	}
}

// flush writes all lines that were added before the call. They are durable with
// the next commit, such as that of the outcome they belong to.
func (b *logBuffer) flush(ctx context.Context) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	lines := b.lines
	b.lines = nil
	b.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	var adds []func(*store.Tx) error
	for _, st := range byStream(lines) {
		adds = append(adds, b.logs.Append(st.group, st.stream, st.lines))
	}
	return b.st.UpdateLazy(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, add := range adds {
			if err := add(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

type streamLines struct {
	group, stream string
	lines         []event.LogLine
}

// byStream sorts lines by their streams, and keeps the order in each.
func byStream(lines []sandbox.LogEvent) []*streamLines {
	var all []*streamLines
	index := make(map[[2]string]*streamLines)
	for _, l := range lines {
		k := [2]string{l.Group, l.Stream}
		st := index[k]
		if st == nil {
			st = &streamLines{group: l.Group, stream: l.Stream}
			index[k] = st
			all = append(all, st)
		}
		st.lines = append(st.lines, event.LogLine{Time: l.Time, Text: l.Line})
	}
	return all
}
