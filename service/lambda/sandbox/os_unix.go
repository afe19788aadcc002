//go:build unix

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

// errNothing says that a read would have to wait.
var errNothing = errors.New("nothing to read")

func readNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), b)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, errNothing
		case n < 0:
			return 0, err
		default:
			return n, err
		}
	}
}

// makeBlocking makes writes to f wait, as a process expects of its output.
func makeBlocking(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) { set = syscall.SetNonblock(int(fd), false) }); err != nil {
		return err
	}
	return set
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

const supported = true
