package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain makes this test binary the function that the tests run: a bootstrap
// file of one line names it, as it names the runnel binary in production.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "function" {
		serveFunction(os.Getenv("_HANDLER"))
		return
	}
	if len(os.Args) > 3 && os.Args[1] == "parent" {
		serveParent(os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

func serveFunction(handler string) {
	switch handler {
	case "exit-init":
		fmt.Println("cannot start")
		os.Exit(3)
	case "hang-init":
		time.Sleep(time.Hour) // with nothing else running, select {} is found to be a deadlock
	case "init-second":
		initSecond()
	}
	fmt.Fprintln(os.Stderr, "init of "+handler)
	lambda.Start(handlers[handler])
}

// initSecond fails the first time, which it remembers in the task root.
func initSecond() {
	if f, err := os.OpenFile("attempted", os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		f.Close()
		os.Exit(4)
	}
}

var handlers = map[string]any{
	"echo": func(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil },

	"init-second": func() (string, error) { return "second", nil },

	"exit": func(in struct{ Code int }) error { os.Exit(in.Code); return nil },

	"fail": func() error { return errors.New("no such row") },

	"panic": func() error { panic("at the disco") },

	"hang": func() error {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("hanging", os.Getpid())
		select {}
	},

	// hang-family hangs with a child that hangs too.
	"hang-family": func() error {
		child := exec.Command("sleep", "3600")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return err
		}
		fmt.Println("hanging", os.Getpid(), child.Process.Pid)
		select {}
	},

	"memory": func(in struct{ MB int }) (int, error) {
		var blocks [][]byte
		for range in.MB {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			blocks = append(blocks, b)
		}
		return len(blocks), nil
	},

	// memory-child has a child hold what it does not.
	"memory-child": func(in struct{ MB int }) error {
		child := exec.Command("tail", "/dev/zero")
		child.Stdout = os.Stdout
		return child.Run()
	},

	"large": func(in struct{ Size int }) (string, error) { return strings.Repeat("x", in.Size-2), nil },

	"print": func(in struct {
		Lines int
		Line  string
	}) error {
		for i := range in.Lines {
			out := os.Stdout
			if i%2 == 1 {
				out = os.Stderr
			}
			fmt.Fprintf(out, "%d %s\n", i, in.Line)
		}
		return nil
	},

	"garbage": func() error {
		junk := strings.Repeat("\x00\xff\xfe garbage \r", 1<<16)
		for range 8 {
			os.Stdout.WriteString(junk)
		}
		return nil
	},

	"env": func() ([]string, error) {
		wd, err := os.Getwd()
		return append(os.Environ(), "cwd="+wd), err
	},

	"context": func(ctx context.Context) (any, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, ok := ctx.Deadline()
		return map[string]any{
			"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "trace": os.Getenv("_X_AMZN_TRACE_ID"),
			"client": lc.ClientContext.Client.AppTitle, "identity": lc.Identity.CognitoIdentityID,
			"deadline": deadline.UnixMilli(), "ok": ok, "pid": os.Getpid(),
		}, nil
	},

	"tmp": func() (string, error) {
		f, err := os.CreateTemp("", "left")
		if err != nil {
			return "", err
		}
		return f.Name(), f.Close()
	},
}

// serveParent runs a function that hangs, says so, and waits to be killed.
func serveParent(dir, code string) {
	x, err := New(Config{Dir: dir, Self: []string{os.Args[0], "function"}, Logs: func(events []LogEvent) {
		for _, e := range events {
			fmt.Println(e.Line)
		}
	}})
	if err != nil {
		panic(err)
	}
	f := &Function{ARN: "arn", Handler: "hang-family", Runtime: "provided.al2023", Dir: code, Timeout: time.Hour}
	_, err = x.Invoke(context.Background(), f, Invocation{RequestID: "id", Payload: []byte("{}")})
	panic(err)
}
