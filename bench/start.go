package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

const starts = 11

// start measures from the start of the process to its first answer, on a new
// folder and on one that was used before; the peer is a process that does
// nothing but answer, started in turn.
func start(ctx context.Context, l *lab) error {
	used, err := os.MkdirTemp(l.dir, "used-")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var fresh, again, nothing times
	for i := range starts {
		dir, err := os.MkdirTemp(l.dir, "new-")
		if err != nil {
			return err
		}
		for _, c := range []struct {
			to   *times
			args []string
		}{
			{&fresh, []string{l.binary, "up", "--data", dir, "--listen"}},
			{&again, []string{l.binary, "up", "--data", used, "--listen"}},
			{&nothing, []string{self, "nothing"}},
		} {
			d, err := firstAnswer(ctx, c.args)
			if err != nil {
				return err
			}
			if i > 0 { // the first is the warm-up
				*c.to = append(*c.to, d)
			}
		}
	}
	fmt.Printf("| start to first answer | median | p99 |\n|---|---|---|\n")
	for _, c := range []struct {
		name string
		times
	}{{"new folder", fresh}, {"used folder", again}, {"server that does nothing", nothing}} {
		fmt.Printf("| %s | %v | %v |\n", c.name, c.at(0.5).Round(100*time.Microsecond), c.at(0.99).Round(100*time.Microsecond))
	}
	return idle(ctx, l)
}

// firstAnswer starts a command on a free port and asks until it answers.
func firstAnswer(ctx context.Context, args []string) (time.Duration, error) {
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], address)...)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer cmd.Wait()
	defer cmd.Process.Signal(os.Interrupt)
	for time.Since(begin) < 10*time.Second {
		res, err := http.Get("http://" + address + "/")
		if err == nil {
			res.Body.Close()
			return time.Since(begin), nil
		}
		time.Sleep(200 * time.Microsecond)
	}
	return 0, fmt.Errorf("%s did not answer", args[0])
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// idle is what a runtime takes that has nothing to do.
func idle(ctx context.Context, l *lab) error {
	s, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	time.Sleep(2 * time.Second)
	rss, err := s.resident()
	if err != nil {
		return err
	}
	mapped, err := s.mapped()
	if err != nil {
		return err
	}
	info, err := os.Stat(l.binary)
	if err != nil {
		return err
	}
	fmt.Printf("\nidle memory: %d MiB of its own, and %d MiB of the binary mapped; binary %d MiB, stripped\n", rss, mapped, info.Size()>>20)
	return nil
}
