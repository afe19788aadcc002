//go:build !unix

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// supported is false: New refuses to make an Executor here, and nothing below
// is called.
const supported = false

var errNothing = errors.New("nothing to read")

func readNow(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
func makeBlocking(*os.File) error          { return errors.ErrUnsupported }
func killGroup(int)                        {}
func processAttr() *syscall.SysProcAttr    { return nil }
func awaitEnd(*exec.Cmd, func())           {}
func groupMemory() map[int]int64           { return nil }
func killLeftovers(string)                 {}
func openResidentSet(int) residentSet      { return residentSet{} }

type residentSet struct{}

func (residentSet) bytes() int64 { return 0 }
func (residentSet) close()       {}
