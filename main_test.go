package runnel_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/functions"
)

// TestMain lets the test binary be what a test starts as a process of its own:
// a function, and a runtime and a worker that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "function":
			fmt.Fprintln(os.Stderr, function())
			os.Exit(1)
		case "serve":
			if err := serve(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "work":
			if err := work(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// function is the program of a package whose bootstrap says "#!runnel": the
// pipelines' functions, and those that behave badly.
func function() error {
	if name, ok := strings.CutPrefix(os.Getenv("_HANDLER"), "test."); ok {
		handler, ok := behaviour[name]
		if !ok {
			handler = misbehaviour[name]
		}
		lambda.Start(handler)
	}
	return functions.Start(context.Background())
}

// behaviour is what functions do that tests need done.
var behaviour = map[string]any{
	"print": func(line string) { fmt.Println(strings.ReplaceAll(line, "\n", " ")) },
	"relay": relay,
}

// misbehaviour is what functions do that Lambda must live with.
var misbehaviour = map[string]any{
	"echo":  func(in map[string]any) (map[string]any, error) { return in, nil },
	"crash": func() error { os.Exit(3); return nil },
	"panic": func() error { panic("no such row") },
	"error": func() error { return fmt.Errorf("no such row") },
	"hang":  func() error { select {} },
	"large": func() (string, error) { return strings.Repeat("x", 7<<20), nil },
	"hungry": func() (int, error) {
		var held [][]byte
		for {
			b := make([]byte, 8<<20)
			for i := range b {
				b[i] = byte(i)
			}
			held = append(held, b)
			if len(held) > 1000 {
				return len(held), nil
			}
		}
	},
	"noise": func() (string, error) {
		fmt.Print("\x00\xff\xfe not text \x1b[31m\n", strings.Repeat("long ", 100_000), "\n")
		return "quiet", nil
	},
}

// serve runs a runtime on dir until it is interrupted, or killed. Its first
// line of output is its endpoint.
func serve(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := runnel.New(runnel.Config{
		Data: dir, Listen: "127.0.0.1:0",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	fmt.Println(r.Endpoint())
	if err := r.Run(ctx); err != nil {
		return err
	}
	return r.Close()
}

// Bounds of everything that a test waits for. Nothing here is a measurement:
// the machine may be slow and busy.
const (
	patience  = 3 * time.Minute // more than a retry of Lambda takes
	firstLook = 2 * time.Millisecond
	lastLook  = 100 * time.Millisecond
)

// eventually asks until done says yes, and fails the test if that never comes.
// It is for what has no call that waits.
func eventually(t testing.TB, what string, done func() (ok bool, state any)) {
	t.Helper()
	deadline, wait := time.Now().Add(patience), time.NewTimer(0)
	defer wait.Stop()
	for look := firstLook; ; look = min(lastLook, look*3/2) {
		<-wait.C
		ok, state := done()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v; last seen: %v", what, patience, state)
		}
		wait.Reset(look)
	}
}
