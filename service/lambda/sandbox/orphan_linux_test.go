package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A hold waits for the end of a process that is not our child.
type hold int

func holdProcess(t *testing.T, pid int) hold {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return hold(fd)
}

func (h hold) ended(t *testing.T, name string) {
	t.Helper()
	poll := []unix.PollFd{{Fd: int32(h), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, 20_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n != 1 {
			t.Errorf("%s is still there: %v", name, err)
		}
		return
	}
}

func parsePIDs(t *testing.T, line string) (function, child int) {
	t.Helper()
	if _, err := fmt.Sscanf(line, "hanging %d %d", &function, &child); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return function, child
}

func TestKilledParentLeavesNoOrphan(t *testing.T) {
	b := newBench(t, nil)
	dir, code := t.TempDir(), b.function("hang-family").Dir
	parent := exec.Command(os.Args[0], "parent", dir, code)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Process.Kill()
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "hanging ") {
	}
	function, child := parsePIDs(t, lines.Text())
	fh, ch := holdProcess(t, function), holdProcess(t, child)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	fh.ended(t, "the function")
	// What the function started itself goes when the next Executor starts.
	x, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ch.ended(t, "the function's child")
}

func TestTimeoutKillsTheGroup(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("hang-family")
	f.Timeout = 3 * time.Second // both have to be found before, on a busy machine too
	done := make(chan *Result)
	go func() { done <- b.invoke(f, "{}") }()
	function, child := parsePIDs(t, b.await("hanging "))
	fh, ch := holdProcess(t, function), holdProcess(t, child)
	if r := <-done; r.ErrorType != "Sandbox.Timedout" {
		t.Errorf("%s", r.Payload)
	}
	fh.ended(t, "the function")
	ch.ended(t, "its child")
}

func TestCloseEndsAllProcesses(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("context")
	pid := resultPID(t, b.invoke(f, "{}"))
	h := holdProcess(t, pid)
	b.Close()
	h.ended(t, "the function")
	if left, _ := os.ReadDir(b.tmpDir()); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
