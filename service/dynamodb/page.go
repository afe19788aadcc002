package dynamodb

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// pageSize is how many bytes of items a Query or Scan looks at for one answer
// (Developer Guide, Query.Pagination).
const pageSize = 1 << 20

// read is a Query or a Scan of one page.
type read struct {
	tx         *store.Tx
	t          *table
	x          *index // nil to read the table itself
	r          store.Range
	limit      int // items to look at; 0 for no limit
	filter     *expr.Condition
	projection *expr.Projection
	selected   types.Select
	consistent bool
}

// page is what a read found.
type page struct {
	items   []attr.Item // nil if only their number was asked for
	count   int         // of items that the filter let pass
	scanned int         // of items looked at
	last    attr.Item   // key of the last item looked at, if there may be more
	used    capacity.Used
}

func (q *read) run() (p page, err error) {
	if q.selected != types.SelectCount {
		p.items = []attr.Item{}
	}
	fetch := q.fetches()
	var size, fetched int
	for key, row := range q.tx.Scan(q.r) {
		p.scanned++
		size += rowSize(row)
		if fetch {
			primary, err := q.primaryOf(key)
			if err != nil {
				return p, err
			}
			row, _ = q.tx.Get(q.t.rows.Raw(primary))
			fetched += rowSize(row)
			p.used.Table += capacity.ReadUnits(rowSize(row), q.consistent)
		}
		full := p.scanned == q.limit || size+fetched >= pageSize
		if err := q.take(&p, row, full); err != nil {
			return p, err
		}
		if full {
			break
		}
	}
	units := capacity.ReadUnits(max(1, size), q.consistent)
	if q.x == nil {
		p.used.Table += units
	} else {
		p.used.Add(q.x.Name, q.x.Global, units)
	}
	return p, nil
}

// take adds an item to the page, if it passes the filter. It may be the last.
func (q *read) take(p *page, row []byte, last bool) error {
	if q.filter == nil && p.items == nil && !last {
		p.count++
		return nil
	}
	item, err := q.t.decodeRow(row)
	if err != nil {
		return err
	}
	if last {
		p.last = q.keyOf(item)
	}
	if !q.filter.Match(item) {
		return nil
	}
	p.count++
	if p.items != nil {
		p.items = append(p.items, q.projection.Of(item))
	}
	return nil
}

// keyOf is the key to go on after.
func (q *read) keyOf(item attr.Item) attr.Item {
	if q.x == nil {
		return keyOf(item, q.t.Key)
	}
	return keyOf(item, q.t.Key, q.x.Key)
}

// startNames are the attributes that a key to go on after has.
func (q *read) startNames() []string {
	names := q.t.Key.names()
	if q.x != nil {
		for _, name := range q.x.Key.names() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// space is where the rows are.
func (q *read) space() store.Key {
	if q.x == nil {
		return q.t.rows
	}
	return q.x.rows
}

// key is the schema that the rows are ordered by.
func (q *read) key() schema {
	if q.x == nil {
		return q.t.Key
	}
	return q.x.Key
}

// rowKey is the row of the item that start is the key of.
func (q *read) rowKey(start attr.Item) store.Key {
	primary := q.t.primary(start)
	if q.x == nil {
		return q.t.rows.Raw(primary)
	}
	return q.x.rowOf(start, primary)
}

// primaryOf cuts an item's primary key off the key of its row in the index.
func (q *read) primaryOf(key store.Key) ([]byte, error) {
	rest := key[len(q.x.rows)+4:] // what precedes the index's hash key
	for _, name := range q.x.Key.names() {
		var err error
		if _, rest, err = attr.CutKey(rest, q.t.kind(name)); err != nil {
			return nil, fmt.Errorf("dynamodb: row of index %s of table %s: %w", q.x.Name, q.t.Name, err)
		}
	}
	return rest, nil
}

// fetches reports whether a read of a local index needs attributes that only
// the table has.
func (q *read) fetches() bool {
	if q.x == nil || q.x.Global || q.x.holdsAll() {
		return false
	}
	beyond := func(p expr.Path) bool { return !q.x.holds(q.t, p.Top()) }
	return q.selected == types.SelectAllAttributes ||
		slices.ContainsFunc(q.projection.Paths(), beyond) || slices.ContainsFunc(q.filter.Paths(), beyond)
}

// open finds the index that a request names.
func (q *read) open(name *string) error {
	if name == nil {
		return nil
	}
	q.x = q.t.index(*name)
	switch {
	case q.x == nil:
		return invalid("The table does not have the specified index: %s", *name)
	case q.x.Global && q.consistent:
		return invalid("Consistent reads are not supported on global secondary indexes")
	case q.x.Filling:
		return invalid("Cannot read from backfilling global secondary index: %s", *name)
	}
	return nil
}

// checkSelection refuses to read attributes of a global index that it does not
// hold.
func (q *read) checkSelection() error {
	if q.x == nil || !q.x.Global || q.x.holdsAll() {
		return nil
	}
	if q.selected == types.SelectAllAttributes {
		return invalidParameter("Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", q.x.Name)
	}
	for _, p := range q.projection.Paths() {
		if !q.x.holds(q.t, p.Top()) {
			return invalidParameter("Global secondary index %s does not project [%s]", q.x.Name, p.Top())
		}
	}
	return nil
}

// checkSelect checks Select against the parameters that name attributes.
func checkSelect(selected types.Select, index, expression *string, attributes []string) error {
	parameter := ""
	switch {
	case expression != nil:
		parameter = expr.ProjectionExpression
	case attributes != nil:
		parameter = "AttributesToGet"
	}
	switch {
	case selected == types.SelectAllProjectedAttributes && index == nil:
		return invalidParameter("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case selected == types.SelectSpecificAttributes && parameter == "":
		return invalidParameter("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case parameter == "":
		return nil
	case selected == types.SelectCount:
		return invalid("Cannot specify the %s when choosing to get only the Count", parameter)
	case selected == types.SelectAllAttributes || selected == types.SelectAllProjectedAttributes:
		return invalid("Cannot specify the %s when choosing to get %s", parameter, selected)
	}
	return nil
}

func (c *constraints) selection(v types.Select) {
	enum(c, "select", v, types.SelectSpecificAttributes, types.SelectCount, types.SelectAllAttributes, types.SelectAllProjectedAttributes)
}

// checkStart checks the types of the key to go on after.
func (q *read) checkStart(start attr.Item) error {
	names := q.startNames()
	if len(start) != len(names) {
		return errStart("")
	}
	for _, name := range names {
		if attr.TypeOf(start[name]) != q.t.kind(name) {
			return errStart("The provided key element does not match the schema")
		}
	}
	return nil
}

func errStart(why string) error {
	if why == "" {
		return invalid("The provided starting key is invalid")
	}
	return invalid("The provided starting key is invalid: %s", why)
}
