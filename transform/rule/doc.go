// Package rule turns documents into JSON by rules that customers write.
//
// A rule is a JSON document. Its core is a map: the key is a path in the output,
// the value a jq expression over the record that was read.
//
//	{
//	  "id": "orders",
//	  "version": 3,
//	  "description": "the shop's orders, one JSON line each",
//	  "input": {"each": "orders/order", "forceList": ["item"]},
//	  "map": {
//	    "id":            ".[\"@id\"]",
//	    "day":           "$head.orders[\"@day\"]",
//	    "customer.name": ".customer.name",
//	    "total":         ".item | map(.price | tonumber) | add",
//	    "currency":      ".total[\"@currency\"]"
//	  },
//	  "constants": {"source": "shop"},
//	  "defaults": {"currency": "EUR"},
//	  "required": ["id", "total"],
//	  "output": {"format": "ndjson"},
//	  "onError": "quarantine",
//	  "cases": [{
//	    "name": "one pen",
//	    "input": "<orders day='1'><order id='7'><item><price>1.5</price></item></order></orders>",
//	    "output": [{"id": "7", "day": "1", "customer": {"name": null}, "total": 1.5, "currency": "EUR", "source": "shop"}]
//	  }]
//	}
//
// The text is read strictly: a member that there is not, or that is there twice,
// is a Problem, as is whatever else is wrong; Parse tells all of them, each with
// its line and column.
//
// # Identity
//
//   - id is 1 to 64 of a-z 0-9 . _ - and begins with a letter or a digit.
//   - version is a whole number. Who keeps rules sets it.
//   - description is for people.
//
// # input: what is read
//
//   - format is xml (default), csv, json or ndjson.
//   - charset is the encoding of a document that does not say it itself, by its
//     name on the web: windows-1252, utf-16le.
//   - each makes a document of XML or JSON one of records, of which only one is
//     held at a time: the path of the repeated element (orders/order), or of the
//     array ("" for an array that is the document). Of csv and ndjson each line is
//     a record. Without either the document is one record.
//   - namespaces, of XML: keep (default) leaves names as they are written, strip
//     takes prefixes away, and {"uri": "prefix"} writes prefixes of its own.
//   - forceList, of XML: elements that are a list even if there is one of them,
//     by name (item) or by path (order/items/item).
//   - separator and columns, of CSV: auto (default), comma, semicolon, tab or
//     pipe, and the columns that must be there.
//   - schema is a JSON Schema that each record must keep. All texts of XML and all
//     fields of CSV are strings in it.
//   - limits has depth, of values within each other (256), and size, in bytes of
//     a record, and of what is made of it (268435456).
//
// XML becomes a dictionary as package xml describes. A record of an XML document
// is the value of its element, not wrapped in its name.
//
// # map, constants, defaults, required: what is made of it
//
// An output path is keys separated by dots, and makes objects within objects. A
// key that has a dot or a double quote in it, or is empty, stands in double
// quotes, as in JSON: customer."first.name". Keys are written in the order of the
// rule: those of map, then constants, then defaults that nothing else sets. No
// path may be set twice, nor lie within another that is set.
//
// An expression is jq (as gojq has it). Its input is the record; $head is what
// stood before the first record of XML, as the dictionary of the document so far,
// and null elsewhere. It gives one value. None leaves the key out, as does an
// object of which all keys are left out; more than one is a failure. null is
// written as null. A default takes the place of null, and of none.
// An expression sees no environment, no files and no modules, and writes nothing
// but its value. There is a minute for all keys of a record (5 seconds in a case),
// so that what has no end does not run for ever: of a record that takes longer the
// whole document is rejected.
//
// tonumber keeps whole numbers as they are, and makes 64-bit floats of others, as
// all arithmetic of jq does; an amount that must stay as it is stays a text.
//
// A constant is any JSON, written as it stands. A required path must lead to
// something else than null in the end; it may lead into a value.
//
// Without a map the output is the dictionary itself, and constants and defaults
// are problems; schemas and required go with it.
//
// # output: what is written
//
//   - format is json (default), which is an array if the document has records;
//     ndjson, a line a record; or dynamodb, a line of DynamoDB JSON a record, as
//     its import from S3 takes. Of the last a record must be an object.
//   - schema is a JSON Schema that each record must keep as it is written.
//
// A JSON Schema is of draft 2020-12 if it does not say otherwise; formats are
// asserted, numbers compared exactly, and nothing is loaded from elsewhere: $ref
// stays within the schema.
//
// # onError: what becomes of a record that fails
//
// A record fails that cannot be read, that does not keep a schema, for which an
// expression fails, that lacks a required key, or that cannot be an item. With
// reject (default) one is the end of the whole document; its failures and those
// of the records after it are told, up to 50. With quarantine the record is left
// out, with its failures, and the next is taken. It goes with records only. A
// document that is not well-formed is always rejected as a whole.
//
// # cases: how a rule is tested
//
// A case has a name, an input (inputBase64 for what is not UTF-8, inputFile for a
// file beside the rule), and what is to come: an output (outputFile), which is an
// array where several are written; or an error, some part of the text of a
// failure. quarantined is how many records are left out. Outputs are compared as
// values: 1.0 is 1, and the order of keys does not count.
//
// # What it costs
//
// A plain path (.order.items[0], .["@id"]) is followed in the decoded document
// and written as it is, without jq. Of other expressions jq is given the plain
// paths that they begin with, and nothing else of the record: .total | tonumber
// costs the same whatever stands beside total. Only an expression that is about
// the record as a whole (keys, map(...), del(.a), if without else) needs it all
// made into plain values, once for all such. The result is the same each way.
package rule
