package sandbox

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	// maxLine is the size of the largest log event of CloudWatch Logs, without
	// the 26 bytes that it adds; a longer line becomes several events.
	maxLine = 256<<10 - 26
	// pipeSize is the most that a pipe holds, and so the most that a process
	// can have written before a given moment and not been read.
	pipeSize = 64 << 10
)

// A processLog turns what a process writes, and what Lambda says about it, into
// log events in one order. Stdout and stderr are the same pipe.
type processLog struct {
	group, stream string
	joined        bool // the runtime writes "\r" for a line end inside of one event
	now           func() time.Time
	sink          func([]LogEvent)
	r             *os.File
	raw           syscall.RawConn

	mu      sync.Mutex
	buf     []byte // what is read at once
	partial []byte // a line without its end, below maxLine
	tail    []byte // the end of the current invocation's log
	tailing bool
	done    bool
}

// openLog returns the log and the end of the pipe that is for the process.
func openLog(l *processLog) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return nil, err
	}
	l.r, l.raw, l.buf = r, raw, make([]byte, 32<<10)
	return w, nil
}

// follow emits lines as they come, until no writer is left or the log is closed.
func (l *processLog) follow() {
	for {
		var end bool
		err := l.raw.Read(func(fd uintptr) bool {
			n, err := l.readLocked(fd)
			end = n == 0 && err == nil
			return err != errNothing
		})
		if err != nil || end {
			return
		}
	}
}

func (l *processLog) readLocked(fd uintptr) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return 0, nil
	}
	return l.read(fd)
}

// read takes what is there, without waiting. It needs l.mu, which orders it
// with the other reader: lines are emitted in the order in which they were read.
func (l *processLog) read(fd uintptr) (int, error) {
	n, err := readNow(fd, l.buf)
	if n > 0 {
		l.emit(l.split(l.buf[:n]))
	}
	return n, err
}

// drain reads all that was written before the call, and no more than that: a
// process that never stops writing does not hold it up.
func (l *processLog) drain() {
	_ = l.raw.Control(func(fd uintptr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for left := pipeSize; left > 0 && !l.done; {
			n, err := l.read(fd)
			if n <= 0 || err != nil {
				return
			}
			left -= n
		}
	})
}

// close reads the rest and ends the log.
func (l *processLog) close() {
	l.drain()
	l.mu.Lock()
	l.flush()
	l.done = true
	l.mu.Unlock()
	l.r.Close()
}

// say writes lines of Lambda's own, after a line that the process did not end.
func (l *processLog) say(lines ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	now := l.now()
	events := make([]LogEvent, len(lines))
	for i, line := range lines {
		events[i] = LogEvent{Group: l.group, Stream: l.stream, Time: now, Line: line}
	}
	l.emit(events)
}

// begin starts the tail of an invocation.
func (l *processLog) begin(tail bool) {
	l.mu.Lock()
	l.tailing, l.tail = tail, l.tail[:0]
	l.mu.Unlock()
}

// takeTail ends the invocation's tail and returns the last MaxLogTail bytes.
func (l *processLog) takeTail() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tailing = false
	return bytes.Clone(l.tail[max(0, len(l.tail)-MaxLogTail):])
}

// split cuts complete lines off and keeps the rest.
func (l *processLog) split(b []byte) []LogEvent {
	var events []LogEvent
	now := l.now()
	for len(b) > 0 {
		room := maxLine - len(l.partial)
		end := bytes.IndexByte(b, '\n')
		switch {
		case end >= 0 && end <= room:
			events = append(events, l.event(b[:end], now))
			b = b[end+1:]
		case len(b) >= room:
			events = append(events, l.event(b[:room], now))
			b = b[room:]
		default:
			l.partial = append(l.partial, b...)
			return events
		}
	}
	return events
}

func (l *processLog) flush() {
	if len(l.partial) > 0 {
		l.emit([]LogEvent{l.event(nil, l.now())})
	}
}

// event is the partial line and what completes it.
func (l *processLog) event(rest []byte, now time.Time) LogEvent {
	line := string(append(l.partial, rest...))
	l.partial = l.partial[:0]
	if cap(l.partial) > 4*pipeSize {
		l.partial = nil
	}
	if !utf8.ValidString(line) {
		line = strings.ToValidUTF8(line, "\uFFFD")
	}
	line = strings.TrimSuffix(line, "\r")
	if l.joined {
		line = strings.ReplaceAll(line, "\r", "\n")
	}
	return LogEvent{Group: l.group, Stream: l.stream, Time: now, Line: line}
}

func (l *processLog) emit(events []LogEvent) {
	if len(events) == 0 {
		return
	}
	if l.tailing {
		for _, e := range events {
			l.tail = append(append(l.tail, e.Line...), '\n')
			if extra := len(l.tail) - MaxLogTail; extra > MaxLogTail {
				l.tail = append(l.tail[:0], l.tail[extra:]...)
			}
		}
	}
	l.sink(events)
}
