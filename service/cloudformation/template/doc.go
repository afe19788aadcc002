// Package template reads CloudFormation templates and computes what they say.
//
// A template passes through four steps, none of which touches a resource:
//
//  1. [Parse] turns JSON or YAML, short forms included, into a plain tree of
//     maps, lists, strings, booleans and json.Numbers. Short forms become long
//     ones, so that nothing later knows which notation the author used.
//  2. [Load] checks that tree against the anatomy of a template and yields a
//     [Template]: sections, resources, outputs and their attributes.
//  3. [Template.Bind] checks parameter values, evaluates conditions and rules,
//     drops what a false condition excludes, and checks every reference. The
//     [Plan] that it returns has only resources that will exist.
//  4. [Plan.Eval] computes properties and outputs once the resources that they
//     refer to have physical ids and attributes.
//
// Every error is an [Error], worded as CloudFormation words its ValidationError
// where that wording is known. The anatomy, the functions and the limits follow the "Working
// with templates" and "Intrinsic function reference" chapters of the
// CloudFormation guide.
//
// YAML follows version 1.1 as CloudFormation reads it: yes, no, on and off are
// booleans; dates and numbers with a leading zero stay strings; aliases, hash
// merges, and the binary, omap, pairs, set and timestamp tags are refused.
package template

import "fmt"

// Error is what CloudFormation answers with as a ValidationError.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// formatError is about the anatomy of the template.
func formatError(format string, args ...any) *Error {
	return &Error{"Template format error: " + fmt.Sprintf(format, args...)}
}

// functionError is about the use of an intrinsic function.
func functionError(format string, args ...any) *Error {
	return &Error{"Template error: " + fmt.Sprintf(format, args...)}
}
