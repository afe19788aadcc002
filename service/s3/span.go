package s3

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/runnel/runnel/service/s3/fault"
)

// span is a part of a body: n bytes from off on.
type span struct{ off, n int64 }

// contentRange is the header that says which part of a body an answer holds.
func (r span) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.off, r.off+r.n-1, size)
}

// parseRange reads a Range header (RFC 9110, section 14.1.2) for a body of size
// bytes. A header that is not one range of bytes is passed over (ok is false),
// one that the body has nothing of is InvalidRange.
func parseRange(header string, size int64) (r span, ok bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !dash || first == "" && last == "" {
		return span{}, false, nil
	}
	from, okFrom := digits(first)
	to, okTo := digits(last)
	switch {
	case !okFrom || !okTo, first != "" && last != "" && to < from:
		return span{}, false, nil
	case first == "": // the last bytes
		from = max(0, size-to)
		to = size - 1
	case last == "" || to >= size:
		to = size - 1
	}
	if from > to {
		return span{}, false, invalidRange(header, size)
	}
	return span{from, to - from + 1}, true, nil
}

// digits reads a number; nothing is 0. What does not fit is as good as the
// largest.
func digits(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		n = 1<<63 - 1
	}
	return n, true
}

func invalidRange(header string, size int64) error {
	return fault.New("InvalidRange", "The requested range is not satisfiable",
		"RangeRequested", header, "ActualObjectSize", strconv.FormatInt(size, 10))
}

// partSpan is the span of part number n, as the client numbered the parts. An
// object that was put whole is its own part 1.
func (o *object) partSpan(n int32) (span, error) {
	if n < 1 || n > maxParts {
		return span{}, fault.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", itoa(n))
	}
	if n == 1 && !o.multipart() {
		return span{0, o.size}, nil
	}
	var off int64
	for _, p := range o.parts {
		if p.number == n {
			return span{off, p.size}, nil
		}
		off += p.size
	}
	return span{}, fault.New("InvalidPartNumber", "The requested partnumber is not satisfiable",
		"PartNumberRequested", itoa(n), "ActualPartCount", strconv.Itoa(max(1, len(o.parts))))
}
