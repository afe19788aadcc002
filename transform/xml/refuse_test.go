package xml_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform/xml"
)

// parse is the dictionary of a document as JSON, or the error.
func parse(data string, o *xml.Options) string {
	v, err := xml.Parse([]byte(data), o)
	if err != nil {
		return err.Error()
	}
	return string(v.AppendJSON(nil))
}

// read is the same, of a Reader that finds no record: all the document then stood
// before the first.
func read(r io.Reader, o *xml.Options) string {
	in, err := xml.NewReader(r, "no/such/record", o)
	if err != nil {
		return err.Error()
	}
	if _, err = in.Next(); err != io.EOF {
		return err.Error()
	}
	return string(in.Head().AppendJSON(nil))
}

var small = xml.Limits{Depth: 4, Name: 10, Attributes: 3}

func TestRefused(t *testing.T) {
	keep := &xml.Options{Limits: small}
	strip := &xml.Options{Limits: small, Namespaces: xml.Namespaces{Strip: true}}
	mapped := &xml.Options{Namespaces: xml.Namespaces{Map: map[string]string{"u": "", "v": "w"}}}
	for _, test := range []struct {
		name    string
		options *xml.Options
		in      string
		want    string
	}{
		{"nothing", keep, "", "line 1, column 1: the document is empty"},
		{"white space", keep, "\n ", "line 2, column 2: the document ends before its first element"},
		{"a comment alone", keep, "<!-- -->", "line 1, column 9: the document ends before its first element"},
		{"JSON", keep, `{"a":1}`, "line 1, column 1: text before the root element: is this XML?"},
		{"text after", keep, "<a/>\n x", "line 2, column 2: text after the root element"},
		{"text before", keep, "x<a/>", "line 1, column 1: text before the root element: is this XML?"},
		{"a reference outside", keep, "&#32;<a/>", "line 1, column 1: text before the root element: is this XML?"},
		{"CDATA outside", keep, "<a/><![CDATA[]]>", "line 1, column 5: a CDATA section outside the root element"},
		{"two roots", keep, "<a/>\n<b/>", "line 2, column 1: a second root element <b>: a document has one"},
		{"an end tag first", keep, "</a>", "line 1, column 1: an end tag without an element to close"},

		{"mixed-up tags", keep, "<r>\n<x/>\n    <a>\n<b></a></b></r>", "line 4, column 4: </a> closes <b> of line 4, column 1"},
		{"the wrong end", keep, "<r>\n  <a>\n é</b>", "line 3, column 3: </b> closes <a> of line 2, column 3"},
		{"an end that goes on", keep, "<a></ab>", "line 1, column 4: </ab> closes <a> of line 1, column 1"},
		{"an end that stops short", keep, "<ab></a>", "line 1, column 5: </a> closes <ab> of line 1, column 1"},
		{"an end by case", keep, "<a></A>", "line 1, column 4: </A> closes <a> of line 1, column 1"},
		{"an end without a name", keep, "<a></>", "line 1, column 6: found > instead of a name"},
		{"a space before the end's name", keep, "<a></ a>", "line 1, column 6: found a space instead of a name"},
		{"an end with an attribute", keep, "<a></a b>", "line 1, column 8: found b instead of >"},
		{"not closed", keep, "<a>\n <b>\n  <c/>\n", "line 4, column 1: the document ends: <b> of line 2, column 2 is not closed"},
		{"cut off in text", keep, "<a>te", "line 1, column 6: the document ends: <a> of line 1, column 1 is not closed"},
		{"cut off in a tag", keep, "<a><bc d='1'", "line 1, column 13: the document ends within the tag <bc>: <a> of line 1, column 1 is not closed"},
		{"cut off in a name", keep, "<a><b", "line 1, column 6: the document ends within a tag: <a> of line 1, column 1 is not closed"},
		{"cut off after <", keep, "<a><", "line 1, column 5: the document ends within a tag: <a> of line 1, column 1 is not closed"},
		{"cut off after /", keep, "<a/", "line 1, column 4: the document ends within the tag <a>"},
		{"cut off in a value", keep, "<a b='1", "line 1, column 8: the document ends within the value of an attribute"},
		{"cut off before =", keep, "<a b ", "line 1, column 6: the document ends within the tag <a>"},
		{"cut off after =", keep, "<a b= ", "line 1, column 7: the document ends within the tag <a>"},
		{"cut off in an end tag", keep, "<a></a", "line 1, column 7: the document ends within a tag: <a> of line 1, column 1 is not closed"},
		{"cut off before >", keep, "<a></a ", "line 1, column 8: the document ends within an end tag: <a> of line 1, column 1 is not closed"},
		{"cut off in a comment", keep, "<a><!-- x --", "line 1, column 13: the document ends within a comment: <a> of line 1, column 1 is not closed"},
		{"cut off in <!", keep, "<a><!-", "line 1, column 7: the document ends within a tag: <a> of line 1, column 1 is not closed"},
		{"cut off in CDATA", keep, "<a><![CDATA[x]]", "line 1, column 16: the document ends within a CDATA section: <a> of line 1, column 1 is not closed"},
		{"cut off in an instruction", keep, "<a><?x y?", "line 1, column 10: the document ends within a processing instruction: <a> of line 1, column 1 is not closed"},
		{"cut off in a reference", keep, "<a>&am", "line 1, column 7: the document ends within a reference: <a> of line 1, column 1 is not closed"},
		{"cut off in a number", keep, "<a>&#1", "line 1, column 7: the document ends within a reference: <a> of line 1, column 1 is not closed"},

		{"a bare <", keep, "<a>1 < 2</a>", "line 1, column 7: found a space instead of a name: the character < is written &lt;"},
		{"a digit first", keep, "<1/>", "line 1, column 2: found 1 instead of a name"},
		{"a sign in a name", keep, "<a×/>", "line 1, column 3: × cannot be in a name"},
		{"a combining mark first", keep, "<\u0301a/>", "line 1, column 2: found \u0301 instead of a name"},
		{"a slash apart", keep, "<a / >", "line 1, column 5: found a space instead of > after /"},
		{"an attribute without value", keep, "<a b>", "line 1, column 5: found > instead of = and a value for the attribute b"},
		{"an attribute without quotes", keep, "<a b=1>", "line 1, column 6: found 1 instead of a value in quotes for the attribute b"},
		{"attributes without a space", keep, "<a b='1'c='2'/>", "line 1, column 9: found c instead of a space, / or >"},
		{"an attribute twice", keep, "<a b='1'\n b='2'/>", "line 2, column 2: the attribute b is there twice"},
		{"< in a value", keep, "<a b='<'/>", "line 1, column 7: < in the value of an attribute: write &lt;, or close the quote before"},
		{"a quote left out", keep, "<a b='1>\n<c d='2'/>", "line 2, column 1: < in the value of an attribute: write &lt;, or close the quote before"},

		{"&", keep, "<a>R & D</a>", "line 1, column 6: & begins a reference: write &amp; for the character"},
		{"& in a link", keep, "<a b='?x=1&y=2'/>", "line 1, column 11: & begins a reference: write &amp; for the character"},
		{"&;", keep, "<a>&;</a>", "line 1, column 4: & begins a reference: write &amp; for the character"},
		{"an unknown entity", keep, "<a>\n&nbsp;</a>", "line 2, column 1: the entity &nbsp; is not known: there are &lt; &gt; &amp; &quot; &apos; and numbers such as &#233; alone"},
		{"U+0000 by number", keep, "<a>&#0;</a>", "line 1, column 4: the reference &#0; is to no character that XML allows"},
		{"a surrogate by number", keep, "<a>&#xD800;</a>", "line 1, column 4: the reference &#xD800; is to no character that XML allows"},
		{"U+FFFE by number", keep, "<a b='&#xFFFE;'/>", "line 1, column 7: the reference &#xFFFE; is to no character that XML allows"},
		{"a number too large", keep, "<a>&#x110000;</a>", "line 1, column 4: the reference &#x110000; is to no character that XML allows"},
		{"a number much too large", keep, "<a>&#99999999999999999999;</a>", "line 1, column 4: the reference &#99999999999999999999; is to no character that XML allows"},
		{"a number without end", keep, "<a>&#" + strings.Repeat("0", 200) + "65;</a>", "line 1, column 4: a reference by number that is not one: write &#233; or &#xE9;"},
		{"no number", keep, "<a>&#;</a>", "line 1, column 4: a reference by number that is not one: write &#233; or &#xE9;"},
		{"X for x", keep, "<a>&#X41;</a>", "line 1, column 4: a reference by number that is not one: write &#233; or &#xE9;"},

		{"]]>", keep, "<a>]]]></a>", "line 1, column 5: ]]> in text: write ]]&gt;"},
		{"]]> after a reference", keep, "<a>&lt;]]></a>", "line 1, column 8: ]]> in text: write ]]&gt;"},
		{"-- in a comment", keep, "<a><!-- a -- b --></a>", "line 1, column 11: -- within a comment"},
		{"--->", keep, "<a><!-- a ---></a>", "line 1, column 11: -- within a comment"},
		{"<!", keep, "<a><!ELEMENT a></a>", "line 1, column 4: <! begins neither a comment (<!--) nor a CDATA section (<![CDATA[)"},

		{"control character", keep, "<a>\x01</a>", "line 1, column 4: the character U+0001 is not allowed in XML"},
		{"NUL after a reference", keep, "<a>&lt;\x00</a>", "line 1, column 8: the character U+0000 is not allowed in XML"},
		{"form feed in a value", keep, "<a b='\f'/>", "line 1, column 7: the character U+000C is not allowed in XML"},
		{"form feed in a comment", keep, "<!--\f--><a/>", "line 1, column 5: the character U+000C is not allowed in XML"},
		{"form feed in CDATA", keep, "<a><![CDATA[\f]]></a>", "line 1, column 13: the character U+000C is not allowed in XML"},
		{"form feed in an instruction", keep, "<?b \f?><a/>", "line 1, column 5: the character U+000C is not allowed in XML"},
		{"form feed in a tag", keep, "<a\fb='1'/>", "line 1, column 3: found U+000C instead of a space, / or >"},
		{"U+FFFE", keep, "<a>\uFFFD\uFFFE</a>", "line 1, column 5: the character U+FFFE is not allowed in XML"},
		{"U+FFFF in a value", keep, "<a b='\uFEFF&lt;\uFFFF'/>", "line 1, column 12: the character U+FFFF is not allowed in XML"},
		{"U+FFFF in a comment", keep, "<!--\uFFFF--><a/>", "line 1, column 5: the character U+FFFF is not allowed in XML"},
		{"Latin-1", keep, "<a>\n gr\xf6\xdfe</a>", "line 2, column 4: the byte 0xF6 is not UTF-8; a document in another encoding says so in its first line"},
		{"half a character at the end", keep, "<a>\xe2\x82", "line 1, column 4: the byte 0xE2 is not UTF-8; a document in another encoding says so in its first line"},
		{"a surrogate as UTF-8", keep, "<a>\xed\xa0\x80</a>", "line 1, column 4: the byte 0xED is not UTF-8; a document in another encoding says so in its first line"},
		{"an overlong /", keep, "<a>\xc0\xaf</a>", "line 1, column 4: the byte 0xC0 is not UTF-8; a document in another encoding says so in its first line"},
		{"what is wrong before the bytes is told", keep, "<a><b></a>\xff", "line 1, column 7: </a> closes <b> of line 1, column 4"},

		{"a declaration late", keep, "\n<?xml version='1.0'?><a/>", "line 2, column 1: an XML declaration that is not the very beginning of the document"},
		{"a declaration twice", keep, "<?xml version='1.0'?><?xml version='1.0'?><a/>", "line 1, column 22: an XML declaration that is not the very beginning of the document"},
		{"a declaration without version", keep, "<?xml encoding='UTF-8'?><a/>", "line 1, column 7: an XML declaration has encoding where it cannot be: its order is version encoding standalone"},
		{"an empty declaration", keep, "<?xml ?><a/>", `line 1, column 7: an XML declaration without version="1.0"`},
		{"a declaration in disorder", keep, "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", "line 1, column 37: an XML declaration has encoding where it cannot be: its order is version encoding standalone"},
		{"version 2", keep, "<?xml version='2.0'?><a/>", `line 1, column 7: an XML declaration cannot have version "2.0"`},
		{"standalone maybe", keep, "<?xml version='1.0' standalone='maybe'?><a/>", `line 1, column 21: an XML declaration cannot have standalone "maybe"`},
		{"a declaration of more", keep, "<?xml version='1.0' author='me'?><a/>", `line 1, column 21: an XML declaration reads <?xml version="1.0" encoding="UTF-8"?>`},
		{"a declaration without spaces", keep, "<?xml version='1.0'encoding='UTF-8'?><a/>", `line 1, column 20: an XML declaration reads <?xml version="1.0" encoding="UTF-8"?>`},
		{"an instruction XML", keep, "<?XML version='1.0'?><a/>", "line 1, column 3: a processing instruction cannot be named XML"},
		{"an instruction without a name", keep, "<? a?><a/>", "line 1, column 3: found a space instead of a name"},
		{"an instruction with a sign", keep, "<?a+b?><a/>", "line 1, column 4: found + instead of a space or ?>"},
		{"an instruction with ? in its name", keep, "<?a?b?><a/>", "line 1, column 4: found ? instead of a space or ?>"},

		{"a document type", keep, "<!DOCTYPE a><a/>", "line 1, column 1: " + doctype},
		{"billions of laughs", keep, "<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol1 '&lol;&lol;'>]><a>&lol1;</a>", "line 2, column 1: " + doctype},
		{"an external entity", keep, "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "line 1, column 1: " + doctype},
		{"a document type within", keep, "<a><!DOCTYPE a></a>", "line 1, column 4: " + doctype},

		{"too deep", keep, "<a><a><a><a>\n<b/></a></a></a></a>", "line 2, column 1: more than 4 elements within each other"},
		{"a long name", keep, "<a><abcdefghijk/></a>", "line 1, column 5: a name of more than 10 bytes"},
		{"a long name of an attribute", keep, "<a abcdefghijk='1'/>", "line 1, column 4: a name of more than 10 bytes"},
		{"a long name without end", keep, "<a" + strings.Repeat("a", 1000), "line 1, column 2: a name of more than 10 bytes"},
		{"a long name of an end", keep, "<a></a" + strings.Repeat("a", 1000), "line 1, column 6: a name of more than 10 bytes"},
		{"a long name of an end that ends", keep, "<a></abcdefghijk>", "line 1, column 6: a name of more than 10 bytes"},
		{"a long entity that ends", keep, "<a>&abcdefghijklmnop;</a>", "line 1, column 4: & begins a reference: write &amp; for the character"},
		{"a long name of an instruction", keep, "<?abcdefghijk?><a/>", "line 1, column 3: a name of more than 10 bytes"},
		{"a long entity", keep, "<a>&abcdefghijklmnop", "line 1, column 4: & begins a reference: write &amp; for the character"},
		{"many attributes", keep, "<a b='' c='' d=''\ne=''/>", "line 2, column 1: more than 3 attributes in one element"},

		{"an undeclared prefix", strip, "<a><b:c/></a>", `line 1, column 5: the prefix of b:c is not declared: there is no xmlns:b here; with namespaces kept ("keep") it need not be`},
		{"an undeclared prefix of an attribute", mapped, "<a b:c='1'/>", `line 1, column 4: the prefix of b:c is not declared: there is no xmlns:b here; with namespaces kept ("keep") it need not be`},
		{"a prefix out of scope", mapped, "<a><b xmlns:c='u'/><c:d/></a>", `line 1, column 21: the prefix of c:d is not declared: there is no xmlns:c here; with namespaces kept ("keep") it need not be`},
		{"two colons", mapped, "<a:b:c/>", `line 1, column 2: a:b:c is not a name: at most one colon, with a name on either side; with namespaces kept ("keep") it would be`},
		{"a colon first", strip, "<:a/>", `line 1, column 2: :a is not a name: at most one colon, with a name on either side; with namespaces kept ("keep") it would be`},
		{"a digit after the colon", strip, "<a:1/>", `line 1, column 2: a:1 is not a name: at most one colon, with a name on either side; with namespaces kept ("keep") it would be`},
		{"the prefix xmlns", mapped, "<xmlns:a/>", `line 1, column 2: the prefix of xmlns:a is not declared: there is no xmlns:xmlns here; with namespaces kept ("keep") it need not be`},
		{"a prefix for nothing", mapped, "<a xmlns:b=''/>", "line 1, column 4: a prefix cannot be declared for no namespace"},
		{"xml for another", mapped, "<a xmlns:xml='u'/>", "line 1, column 4: the prefix xml and the namespace http://www.w3.org/XML/1998/namespace belong to each other alone"},
		{"another for xml", mapped, "<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "line 1, column 4: the prefix xml and the namespace http://www.w3.org/XML/1998/namespace belong to each other alone"},
		{"xmlns declared", mapped, "<a xmlns:xmlns='u'/>", "line 1, column 4: the prefix xmlns cannot be declared"},
		{"a namespace with @", mapped, "<a xmlns='@u'/>", "line 1, column 4: a namespace that begins with @, as the keys of attributes do"},
		{"a long namespace", strip, "<a xmlns='abcdefghijk'/>", "line 1, column 4: a namespace of more than 10 bytes"},
		{"attributes that are the same stripped", strip, "<a xmlns:b='u'\n c='1' b:c='2'/>", "line 2, column 8: the attribute b:c has the same key @c as another of this element"},
		{"attributes that are the same mapped", mapped, "<a xmlns:b='u' c='1' b:c='2'/>", "line 1, column 22: the attribute b:c has the same key @c as another of this element"},
		{"attributes of one namespace", mapped, "<a xmlns:b='x' xmlns:c='x' b:d='1' c:d='2'/>", "line 1, column 36: the attribute c:d has the same key @x:d as another of this element"},
		{"an attribute that is as the declarations", mapped, "<a xmlns:b='u' b:xmlns='1'/>", "line 1, column 16: the attribute b:xmlns has the same key @xmlns as another of this element"},
		{"an instruction with a colon", strip, "<?a:b?><a/>", "line 1, column 3: a processing instruction cannot have a colon in its name"},
	} {
		if got := parse(test.in, test.options); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
		if got := read(iotest.OneByteReader(strings.NewReader(test.in)), test.options); got != test.want {
			t.Errorf("%s, byte by byte:\n got %s\nwant %s", test.name, got, test.want)
		}
		if got := read(iotest.DataErrReader(strings.NewReader(test.in)), test.options); got != test.want {
			t.Errorf("%s, with io.EOF at once:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

const doctype = "a document type declaration (DOCTYPE) is refused: it can define entities that exhaust memory or read files; remove it"

func TestSyntaxErrorIsTyped(t *testing.T) {
	_, err := xml.Parse([]byte("<a>\r\n\r<b></a>"), nil)
	var bad *xml.SyntaxError
	if !errors.As(err, &bad) || bad.Line != 3 || bad.Column != 4 {
		t.Errorf("got %#v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		options xml.Options
		want    string
	}{
		{"an unknown charset", xml.Options{Charset: "klingon"}, `xml: charset "klingon" is not known: want auto, utf-8, utf-16, windows-1252 or another label of the WHATWG encodings`},
		{"stripped and mapped", xml.Options{Namespaces: xml.Namespaces{Strip: true, Map: map[string]string{}}}, "xml: namespaces cannot be both stripped and mapped"},
		{"a prefix that is none", xml.Options{Namespaces: xml.Namespaces{Map: map[string]string{"u": "@a"}}}, `xml: namespace "u" is mapped to "@a", which is not a name`},
	} {
		if got := parse("<a/>", &test.options); got != test.want {
			t.Errorf("%s: got %s", test.name, got)
		}
		if got := read(strings.NewReader("<a/>"), &test.options); got != test.want {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
	if _, err := xml.NewReader(nil, "/", nil); err == nil {
		t.Error("no path is a path")
	}
}
