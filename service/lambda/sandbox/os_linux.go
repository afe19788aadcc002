package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// processAttr gives a process its own group, and has the kernel kill it when
// the thread that started it is gone, by whatever means this program ended.
func processAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitEnd returns when the process has ended and is reaped. It calls end
// between the two, while the process's number still names its group and
// nothing else.
func awaitEnd(cmd *exec.Cmd, end func()) {
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	end()
	_ = cmd.Wait() // its state says how it ended
}

// A residentSet reads the resident memory of one process. It stays with that
// process when its number is used again.
type residentSet struct{ statm *os.File }

func openResidentSet(pid int) residentSet {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return residentSet{}
	}
	return residentSet{f}
}

// bytes is 0 when the process is gone.
func (r residentSet) bytes() int64 {
	if r.statm == nil {
		return 0
	}
	var buf [96]byte
	n, _ := r.statm.ReadAt(buf[:], 0)
	fields := strings.Fields(string(buf[:n]))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func (r residentSet) close() {
	if r.statm != nil {
		r.statm.Close()
	}
}

// groupMemory is the resident memory, in bytes, of the processes of each group
// other than its leader.
func groupMemory() map[int]int64 {
	sizes := map[int]int64{}
	for _, pid := range processes() {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue
		}
		// pid (name) state ppid pgrp ... rss is the 24th; a name may hold anything.
		_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 22 {
			continue
		}
		group, _ := strconv.Atoi(fields[2])
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		if group != pid && group > 0 {
			sizes[group] += pages * int64(os.Getpagesize())
		}
	}
	return sizes
}

func processes() []int {
	names, _ := filepath.Glob("/proc/[0-9]*")
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(filepath.Base(name)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killLeftovers ends processes whose TMPDIR is below dir: what a function
// started itself survives it when this program is killed.
func killLeftovers(dir string) {
	mark := "TMPDIR=" + dir + string(filepath.Separator)
	for _, pid := range processes() {
		env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil || pid == os.Getpid() {
			continue
		}
		for kv := range strings.SplitSeq(string(env), "\x00") {
			if strings.HasPrefix(kv, mark) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				break
			}
		}
	}
}
