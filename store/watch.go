package store

import "sync"

// Watcher is told when its topic is woken. Several wake-ups while it is busy
// become one.
type Watcher struct {
	C     <-chan struct{}
	c     chan struct{}
	topic string
	owner *watchers
}

// Watch begins to watch topic. To miss nothing, watch first and look then.
func (s *Store) Watch(topic string) *Watcher {
	c := make(chan struct{}, 1)
	w := &Watcher{C: c, c: c, topic: topic, owner: &s.watch}
	s.watch.add(w)
	return w
}

// Wake wakes all who watch topic, for what happens outside of transactions.
func (s *Store) Wake(topic string) { s.watch.wake(topic) }

// Close ends the watch.
func (w *Watcher) Close() { w.owner.remove(w) }

type watchers struct {
	mu      sync.Mutex
	byTopic map[string]map[*Watcher]struct{}
}

func (ws *watchers) add(w *Watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.byTopic == nil {
		ws.byTopic = make(map[string]map[*Watcher]struct{})
	}
	set := ws.byTopic[w.topic]
	if set == nil {
		set = make(map[*Watcher]struct{})
		ws.byTopic[w.topic] = set
	}
	set[w] = struct{}{}
}

func (ws *watchers) remove(w *Watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	set := ws.byTopic[w.topic]
	delete(set, w)
	if len(set) == 0 {
		delete(ws.byTopic, w.topic)
	}
}

func (ws *watchers) wake(topic string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.byTopic[topic] {
		select {
		case w.c <- struct{}{}:
		default: // it has yet to see the last one
		}
	}
}
