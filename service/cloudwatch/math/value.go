package math

import "fmt"

// value is what a part of an expression evaluates to: a number, a Series, a
// []Series, a text or a word.
type value any

// text is a string in quotation marks.
type text string

// word is a name in capitals that is no call: REPEAT, LINEAR, ASC, AVG.
type word string

// Kind is the type of a value, as AWS's messages name it.
type Kind string

// The types. Only a TimeSeries or an Array may be an expression's result.
const (
	Scalar     Kind = "Scalar"
	TimeSeries Kind = "TimeSeries"
	Array      Kind = "Array[TimeSeries]"
	stringKind Kind = "String"
	wordKind   Kind = "Keyword"
)

func kindOf(v value) Kind {
	switch v.(type) {
	case float64:
		return Scalar
	case Series:
		return TimeSeries
	case []Series:
		return Array
	case text:
		return stringKind
	}
	return wordKind
}

// each does f to a series, or to every series of an array.
func each(v value, f func(Series) Series) (value, bool) {
	switch v := v.(type) {
	case Series:
		return f(v), true
	case []Series:
		out := make([]Series, len(v))
		for i, s := range v {
			out[i] = f(s)
			out[i].ID, out[i].Label = s.ID, s.Label
		}
		return out, true
	}
	return nil, false
}

// Error is what is wrong with an expression. Its text is AWS's: the service
// answers with it as a ValidationError.
type Error struct {
	ID     string // of the query
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("Error in expression '%s': %s", e.ID, e.Reason) }

// fault is an Error that does not know yet where it is.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, args ...any) error { return fault(fmt.Sprintf(format, args...)) }

// errSyntax is all that AWS says of what it cannot parse.
const errSyntax = fault("Invalid syntax")
