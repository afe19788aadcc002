package s3

import "strconv"

// The members of the SDK's inputs and outputs are pointers.

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNil is nil for "".
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
