// Package xmltransform holds the functions of the pipeline xml-transform:
//
//	convert  a file in one bucket becomes JSON in another, by a rule (handler xml-transform.convert)
//	api      files and rules over REST, and the page for people (handler xml-transform.api)
//
// Beside them are rules, the table of rules, and place, where a file's result and
// reports lie, which both use; and page, the page that the API serves.
package xmltransform
