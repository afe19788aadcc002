package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/runnel/runnel/transform/rule"
)

const testMore = `
A rule's cases stand in its file: an input and the output, or the failure, that
it must give. Input and output may be files beside the rule.
`

// testRules prints what became of the cases of rules in the manner of go test.
func testRules(ctx context.Context, c *call) error {
	verbose := c.flags.Bool("v", false, "print the cases that pass, too")
	return c.eachRule("failed", func(file string) (bool, error) {
		r, err := rule.ParseFile(file)
		if problems := (rule.Problems)(nil); errors.As(err, &problems) {
			printProblems(c.stdout, file, problems)
			fmt.Fprintf(c.stdout, "FAIL  %s  [not a rule]\n", file)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return printCases(c.stdout, file, r.Test(ctx), *verbose), nil
	})
}

// printCases reports whether all passed.
func printCases(w io.Writer, file string, cases []rule.CaseResult, verbose bool) bool {
	failed := 0
	for _, result := range cases {
		switch {
		case result.Reason != "":
			failed++
			fmt.Fprintf(w, "--- FAIL: %s\n    %s\n", result.Name, strings.ReplaceAll(strings.TrimRight(result.Reason, "\n"), "\n", "\n    "))
		case verbose:
			fmt.Fprintf(w, "--- PASS: %s\n", result.Name)
		}
	}
	switch {
	case failed > 0:
		fmt.Fprintf(w, "FAIL  %s  %d of %s\n", file, failed, count(len(cases), "case"))
	case len(cases) == 0:
		fmt.Fprintf(w, "?     %s  [no cases]\n", file)
	default:
		fmt.Fprintf(w, "ok    %s  %s\n", file, count(len(cases), "case"))
	}
	return failed == 0
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// lintRules prints what is wrong or doubtful in rules.
func lintRules(_ context.Context, c *call) error {
	return c.eachRule("with doubts", func(file string) (bool, error) {
		r, err := rule.ParseFile(file)
		var found rule.Problems
		if err == nil {
			found = r.Lint()
		} else if !errors.As(err, &found) {
			return false, err
		}
		printProblems(c.stdout, file, found)
		return len(found) == 0, nil
	})
}

// eachRule does something with the file of each rule that the arguments name.
// The error counts those that were not good.
func (c *call) eachRule(what string, good func(file string) (bool, error)) error {
	files, err := c.parse(1, maxArgs)
	if err != nil {
		return err
	}
	bad := 0
	for _, file := range files {
		ok, err := good(file)
		if err != nil {
			return err
		}
		if !ok {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %s %s", c.cmd.name, bad, count(len(files), "rule"), what)
	}
	return nil
}

func bundleRule(_ context.Context, c *call) error {
	files, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	document, err := rule.Bundle(files[0])
	if err != nil {
		return complain(c.stderr, files[0], err)
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", strings.TrimRight(string(document), "\n"))
	return err
}
