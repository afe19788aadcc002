package outbox

import (
	"cmp"
	"container/heap"
	"time"
)

// lane is what memory holds of a lane that has something waiting. It belongs to
// the goroutine of Run.
type lane struct {
	laneID
	limits Limits

	cursor position            // rows before it are in hand or gone
	next   uint64              // when the row at the cursor is due; never: there is none
	window []row               // in hand, to be begun
	held   map[uint64]struct{} // what is in hand: window, and what runs
	pace   uint64              // when the next attempt may begin
	full   bool                // memory allowed no further row: one must end first

	wake  uint64 // when there is something to do
	index int    // in the agenda; -1: not there
}

func newLane(id laneID) *lane {
	return &lane{laneID: id, cursor: end, next: never, held: make(map[uint64]struct{}), index: -1}
}

func (l *lane) attempts() int { return cmp.Or(l.limits.Attempts, defaultAttempts) }
func (l *lane) running() int  { return len(l.held) - len(l.window) }

// arrive notes that a row waits at p.
func (l *lane) arrive(p position) {
	if p.before(l.cursor) {
		l.cursor, l.next = p, p.at
	}
}

// due is when there is something to do for the lane.
func (l *lane) due() uint64 {
	switch {
	case l.running() >= l.attempts():
		return never
	case len(l.window) > 0:
		return l.pace
	case l.full:
		return never
	case l.next < never:
		return max(l.next, l.pace)
	case l.running() == 0:
		return l.pace // it can be forgotten then
	}
	return never
}

// begin takes the first of the window, and sets the pace for what follows.
func (l *lane) begin(now uint64) row {
	r := l.window[0]
	l.window[0] = row{}
	l.window = l.window[1:]
	if n := l.limits.PerSecond; n > 0 {
		l.pace = max(l.pace, now) + uint64(time.Second)/uint64(n)
	}
	return r
}

// agenda has the lanes in the order in which there is something to do for them.
type agenda []*lane

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].wake < a[j].wake }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i, j
}

// Push implements [heap.Interface].
func (a *agenda) Push(x any) {
	l := x.(*lane)
	l.index = len(*a)
	*a = append(*a, l)
}

// Pop implements [heap.Interface].
func (a *agenda) Pop() any {
	old := *a
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	l.index = -1
	return l
}

// place puts a lane where it now belongs.
func (a *agenda) place(l *lane) {
	l.wake = l.due()
	switch {
	case l.wake == never:
		a.remove(l)
	case l.index < 0:
		heap.Push(a, l)
	default:
		heap.Fix(a, l.index)
	}
}

func (a *agenda) remove(l *lane) {
	if l.index >= 0 {
		heap.Remove(a, l.index)
	}
}

// first is when there is something to do next.
func (a agenda) first() uint64 {
	if len(a) == 0 {
		return never
	}
	return a[0].wake
}
