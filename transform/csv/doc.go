// Package csv decodes comma-separated files whose first row names the columns.
//
// It reads what RFC 4180 describes, and what spreadsheets and devices write
// besides: semicolons, tabs or bars instead of commas, a UTF-8 byte order mark,
// LF or CRLF line ends, blank lines, a last line without an end, spaces around the
// names in the header. Text that is not UTF-8 goes through package charset first.
//
// It differs from encoding/csv in what happens when a row is bad. encoding/csv
// gives up the place where the next row begins: a stray quote swallows the file
// to the next quote, however far that is. Here a bad row costs one line. The
// Reader reports it as a *RowError and goes on with the line after it; a row is
// never longer than MaxRow bytes, so neither is what an unclosed quote can
// swallow or what the Reader holds in memory.
package csv
