package outbox

import "sync"

// mailbox is what commits and attempts tell Run. Nobody waits to be heard, and
// it holds no more than a word for each lane and each attempt.
type mailbox struct {
	c chan struct{} // something is there

	mu sync.Mutex
	letters
}

// letters are what was told since the last look.
type letters struct {
	arrived map[laneID]position // the first row that came to each lane
	closed  []laneID
	ended   []outcome
}

// outcome is that of an attempt, once filed.
type outcome struct {
	lane  laneID
	row   row
	again *position // where the delivery waits now; nil if it does not
	err   error     // the store failed
}

func (m *mailbox) init() { m.c = make(chan struct{}, 1) }

func (m *mailbox) arrive(l laneID, p position) {
	m.put(func() {
		if m.arrived == nil {
			m.arrived = make(map[laneID]position)
		}
		if first, ok := m.arrived[l]; !ok || p.before(first) {
			m.arrived[l] = p
		}
	})
}

func (m *mailbox) close(l laneID) { m.put(func() { m.closed = append(m.closed, l) }) }

func (m *mailbox) end(o outcome) { m.put(func() { m.ended = append(m.ended, o) }) }

func (m *mailbox) put(write func()) {
	m.mu.Lock()
	write()
	m.mu.Unlock()
	select {
	case m.c <- struct{}{}:
	default: // it has yet to be looked into
	}
}

func (m *mailbox) take() letters {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.letters
	m.letters = letters{}
	return got
}
