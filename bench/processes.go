package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watched is the most memory that a runtime and its functions had while they
// were watched, in MiB that are their own: without the pages of the binary,
// which they share.
type watched struct {
	runtime   int // of the runtime alone
	functions int // processes at once
	together  int // of all functions at once
	largest   int // of one function
}

func (w watched) String() string {
	return fmt.Sprintf("%d MiB | %d | %d MiB | %d MiB", w.runtime, w.functions, w.together, w.largest)
}

// watcher looks at the memory of a process and of its descendants.
type watcher struct {
	end  chan struct{}
	done chan watched
}

// watchEvery is how often it looks: a peak may be shorter.
const watchEvery = 50 * time.Millisecond

func watch(pid int) *watcher {
	w := &watcher{end: make(chan struct{}), done: make(chan watched)}
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		var most watched
		for {
			most.include(pid, processes())
			select {
			case <-tick.C:
			case <-w.end:
				w.done <- most
				return
			}
		}
	}()
	return w
}

func (w *watcher) stop() watched {
	close(w.end)
	return <-w.done
}

// include takes a look into account.
func (w *watched) include(pid int, all map[int]process) {
	functions, together := 0, 0
	for id, p := range all {
		if id == pid {
			w.runtime = max(w.runtime, p.own>>10)
		}
		if id == pid || !p.below(pid, all) || p.own == 0 { // a process without memory has ended
			continue
		}
		functions++
		together += p.own
		w.largest = max(w.largest, p.own>>10)
	}
	w.functions = max(w.functions, functions)
	w.together = max(w.together, together>>10)
}

// process is what a look sees of one.
type process struct {
	parent int
	own    int // KiB
}

// below reports whether a process descends from another.
func (p process) below(pid int, all map[int]process) bool {
	for p.parent > 1 {
		if p.parent == pid {
			return true
		}
		p = all[p.parent]
	}
	return false
}

// processes are those of the machine, by their numbers.
func processes() map[int]process {
	all := make(map[int]process)
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		parent, _ := number(string(text), "PPid:")
		own, _ := number(string(text), "RssAnon:") // none of one that has ended, and of the kernel's
		all[id] = process{parent: parent, own: own}
	}
	return all
}

// number is the number of a field of a status.
func number(status, field string) (n int, ok bool) {
	_, rest, ok := strings.Cut(status, "\n"+field)
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(fields[0])
	return n, err == nil
}
