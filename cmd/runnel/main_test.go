package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program runnel, also where it starts
// itself as a function.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "function" {
		main()
	}
	testscript.Main(m, map[string]func(){"runnel": main})
}

// TestScripts runs the sessions in testdata/script. Beside the commands of
// testscript they have:
//
//	serving FILE   waits until "runnel up", whose output goes to FILE, is
//	               ready, and takes over the variables that it says to export
//	await CMD ...  runs a command until it succeeds
//	terminate      sends SIGTERM to the programs in the background
//
// and $MODULE, the module's root.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(t, "script"))
}

// TestAWSCLI runs the sessions in testdata/awscli with each version of the AWS
// CLI that is there. They have one more command, aws, and the conditions [v2] and
// [package], which says that "aws cloudformation package" reaches a runtime.
func TestAWSCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("the AWS CLI takes its time to start")
	}
	clis := findCLIs()
	for _, version := range []string{"1", "2"} {
		t.Run("v"+version, func(t *testing.T) {
			cli, ok := clis[version]
			if !ok {
				t.Skip("needs the AWS CLI of version " + version)
			}
			t.Parallel()
			p := scripts(t, "awscli")
			p.Cmds["aws"] = func(ts *testscript.TestScript, neg bool, args []string) {
				err := ts.Exec(cli.program, append([]string{"--endpoint-url", ts.Getenv("AWS_ENDPOINT_URL")}, args...)...)
				if (err != nil) != neg {
					ts.Fatalf("aws: %v", err)
				}
			}
			p.Condition = func(cond string) (bool, error) {
				switch cond {
				case "v2":
					return version == "2", nil
				case "package":
					return cli.readsEndpoint(), nil
				}
				return false, fmt.Errorf("no condition %q", cond)
			}
			testscript.Run(t, p)
		})
	}
}

func scripts(t *testing.T, dir string) testscript.Params {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir:                 filepath.Join("testdata", dir),
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serving": awaitServing, "await": await, "terminate": terminate,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("MODULE", root)
			e.Setenv("PYENV_ROOT", os.Getenv("PYENV_ROOT")) // where python3 comes from it
			e.Setenv("AWS_PAGER", "")
			e.Setenv("AWS_MAX_ATTEMPTS", "1") // the first answer is the one to judge
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
	}
}

// cli is an AWS CLI of this machine.
type cli struct {
	program      string
	major, minor int
}

// readsEndpoint reports whether it takes its endpoint from AWS_ENDPOINT_URL
// (AWS SDKs and Tools Reference Guide, service-specific endpoints).
func (c cli) readsEndpoint() bool {
	return c.major == 1 && c.minor >= 29 || c.major == 2 && c.minor >= 13
}

// findCLIs is the AWS CLI by its major version.
func findCLIs() map[string]cli {
	found := make(map[string]cli)
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		c := cli{program: filepath.Join(dir, "aws")}
		out, err := exec.Command(c.program, "--version").CombinedOutput()
		if err != nil {
			continue
		}
		if _, err := fmt.Sscanf(string(out), "aws-cli/%d.%d.", &c.major, &c.minor); err != nil {
			continue
		}
		if major := strconv.Itoa(c.major); found[major].program == "" {
			found[major] = c
		}
	}
	return found
}

// patience bounds everything that a script waits for.
const patience = 3 * time.Minute // more than a retry of Lambda takes

// eventually asks until done says yes.
func eventually(ts *testscript.TestScript, what string, done func() bool) {
	deadline := time.Now().Add(patience)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !done() {
		if time.Now().After(deadline) {
			ts.Fatalf("%s: not after %v", what, patience)
		}
		<-look.C
	}
}

var export = regexp.MustCompile(`(?m)^ready: export (.*)$`)

func awaitServing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serving FILE")
	}
	var ready []string
	eventually(ts, "ready", func() bool {
		out, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil {
			ready = export.FindStringSubmatch(string(bytes.TrimSpace(out)))
		}
		return ready != nil
	})
	for _, kv := range strings.Fields(ready[1]) {
		name, value, _ := strings.Cut(kv, "=")
		ts.Setenv(name, value)
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: await CMD ...")
	}
	eventually(ts, strings.Join(args, " "), func() bool { return ts.Exec(args[0], args[1:]...) == nil })
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
