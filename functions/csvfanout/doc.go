// Package csvfanout is the function of the pipeline pipelines/csv-fanout: CSV
// files in a bucket become JSON on a queue.
//
//	CSVToJSON   an object in the bucket       -> a message per row, or per file
//	CSVToJSON   the rest of a large object    -> the same, in its own next invocation
//
// The event of an object comes as S3 sends it, in the envelope of an SNS topic, or
// with either in the messages of an SQS queue.
//
// Every delivery may come twice. Messages say which line of which version of which
// file they are of, so that a consumer can tell one that it has had.
//
// The function reads these variables of its environment:
//
//	QUEUE_URL   where the messages go
//	OUTPUT      rows (the default), or document: one message per file
//	SEPARATOR   auto (the default), comma, semicolon, tab or pipe
//	CHARSET     auto (the default: UTF-16 by its byte order mark, else UTF-8), or a
//	            name such as windows-1252
//	COLUMNS     columns that a file must have, separated by commas; none by default
package csvfanout
