package wire

import "github.com/runnel/runnel/wire/codec"

// parseForm reads the parameters of a query request, from the URL and the body.
func (c *call) parseForm() (*codec.Form, error) {
	if c.form != nil {
		return c.form, nil
	}
	f := &codec.Form{}
	if err := f.Parse(c.r.URL.RawQuery); err != nil {
		return nil, err
	}
	if c.r.Method == "POST" {
		doc, err := c.body()
		if err != nil {
			return nil, err
		}
		if err := f.Parse(string(doc)); err != nil {
			return nil, err
		}
	}
	c.form = f
	return f, nil
}
