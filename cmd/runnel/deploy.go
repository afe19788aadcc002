package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/deploy"
)

func deployTemplate(ctx context.Context, c *call) error {
	cfg, params := c.client(), c.parameters()
	stack := c.flags.String("stack", "", "`name` of the stack (default: the name of the template's folder)")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return deployFile(ctx, c.stdout, args[0], deploy.Options{AWS: cfg(), Stack: *stack, Parameters: params})
}

// deployFile deploys a template file and prints its stack's outputs.
func deployFile(ctx context.Context, w io.Writer, file string, o deploy.Options) error {
	t, err := deploy.ReadTemplate(file)
	if err != nil {
		return err
	}
	t.Builtin = builtin
	if o.Stack == "" {
		if o.Stack, err = stackName(file); err != nil {
			return err
		}
	}
	o.Progress = func(e types.StackEvent) { printEvent(w, e) }
	result, err := deploy.Deploy(ctx, t, o)
	if err != nil {
		return err
	}
	printResult(w, o.Stack, result)
	return nil
}

func deleteStack(ctx context.Context, c *call) error {
	cfg := c.client()
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return deploy.Delete(ctx, deploy.Options{AWS: cfg(), Stack: args[0], Progress: func(e types.StackEvent) { printEvent(c.stdout, e) }})
}

// parameters adds the flag -p KEY=VALUE.
func (c *call) parameters() map[string]string {
	params := make(map[string]string)
	c.flags.Func("p", "parameter of the template, as `KEY=VALUE`; may be given again", func(s string) error {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return fmt.Errorf("want KEY=VALUE")
		}
		params[k] = v
		return nil
	})
	return params
}

// stackName is the name of the template's folder, or of its file where that
// says more.
func stackName(file string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	name := strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
	if name == "template" || name == "packaged" {
		name = filepath.Base(filepath.Dir(abs))
	}
	name = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name), "-0123456789")
	if name == "" {
		return "", usageError("no stack name can be made of " + file + "; give --stack NAME")
	}
	return name, nil
}

func printEvent(w io.Writer, e types.StackEvent) {
	fmt.Fprintf(w, "  %-27s %-32s %s\n", e.ResourceStatus, aws.ToString(e.ResourceType), aws.ToString(e.LogicalResourceId))
	if reason := aws.ToString(e.ResourceStatusReason); strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
		fmt.Fprintf(w, "      %s\n", reason)
	}
}

func printResult(w io.Writer, stack string, r *deploy.Result) {
	if r.Unchanged {
		fmt.Fprintf(w, "stack %s is up to date\n", stack)
	} else {
		fmt.Fprintf(w, "stack %s is deployed\n", stack)
	}
	for _, o := range r.Outputs {
		fmt.Fprintf(w, "  %-20s %s\n", aws.ToString(o.OutputKey), aws.ToString(o.OutputValue))
	}
}

// functionsProgram is the folder, from the module's root, of the program that
// holds the pipelines' functions. It is linked into runnel.
const functionsProgram = "functions/bootstrap"

// modulePath is the module in which it is.
const modulePath = "github.com/runnel/runnel"

// builtin reports whether dir is the functions program from which this binary
// was built: the same module, and no source newer than the binary.
func builtin(dir string) bool {
	root, err := filepath.Abs(filepath.Join(dir, "..", ".."))
	if err != nil || filepath.Join(root, filepath.FromSlash(functionsProgram)) != absolute(dir) {
		return false
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module "+modulePath+"\n") {
		return false
	}
	return !newerThanSelf(filepath.Join(root, "functions"), filepath.Join(root, "transform"))
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// newerThanSelf reports whether a Go file below dirs is newer than this
// binary, as make would ask.
func newerThanSelf(dirs ...string) bool {
	self, err := os.Executable()
	if err != nil {
		return true
	}
	built, err := os.Stat(self)
	if err != nil {
		return true
	}
	newer := false
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			info, err := d.Info()
			newer = newer || err == nil && info.ModTime().After(built.ModTime())
			return err
		})
		if err != nil {
			return true
		}
	}
	return newer
}
