package sandbox

import (
	"sync"
	"time"
)

const (
	// memoryTick is how often the memory of busy processes is looked at. A
	// process can touch some tens of MiB in that time.
	memoryTick = 20 * time.Millisecond
	// groupTicks is how many ticks pass between looks at what processes have
	// started themselves, which costs a walk over /proc.
	groupTicks = 10
	// sampleAge is how old a sample may be that an invocation reports.
	sampleAge = 50 * time.Millisecond
)

// memoryUse is the resident memory of a process group, as last seen.
type memoryUse struct {
	mu      sync.Mutex
	set     residentSet
	own     int64 // of the process, in bytes
	others  int64 // of the rest of its group
	peak    int64
	sampled time.Time
}

func (m *memoryUse) open(pid int) {
	m.mu.Lock()
	m.set = openResidentSet(pid)
	m.mu.Unlock()
}

func (m *memoryUse) close() {
	m.mu.Lock()
	m.set.close()
	m.set = residentSet{}
	m.mu.Unlock()
}

// sample returns the present size, looking anew when what is known is older
// than age.
func (m *memoryUse) sample(age time.Duration) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.sampled) >= age {
		if n := m.set.bytes(); n > 0 {
			m.own, m.sampled = n, now
		}
		m.peak = max(m.peak, m.own+m.others)
	}
	return m.own + m.others
}

func (m *memoryUse) setOthers(n int64) {
	m.mu.Lock()
	m.others = n
	m.mu.Unlock()
}

// peakMB is the most that was seen, rounded up.
func (m *memoryUse) peakMB() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int((m.peak + 1<<20 - 1) >> 20)
}

// watchMemory kills process groups that exceed their function's memory. It
// sleeps while nothing works.
func (x *Executor) watchMemory() {
	defer x.wait.Done()
	tick := time.NewTimer(memoryTick)
	defer tick.Stop()
	for {
		select {
		case <-x.closing:
			return
		case <-x.awake:
		}
		for n := 1; ; n++ {
			tick.Reset(memoryTick)
			select {
			case <-x.closing:
				return
			case <-tick.C:
			}
			busy := x.busyProcesses()
			if len(busy) == 0 {
				break
			}
			checkMemory(busy, n%groupTicks == 0)
		}
	}
}

func checkMemory(busy []*process, groups bool) {
	var others map[int]int64
	if groups {
		others = groupMemory()
	}
	for _, p := range busy {
		if groups {
			p.memory.setOthers(others[p.cmd.Process.Pid])
		}
		if p.memory.sample(0) > int64(p.f.memoryMB())<<20 {
			p.kill(causeMemory)
		}
	}
}

// wakeWatch has watchMemory look at a process that is becoming busy.
func (x *Executor) wakeWatch() {
	select {
	case x.awake <- struct{}{}:
	default:
	}
}
