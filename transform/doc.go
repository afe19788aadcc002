// Package transform is the heart of the pipelines: what turns the bytes of a
// stranger's file into records that can be trusted.
//
// The work has four steps, each usable alone and none aware of where its input
// comes from or where its output goes:
//
//	decode    bytes to raw records (packages xml, csv, record, charset)
//	map       raw fields to typed ones (ParseTime, Decimal), or as a rule says (package rule)
//	validate  refuse what the destination would refuse, with a reason a person can act on
//	encode    typed records to the destination's form (package record)
//
// Package rule joins them: a rule that a customer wrote, and a document in,
// JSON or the reasons against it out.
//
// Two rules hold in every step. A bad record is a value with a place and a
// reason, never the end of the stream: only input that is wrong as a whole
// (no header, a failing disk) stops it. And memory does not grow with the
// input: every decoder states the most it will hold.
//
// Nothing here knows of the runtime, or calls AWS. Of DynamoDB, package record
// knows how an item is written as JSON and what it may be.
package transform
