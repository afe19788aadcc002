package xml

// AppendJSON appends the value as JSON, keys in the order of the document.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.Kind() {
	case Null:
		return append(b, "null"...)
	case Text:
		if v.what == ofDeclaration {
			return appendString(b, []byte(v.d.declared[v.i].uri))
		}
		return appendString(b, v.d.bytes(v.span()))
	}
	switch v.what {
	case ofList:
		return v.d.appendList(b, v.i)
	case ofDeclarations:
		return v.d.appendDeclarations(b, v.i)
	}
	return v.d.appendElement(b, v.i)
}

func (d *document) appendElement(b []byte, i uint32) []byte {
	e := &d.elements[i]
	if e.plain() {
		if e.text.empty() {
			return append(b, "null"...)
		}
		return appendString(b, d.bytes(e.text))
	}
	keys := d.names.keys
	b = append(b, '{')
	for i := e.attr; i < e.attr+e.attrs; i++ {
		a := &d.attrs[i]
		b = append(b, keys[a.key].json...)
		if a.namespaces {
			b = d.appendDeclarations(b, i)
		} else {
			b = appendString(b, d.bytes(a.value))
		}
		b = append(b, ',')
	}
	for i := e.first; i != 0; i = d.elements[i].next {
		child := &d.elements[i]
		b = append(b, keys[child.key].json...)
		if child.isList() {
			b = d.appendList(b, i)
		} else {
			b = d.appendElement(b, i)
		}
		b = append(b, ',')
	}
	if !e.text.empty() {
		b = append(b, `"#text":`...)
		b = append(appendString(b, d.bytes(e.text)), ',')
	}
	b[len(b)-1] = '}'
	return b
}

func (d *document) appendList(b []byte, head uint32) []byte {
	b = append(b, '[')
	for i := head; i != 0; i = d.elements[i].same {
		b = append(d.appendElement(b, i), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func (d *document) appendDeclarations(b []byte, attr uint32) []byte {
	b = append(b, '{')
	for _, n := range d.declaredAt(attr) {
		b = append(appendString(b, []byte(n.prefix)), ':')
		if n.none() {
			b = append(b, "null"...)
		} else {
			b = appendString(b, []byte(n.uri))
		}
		b = append(b, ',')
	}
	b[len(b)-1] = '}'
	return b
}

// appendString appends text, which is UTF-8, as a JSON string.
func appendString(b, text []byte) []byte {
	b = append(b, '"')
	from := 0
	for i, c := range text {
		if class[c]&escapeByte != 0 {
			b = appendEscape(append(b, text[from:i]...), c)
			from = i + 1
		}
	}
	return append(append(b, text[from:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '"', '\\':
		return append(b, '\\', c)
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
