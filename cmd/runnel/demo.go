package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"golang.org/x/term"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/deploy"
	"github.com/runnel/runnel/pipelines"
	csvfanout "github.com/runnel/runnel/pipelines/csv-fanout"
	iotmessages "github.com/runnel/runnel/pipelines/iot-messages"
	xmltransform "github.com/runnel/runnel/pipelines/xml-transform"
)

// demos are the demonstrations, in the order in which they run.
var demos = []*pipelines.Demo{iotmessages.Demo, csvfanout.Demo, xmltransform.Demo}

// demoTime bounds one demonstration, so that what never arrives is a failure.
const demoTime = 2 * time.Minute

func demo(ctx context.Context, c *call) error {
	cfg := c.runtime()
	keep := c.flags.Bool("keep", false, "keep the data folder, and say where it is")
	names, err := c.parse(0, len(demos))
	if err != nil {
		return err
	}
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	if cfg.Data, err = os.MkdirTemp("", "runnel-demo-"); err != nil {
		return err
	}
	if *keep {
		fmt.Fprintln(c.stdout, "data in", cfg.Data)
	} else {
		defer os.RemoveAll(cfg.Data)
	}
	cfg.Listen = "127.0.0.1:0" // beside a runtime that serves already
	cfg.Logger = slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return serving(ctx, *cfg, func(ctx context.Context, r *runnel.Runtime) error {
		for _, d := range chosen {
			if err := runDemo(ctx, c.stdout, r.AWS(), d); err != nil {
				return fmt.Errorf("demo %s: %w", d.Name, err)
			}
		}
		return nil
	})
}

func choose(names []string) (chosen []*pipelines.Demo, err error) {
	if len(names) == 0 {
		return demos, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(demos, func(d *pipelines.Demo) bool { return d.Name == name })
		if i < 0 {
			var known []string
			for _, d := range demos {
				known = append(known, d.Name)
			}
			return nil, usageError(fmt.Sprintf("demo: there is no pipeline %q; there are %s", name, strings.Join(known, ", ")))
		}
		chosen = append(chosen, demos[i])
	}
	return chosen, nil
}

// runDemo deploys a pipeline, runs its demonstration, and prints its results.
func runDemo(ctx context.Context, w io.Writer, cfg aws.Config, d *pipelines.Demo) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoTime, fmt.Errorf("it took longer than %v", demoTime))
	defer cancel()
	fmt.Fprintf(w, "%s: %s\n", d.Name, d.About)
	p := &progress{w: w, terminal: isTerminal(w)}
	start := time.Now()
	resources := 0
	deployed, err := deploy.Deploy(ctx, &deploy.Template{Body: d.Template, Dir: d.Dir, Builtin: builtinInModule}, deploy.Options{
		AWS: cfg, Stack: d.Name,
		Progress: func(e types.StackEvent) {
			if e.ResourceStatus == types.ResourceStatusCreateComplete {
				resources++
				p.show("deploying", resources, 0)
			}
		},
	})
	p.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  %-42s %6d           %8s\n", "resources deployed", resources, rounded(time.Since(start)))
	return check(ctx, w, p, cfg, d, deployed)
}

// check runs the demonstration; results that differ from what was expected
// are its failure.
func check(ctx context.Context, w io.Writer, p *progress, cfg aws.Config, d *pipelines.Demo, deployed *deploy.Result) error {
	outputs := make(map[string]string)
	for _, o := range deployed.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	var wrong []string
	err := d.Run(ctx, &pipelines.Session{
		AWS: cfg, Outputs: outputs, Progress: p.show,
		Report: func(r pipelines.Result) {
			p.clear()
			fmt.Fprintf(w, "  %-42s %6d of %6d %8s  %s\n", r.What, r.Got, r.Expected, rounded(r.Took), r.Where)
			if r.Got != r.Expected {
				wrong = append(wrong, r.What)
			}
		},
	})
	p.clear()
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("not as expected: %s", strings.Join(wrong, "; "))
	}
	return err
}

func rounded(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(time.Millisecond).String()
}

// builtinInModule is builtin for templates that are in this binary: their
// folders are those of the module.
func builtinInModule(dir string) bool { return path.Clean(dir) == functionsProgram }

// progress shows one line, on a terminal alone.
type progress struct {
	w        io.Writer
	terminal bool
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *progress) show(step string, done, total int) {
	if !p.terminal {
		return
	}
	of := ""
	if total > 0 {
		of = fmt.Sprintf(" of %d", total)
	}
	fmt.Fprintf(p.w, "\r\x1b[K  %s: %d%s", step, done, of)
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
