package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/runnel/runnel/transform/rule"
)

const transformMore = `
Without --rule the result is the dictionary of each document, in the convention
of Python's xmltodict. A rule says itself how its input is read and what comes
out, so the flags for that go without --rule alone.

What is wrong with a file is printed on standard error, a failure a line, with
its line and column, and the exit code is 1. A file that is taken as a whole
prints nothing then. One that is read record by record (CSV, NDJSON, a rule with
"each", or --each) may have printed records before the failure was met:
take its output for good only if the exit code is 0. The files after a rejected
one are still checked, and print nothing.
`

func transformFiles(ctx context.Context, c *call) error {
	// A filter waits for its input and leaves nothing behind: signals end it.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	load := c.rule()
	quarantine := c.file("quarantine", "`file` for the records that the rule leaves out, with the reasons, as NDJSON (default: the reasons on standard error)")
	files, err := c.parse(0, maxArgs)
	if err != nil {
		return err
	}
	r, err := load()
	if err != nil {
		return err
	}
	f := &filter{rule: r, out: c.stdout, stderr: c.stderr}
	if *quarantine == "" {
		return f.run(ctx, files)
	}
	leftOut, err := os.Create(*quarantine)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(leftOut)
	f.leftOut = json.NewEncoder(w)
	f.leftOut.SetEscapeHTML(false)
	return errors.Join(f.run(ctx, files), w.Flush(), leftOut.Close())
}

// maxArgs is more than a command line can hold.
const maxArgs = 1 << 30

// rule adds the flags that say what is made of a document, and returns the rule
// that they name, or make, once they are parsed.
func (c *call) rule() func() (*rule.Rule, error) {
	file := c.file("rule", "`file` with the rule")
	var own struct {
		Input struct {
			Format     string   `json:"format,omitempty"`
			Each       *string  `json:"each,omitempty"` // of a JSON array that is the document: ""
			Namespaces string   `json:"namespaces,omitempty"`
			ForceList  []string `json:"forceList,omitempty"`
		} `json:"input"`
		Output struct {
			Format string `json:"format,omitempty"`
		} `json:"output"`
	}
	c.flags.StringVar(&own.Input.Format, "input-format", "", "`format` of the input: xml (the default), csv, json or ndjson")
	c.flags.StringVar(&own.Output.Format, "output-format", "", "`format` of the output: json (the default), ndjson or dynamodb")
	c.flags.Func("each", "`path` of the repeated element to take one at a time, such as orders/order", func(path string) error {
		own.Input.Each = &path
		return nil
	})
	c.flags.StringVar(&own.Input.Namespaces, "namespaces", "", "keep (the default) or strip the `prefixes` of names")
	c.flags.Func("force-list", "`name` or path of an element that is always a list; may be given again", func(name string) error {
		own.Input.ForceList = append(own.Input.ForceList, name)
		return nil
	})
	return func() (*rule.Rule, error) {
		if *file != "" {
			return c.ruleOfFile(*file)
		}
		document, err := json.Marshal(own)
		if err != nil {
			return nil, err
		}
		r, err := rule.Parse(document)
		if problems := (rule.Problems)(nil); errors.As(err, &problems) {
			return nil, usageError("transform: " + keyed(problems[0].Key, 0) + problems[0].Reason)
		}
		return r, err
	}
}

// file adds a flag that names a file, "" without the flag.
func (c *call) file(name, usage string) *string {
	file := new(string)
	c.flags.Func(name, usage, func(s string) error {
		if s == "" { // a variable of the shell that is not set
			return errors.New("want the name of a file")
		}
		*file = s
		return nil
	})
	return file
}

// ruleOfFile is the rule in a file, which says all that the other flags could.
func (c *call) ruleOfFile(file string) (*rule.Rule, error) {
	var said string
	c.flags.Visit(func(f *flag.Flag) {
		if f.Name != "rule" && f.Name != "quarantine" {
			said = f.Name
		}
	})
	if said != "" {
		return nil, usageError("transform: --" + said + " goes without --rule: the rule says it")
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r, err := rule.Parse(document)
	return r, complain(c.stderr, file, err)
}

// filter runs a rule over files.
type filter struct {
	rule        *rule.Rule
	out, stderr io.Writer
	leftOut     *json.Encoder // nil to say on stderr what was left out, and why
}

// leftOut is a line of the file of the records that were left out.
type leftOut struct {
	File string `json:"file"`
	rule.Quarantined
}

// run writes the results of the files, one after another, up to the first that
// is rejected; the others are checked.
func (f *filter) run(ctx context.Context, files []string) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	var rejected []string
	for _, file := range files {
		err := f.file(ctx, file)
		if errors.As(err, new(*rule.Rejected)) {
			rejected = append(rejected, display(file))
			f.out = io.Discard
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", display(file), err)
		}
	}
	switch len(rejected) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s was rejected", rejected[0])
	}
	return fmt.Errorf("%d of %d files were rejected", len(rejected), len(files))
}

// display is the name of a file in messages.
func display(file string) string {
	if file == "-" {
		return "<stdin>"
	}
	return file
}

// file writes the result of one file. What a rejected one has in the buffer is
// dropped.
func (f *filter) file(ctx context.Context, name string) error {
	in := os.Stdin
	if name != "-" {
		var err error
		if in, err = os.Open(name); err != nil {
			return err
		}
		defer in.Close()
	}
	out := &lines{w: bufio.NewWriterSize(f.out, 64<<10)}
	done, err := f.rule.Run(ctx, in, out, rule.Options{Quarantine: func(q rule.Quarantined) error { return f.leave(display(name), q) }})
	if rejected := (*rule.Rejected)(nil); errors.As(err, &rejected) {
		printFailures(f.stderr, display(name), rejected.Failures)
	}
	if err == nil {
		err = out.close()
	}
	if err == nil && f.out != io.Discard {
		fmt.Fprintf(f.stderr, "%s: %s\n", display(name), summary(done))
	}
	return err
}

// leave takes a record that the rule leaves out.
func (f *filter) leave(file string, q rule.Quarantined) error {
	if f.leftOut != nil {
		return f.leftOut.Encode(leftOut{file, q})
	}
	printFailures(f.stderr, file, q.Failures)
	return nil
}

func summary(s rule.Summary) string {
	text := count(s.Records, "record")
	if s.Quarantined > 0 {
		text += fmt.Sprintf(", %d left out", s.Quarantined)
	}
	return text
}

// lines is an output that ends with a line's end, so that the results of
// several files stand apart.
type lines struct {
	w    *bufio.Writer
	last byte
}

func (l *lines) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.last = p[len(p)-1]
	}
	return l.w.Write(p)
}

func (l *lines) close() error {
	if l.last != 0 && l.last != '\n' {
		l.w.WriteByte('\n') // its error stays, for Flush
	}
	return l.w.Flush()
}
