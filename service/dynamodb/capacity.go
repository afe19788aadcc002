package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// consumed counts the capacity units that a request takes of one table. It does
// so whether the request asks or not: that is cheaper than to ask.
type consumed struct {
	table   float64
	indexes map[*index]float64
}

// readUnits is what a read of n bytes takes: half a unit for each 4 KB, twice as
// much if it is consistent (Developer Guide, read-write-operations).
func readUnits(n int, consistent bool) float64 {
	units := float64((n + 4095) / 4096)
	if consistent {
		return units
	}
	return units / 2
}

// writeUnits is what a write of an item of n bytes takes: one unit for each KB.
func writeUnits(n int) float64 { return float64(max(1, (n+1023)/1024)) }

func (c *consumed) index(x *index, units float64) {
	if units == 0 {
		return
	}
	if c.indexes == nil {
		c.indexes = make(map[*index]float64)
	}
	c.indexes[x] += units
}

// report is the answer to ReturnConsumedCapacity.
func (c *consumed) report(asked types.ReturnConsumedCapacity, t *table) *types.ConsumedCapacity {
	if asked == "" || asked == types.ReturnConsumedCapacityNone {
		return nil
	}
	total := c.table
	out := &types.ConsumedCapacity{TableName: aws.String(t.Name)}
	for x, units := range c.indexes {
		total += units
		if asked != types.ReturnConsumedCapacityIndexes {
			continue
		}
		m := &out.LocalSecondaryIndexes
		if x.Global {
			m = &out.GlobalSecondaryIndexes
		}
		if *m == nil {
			*m = make(map[string]types.Capacity)
		}
		(*m)[x.Name] = types.Capacity{CapacityUnits: aws.Float64(units)}
	}
	out.CapacityUnits = aws.Float64(total)
	if asked == types.ReturnConsumedCapacityIndexes {
		out.Table = &types.Capacity{CapacityUnits: aws.Float64(c.table)}
	}
	return out
}
