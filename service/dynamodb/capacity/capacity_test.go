package capacity

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// TestUnits is the examples of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
// (2026-11-20), and their edges.
func TestUnits(t *testing.T) {
	for _, c := range []struct {
		bytes            int
		eventual, strong float64
		write            float64
	}{
		{1, 0.5, 1, 1},
		{1024, 0.5, 1, 1},
		{1025, 0.5, 1, 2},
		{4096, 0.5, 1, 4},
		{4097, 1, 2, 5},
		{8 << 10, 1, 2, 8},
	} {
		if got := ReadUnits(c.bytes, false); got != c.eventual {
			t.Errorf("an eventually consistent read of %d bytes takes %g, want %g", c.bytes, got, c.eventual)
		}
		if got := ReadUnits(c.bytes, true); got != c.strong {
			t.Errorf("a consistent read of %d bytes takes %g, want %g", c.bytes, got, c.strong)
		}
		if got := WriteUnits(c.bytes); got != c.write {
			t.Errorf("a write of %d bytes takes %g, want %g", c.bytes, got, c.write)
		}
	}
	if ReadUnits(0, true) != 0 || WriteUnits(0) != 1 {
		t.Error("a read of nothing takes nothing, a write of nothing a unit")
	}
}

// TestReport: what was used is noted whether it is asked for or not, table by
// table.
func TestReport(t *testing.T) {
	var noted middleware.Metadata
	u := Used{Table: 2}
	u.Add("local", false, 1)
	u.Add("global", true, 3)
	u.Add("untouched", true, 0)
	if c := u.Report(&noted, "", "t", Write); c != nil {
		t.Errorf("nobody asked: %+v", c)
	}
	if c := u.Report(&noted, types.ReturnConsumedCapacityTotal, "t", Write); *c.CapacityUnits != 6 || c.Table != nil || *c.TableName != "t" {
		t.Errorf("%+v", c)
	}
	c := u.Report(&noted, types.ReturnConsumedCapacityIndexes, "other", Read)
	if *c.Table.CapacityUnits != 2 || len(c.GlobalSecondaryIndexes) != 1 || *c.LocalSecondaryIndexes["local"].CapacityUnits != 1 {
		t.Errorf("%+v", c)
	}
	notes := Of(noted)
	if len(notes) != 3 || notes[0].Total() != 6 || notes[0].Kind != Write || notes[2].Name != "other" || notes[2].Kind != Read {
		t.Errorf("%+v", notes)
	}
}
