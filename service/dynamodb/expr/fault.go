package expr

import "fmt"

// fault is a kind of error that an expression of good syntax may have.
type fault uint8

const (
	parentheses fault = iota
	unknownFunction
	misusedFunction
	reservedWord
	clause // the first of the faults below in the first clause that has one
	section
	undefinedName
	undefinedValue
	overlapping
	conflicting
	operands // the number of operands
	distinct
	operandType
	limit
	faultCount
)

// When an expression has several faults, AWS reports the first of the first
// kind in these orders.
var (
	conditionOrder = []fault{limit, parentheses, unknownFunction, misusedFunction, reservedWord, clause}
	clauseOrder    = []fault{undefinedName, undefinedValue, operands, distinct, operandType}
	updateOrder    = []fault{limit, reservedWord, unknownFunction, misusedFunction, section, undefinedName, undefinedValue, overlapping, conflicting, operands, operandType}
)

// faults holds the first text of each kind.
type faults [faultCount]string

func (f *faults) add(kind fault, format string, args ...any) {
	if f[kind] == "" {
		f[kind] = fmt.Sprintf(format, args...)
	}
}

// first returns the text to report, or "" if there is no fault.
func (f *faults) first(order []fault) string {
	for _, kind := range order {
		if f[kind] != "" {
			return f[kind]
		}
	}
	return ""
}

// endClause closes a clause of a condition: AWS looks at the clauses one after
// the other.
func (f *faults) endClause() {
	if text := f.first(clauseOrder); text != "" {
		f.add(clause, "%s", text)
	}
}
