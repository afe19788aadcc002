package codec

// ScanJSON reads doc to its end and makes nothing of it.
func ScanJSON(doc string) error {
	d := newJSONScanner(doc)
	return d.skip()
}

// ScanCBOR reads one item from doc, which must have no more.
func ScanCBOR(doc []byte) error {
	d := cborScanner{s: string(doc)}
	if err := d.skip(); err != nil {
		return err
	}
	if d.i < len(d.s) {
		return d.syntax("bytes after the document")
	}
	return nil
}
