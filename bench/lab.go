package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// lab is where measurements are made.
type lab struct {
	rows, scale int
	dir         string // of the binary and all data
	binary      string
}

// build builds the runnel that is measured.
func (l *lab) build(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "runnel-bench-"); err != nil {
		return err
	}
	l.binary = filepath.Join(l.dir, "runnel")
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", l.binary, "./cmd/runnel")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func (l *lab) close() { os.RemoveAll(l.dir) }

// server is a process under measurement.
type server struct {
	cmd      *exec.Cmd
	endpoint string
	data     string
}

// up starts runnel on a free port and a new folder, and returns when it says
// that it is ready.
func (l *lab) up(ctx context.Context, args ...string) (*server, error) {
	data, err := os.MkdirTemp(l.dir, "data-")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, l.binary, append([]string{"up", "--listen", "127.0.0.1:0", "--data", data}, args...)...)
	s := &server{cmd: cmd, data: data}
	return s, s.start()
}

// deployed is up with the pipeline deployed as the stack "bench".
func (l *lab) deployed(ctx context.Context, template string) (*server, error) {
	return l.up(ctx, "--stack", "bench", "-p", "DataBucketName="+bucket, template)
}

// start starts the process and reads its endpoint from what it prints.
func (s *server) start() error {
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "serving on "); ok {
			s.endpoint, _, _ = strings.Cut(rest, ",")
		}
		if strings.HasPrefix(lines.Text(), "ready") {
			go io.Copy(io.Discard, out)
			return nil
		}
	}
	return fmt.Errorf("%s ended before it was ready: %w", s.cmd.Path, s.cmd.Wait())
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// aws configures clients of the server. They keep one connection for each
// goroutine of a measurement.
func (s *server) aws() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &s.endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		HTTPClient:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// resident is the memory that the server's process has for itself, in MiB:
// without the pages of the binary, which the kernel shares and can drop.
func (s *server) resident() (int, error) { return status(s.cmd.Process.Pid, "RssAnon:") }

// mapped is how much of the binary is in memory, in MiB.
func (s *server) mapped() (int, error) { return status(s.cmd.Process.Pid, "RssFile:") }

// peak is the most that the process ever had of both.
func (s *server) peak() (int, error) { return status(s.cmd.Process.Pid, "VmHWM:") }

// status reads a size of /proc/PID/status in MiB.
func status(pid int, field string) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory is read from /proc, which this machine has not: %w", err)
	}
	kib, ok := number(string(b), field)
	if !ok {
		return 0, fmt.Errorf("no %s in the status of process %d", field, pid)
	}
	return kib >> 10, nil
}

// times are durations of one thing done again and again.
type times []time.Duration

// at is the duration that a share of them does not exceed: at(0.5) is the
// median.
func (t times) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (t times) String() string {
	return fmt.Sprintf("median %v, p99 %v", t.at(0.5).Round(10*time.Microsecond), t.at(0.99).Round(10*time.Microsecond))
}
