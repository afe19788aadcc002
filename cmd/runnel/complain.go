package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/rule"
)

// complain prints what is wrong with the rule in a file, a problem a line, and
// returns an error that sums it up. Other errors it returns as they are.
func complain(w io.Writer, file string, err error) error {
	var problems rule.Problems
	if !errors.As(err, &problems) {
		return err
	}
	printProblems(w, file, problems)
	return fmt.Errorf("%s is not a rule that can be used", file)
}

// printProblems prints where in a rule's file what is, in the form that editors
// jump to.
func printProblems(w io.Writer, file string, problems rule.Problems) {
	for _, p := range problems {
		fmt.Fprintf(w, "%s%s%s\n", place(file, p.Position), keyed(p.Key, p.Offset), p.Reason)
	}
}

// printFailures is printProblems for what is wrong with a document.
func printFailures(w io.Writer, file string, failures []rule.Failure) {
	for _, f := range failures {
		at := place(file, f.Position)
		if f.Line == 0 && f.Record > 0 {
			at += fmt.Sprintf("record %d: ", f.Record)
		}
		at += keyed(f.Key, f.Offset)
		if f.Path != "" {
			at += f.Path + ": "
		}
		fmt.Fprintf(w, "%s%s\n", at, f.Reason)
	}
}

func place(file string, at transform.Position) string {
	if at.Line == 0 {
		return file + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", file, at.Line, at.Column)
}

// keyed is the key of a rule, and the character of its jq expression if there is
// one.
func keyed(key string, offset int) string {
	switch {
	case key == "":
		return ""
	case offset == 0:
		return key + ": "
	}
	return fmt.Sprintf("%s (jq at %d): ", key, offset)
}
