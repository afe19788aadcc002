// Package xml decodes XML into the dictionary that Python's xmltodict made
// usual: an element is an object, an attribute its key @name, its text #text; an
// element that is repeated is a list; one that has text alone is that text, and
// one that has nothing is null.
//
//	<order id="7"><item>tea</item><item>milk</item><note/></order>
//	{"order":{"@id":"7","item":["tea","milk"],"note":null}}
//
// # The dictionary
//
// It is that of xmltodict 0.13.0 (https://pypi.org/project/xmltodict/0.13.0/),
// value for value, with the keys of an object in the same order: attributes,
// elements by their first occurrence, #text. The text of an element is all of
// its own text put together, without the white space (of Unicode) around it.
// Comments and processing instructions are left out. Where the namespaces are
// mapped, the declarations that an element carries stand under @xmlns if it has
// attributes besides; if it has none, they stand at the next element that has (in
// a [Reader], of the same record).
//
// # What is refused
//
// A document is well-formed XML 1.0 of the fifth edition
// (https://www.w3.org/TR/2008/REC-xml-20081126/), and where namespaces are
// stripped or mapped well-formed by Namespaces in XML 1.0
// (https://www.w3.org/TR/2009/REC-xml-names-20091208/), or it is refused with the
// line and the column. So are these, which xmltodict lets pass:
//
//   - a document type declaration, whatever is in it: there are no entities but
//     the five of XML, and nothing is ever fetched;
//   - attributes whose names are the same once the namespaces are stripped or
//     mapped, for one would be lost;
//   - what exceeds [Limits].
//
// Bytes that say to be ISO-8859-1 are read as windows-1252, as the web does. A
// document that is UTF-16 is read as that whatever it declares, and half a
// surrogate pair in it becomes U+FFFD.
//
// # How it works
//
// One parser reads tokens from a window: the whole document for [Parse], a part
// that moves for a [Reader]. A token that the window cuts off is read again when
// there is more. The tree is arrays of small records without pointers that refer
// to the window by offsets, and to a buffer beside it for the text that does not
// stand in the document as it is meant (references, line ends). Elements of one
// name are linked as they come, so that nothing is sorted, searched or copied to
// write them as a list.
package xml
