// Package expr is DynamoDB's expression language: condition, filter, key
// condition, update and projection expressions.
//
// Parsing an expression resolves its placeholders and finds all that can be
// wrong with it before an item is seen. In an expression with several faults AWS
// reports one of them by a fixed order of kinds, and so does this package.
//
// The requests' legacy parameters (Expected, AttributeUpdates and so on) become
// the same conditions, updates and projections; see legacy.go.
//
// Sources: the Amazon DynamoDB Developer Guide, pages Expressions.* and
// ReservedWords, and LegacyConditionalParameters.*. The texts of errors are not
// documented; they follow what public conformance suites recorded of the service
// (November 2026), and where those have none they are Runnel's own.
package expr
