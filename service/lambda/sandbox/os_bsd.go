//go:build unix && !linux

package sandbox

import (
	"os/exec"
	"syscall"
)

// processAttr gives a process its own group. No kernel but Linux ends it with
// its parent: an idle one ends because its Runtime API is gone, a busy one when
// it has finished.
func processAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitEnd reaps the process, and calls end right after: there is no waiting
// without reaping here.
func awaitEnd(cmd *exec.Cmd, end func()) {
	_ = cmd.Wait() // its state says how it ended
	end()
}

// A residentSet knows nothing here: memory is neither limited nor reported.
type residentSet struct{}

func openResidentSet(int) residentSet { return residentSet{} }
func (residentSet) bytes() int64      { return 0 }
func (residentSet) close()            {}
func groupMemory() map[int]int64      { return nil }
func killLeftovers(string)            {}
