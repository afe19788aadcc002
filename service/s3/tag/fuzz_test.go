package tag

import "testing"

func FuzzTagging(f *testing.F) {
	f.Add("a=1&b=2")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, header string) {
		tags, err := Parse(header)
		if err == nil && len(tags) > MaxObject {
			t.Errorf("%q: %d tags", header, len(tags))
		}
	})
}
