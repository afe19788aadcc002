// Package capacity counts the read and write capacity units that requests take,
// as
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
// says.
package capacity

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Used counts the capacity units that a request takes of one table. It does so
// whether the request asks or not: metrics want to know too.
type Used struct {
	Table   float64
	Indexes map[Index]float64
}

// Index is a secondary index of a table.
type Index struct {
	Name   string
	Global bool
}

// ReadUnits is what a read of n bytes takes: half a unit for each 4 KB, twice as
// much if it is consistent.
func ReadUnits(n int, consistent bool) float64 {
	units := float64((n + 4095) / 4096)
	if consistent {
		return units
	}
	return units / 2
}

// WriteUnits is what a write of an item of n bytes takes: one unit for each KB.
func WriteUnits(n int) float64 { return float64(max(1, (n+1023)/1024)) }

// Add counts units of an index.
func (u *Used) Add(name string, global bool, units float64) {
	if units == 0 {
		return
	}
	if u.Indexes == nil {
		u.Indexes = make(map[Index]float64)
	}
	u.Indexes[Index{name, global}] += units
}

// Total is the units of the table and of all its indexes.
func (u *Used) Total() float64 {
	total := u.Table
	for _, units := range u.Indexes {
		total += units
	}
	return total
}

// Kind is what a request does with a table.
type Kind bool

// The kinds of requests, each with units of its own.
const (
	Read  Kind = false
	Write Kind = true
)

// Report is the answer to ReturnConsumedCapacity, nil where that is not asked
// for. Asked for or not, what was used is noted in the metadata of the output,
// which no client sees: see [Of].
func (u *Used) Report(noted *middleware.Metadata, asked types.ReturnConsumedCapacity, table string, k Kind) *types.ConsumedCapacity {
	noted.Set(noteKey{}, append(Of(*noted), Note{*u, table, k}))
	if asked == "" || asked == types.ReturnConsumedCapacityNone {
		return nil
	}
	out := &types.ConsumedCapacity{TableName: aws.String(table), CapacityUnits: aws.Float64(u.Total())}
	if asked != types.ReturnConsumedCapacityIndexes {
		return out
	}
	out.Table = &types.Capacity{CapacityUnits: aws.Float64(u.Table)}
	for x, units := range u.Indexes {
		m := &out.LocalSecondaryIndexes
		if x.Global {
			m = &out.GlobalSecondaryIndexes
		}
		if *m == nil {
			*m = make(map[string]types.Capacity)
		}
		(*m)[x.Name] = types.Capacity{CapacityUnits: aws.Float64(units)}
	}
	return out
}

// Note is what a request used of a table.
type Note struct {
	Used
	Name string // of the table
	Kind Kind
}

type noteKey struct{}

// Of is what was used of each table, by the ResultMetadata of an output.
func Of(noted middleware.Metadata) []Note {
	notes, _ := noted.Get(noteKey{}).([]Note)
	return notes
}
