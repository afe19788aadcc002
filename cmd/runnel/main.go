// Command runnel runs event-driven data pipelines: the AWS APIs that they
// need, on this machine, durable.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// command is a subcommand.
type command struct {
	name  string // one word, or two: its group's and its own
	args  string // as the usage line shows them
	short string
	run   func(ctx context.Context, c *call) error
	more  string // what --help says besides
}

var commands = []command{
	{name: "demo", args: "[NAME...]", short: "run the pipelines' demonstrations in a temporary directory", run: demo},
	{name: "up", args: "[TEMPLATE...]", short: "serve the AWS APIs, and deploy templates", run: up},
	{name: "deploy", args: "TEMPLATE", short: "deploy a template to a running runtime", run: deployTemplate},
	{name: "delete", args: "STACK", short: "delete a stack", run: deleteStack},
	{name: "invoke", args: "FUNCTION", short: "invoke a function and print its answer", run: invoke},
	{name: "logs", args: "FUNCTION", short: "print what a function logged", run: logs},
	{name: "worker", args: "HANDLER", short: "run a pipeline's function as a long-running program, fed from a queue", run: work},
	{name: "transform", args: "[FILE...]", short: "turn files, or standard input, into JSON by a rule", run: transformFiles, more: transformMore},
	{name: "rule test", args: "FILE...", short: "run the cases of rules", run: testRules, more: testMore},
	{name: "rule lint", args: "FILE...", short: "say what is doubtful in rules", run: lintRules},
	{name: "rule bundle", args: "FILE", short: "print a rule with the files of its cases in it, as POST /rules takes it", run: bundleRule},
	{name: "version", short: "print the version", run: version},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs a command line and returns its exit code: 0 when it did what was
// asked, 1 when that failed, 2 when it cannot be understood.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || isHelp(args[0]) || len(args) > 1 && isGroup(args[0]) && isHelp(args[1]) {
		usage(stdout)
		return 0
	}
	if args[0] == "function" { // not for people: see functionProgram
		return functionProgram(ctx)
	}
	for _, cmd := range commands {
		if words := strings.Fields(cmd.name); slices.Equal(words, args[:min(len(words), len(args))]) {
			err := cmd.run(ctx, newCall(cmd, args[len(words):], stdout, stderr))
			return exitCode(err, stderr)
		}
	}
	fmt.Fprintf(stderr, "runnel: there is no command %q\n\n", unknown(args))
	usage(stderr)
	return 2
}

func isHelp(word string) bool { return word == "help" || word == "-h" || word == "--help" }

// isGroup reports whether a word begins commands of two words.
func isGroup(word string) bool {
	return slices.ContainsFunc(commands, func(cmd command) bool { return strings.HasPrefix(cmd.name, word+" ") })
}

// unknown is what of the arguments would be the name of a command.
func unknown(args []string) string {
	if isGroup(args[0]) {
		return strings.Join(args[:min(2, len(args))], " ")
	}
	return args[0]
}

func exitCode(err error, stderr io.Writer) int {
	var bad usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &bad):
		fmt.Fprintf(stderr, "runnel: %v\n", err)
		return 2
	default:
		fmt.Fprintf(stderr, "runnel: %v\n", err)
		return 1
	}
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Runnel runs event-driven data pipelines on this machine, behind the AWS APIs.\n\nUsage:\n")
	for _, cmd := range commands {
		fmt.Fprintf(w, "  runnel %-22s %s\n", cmd.name+" "+cmd.args, cmd.short)
	}
	fmt.Fprint(w, "\nrunnel COMMAND --help shows the flags of a command.\n")
}

// usageError is a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

// call is one call of a command.
type call struct {
	cmd            command
	args           []string
	flags          *flag.FlagSet
	stdout, stderr io.Writer
}

func newCall(cmd command, args []string, stdout, stderr io.Writer) *call {
	c := &call{cmd: cmd, args: args, stdout: stdout, stderr: stderr}
	c.flags = flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	c.flags.SetOutput(io.Discard)
	return c
}

// parse reads the flags, which may stand before, between and after the
// arguments, and returns the arguments: at least atLeast, at most atMost.
func (c *call) parse(atLeast, atMost int) ([]string, error) {
	var positional []string
	for rest := c.args; ; {
		if err := c.flags.Parse(rest); err != nil {
			return nil, c.refuse(err)
		}
		rest = c.flags.Args()
		if len(rest) == 0 {
			break
		}
		positional, rest = append(positional, rest[0]), rest[1:]
	}
	if len(positional) < atLeast || len(positional) > atMost {
		return nil, usageError("usage: runnel " + c.cmd.name + " [flags] " + c.cmd.args)
	}
	return positional, nil
}

func (c *call) refuse(err error) error {
	if !errors.Is(err, flag.ErrHelp) {
		return usageError(c.cmd.name + ": " + err.Error())
	}
	fmt.Fprintf(c.stdout, "Usage: runnel %s [flags] %s\n\n%s.\n%s", c.cmd.name, c.cmd.args, capitalised(c.cmd.short), c.cmd.more)
	var flags strings.Builder
	c.flags.SetOutput(&flags)
	c.flags.PrintDefaults()
	if flags.Len() > 0 {
		fmt.Fprintf(c.stdout, "\nFlags:\n%s", flags.String())
	}
	return err
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
