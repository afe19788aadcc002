// Package csvfile takes CSV files in a bucket apart into rows, whatever their
// size, and accounts for each of them: a row is taken by the [Sink], or it is in
// the report of bad rows beside the file, with its line and the reason.
//
// A file that takes longer than one invocation goes through several.
package csvfile
