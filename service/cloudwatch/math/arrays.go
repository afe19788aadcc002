package math

import (
	"cmp"
	"math"
	"slices"
)

// endOf is FIRST or LAST: of an empty array, a series without points.
func endOf(name string) function {
	return func(_ *context, args []value) (value, error) {
		list, ok := only[[]Series](args)
		switch {
		case !ok:
			return nil, nil
		case len(list) == 0:
			return Series{}, nil
		case name == "FIRST":
			return list[0], nil
		}
		return list[len(list)-1], nil
	}
}

func removeEmpty(_ *context, args []value) (value, error) {
	list, ok := only[[]Series](args)
	if !ok {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(s Series) bool { return len(s.Points) == 0 }), nil
}

// slice is SLICE(array, start) or SLICE(array, start, end).
func slice(_ *context, args []value) (value, error) {
	if len(args) != 2 && len(args) != 3 {
		return nil, nil
	}
	list, ok := args[0].([]Series)
	if !ok {
		return nil, nil
	}
	bounds := []int{0, len(list)}
	for i, arg := range args[1:] {
		f, ok := arg.(float64)
		if !ok {
			return nil, nil
		}
		bounds[i] = within(f, len(list))
	}
	return list[bounds[0]:max(bounds[0], bounds[1])], nil
}

// within is f as an index of a list of n.
func within(f float64, n int) int {
	if math.IsNaN(f) {
		return 0
	}
	return int(min(max(f, 0), float64(n)))
}

// sort is SORT(array, AVG|MIN|MAX|SUM, ASC|DESC) and, with a fourth argument,
// only so many series of it. Series without points are last either way.
func sort(_ *context, args []value) (value, error) {
	if len(args) != 3 && len(args) != 4 {
		return nil, nil
	}
	list, isArray := args[0].([]Series)
	by, _ := args[1].(word)
	order, _ := args[2].(word)
	if !isArray || !slices.Contains([]word{"AVG", "MIN", "MAX", "SUM"}, by) || order != "ASC" && order != "DESC" {
		return nil, nil
	}
	limit := len(list)
	if len(args) == 4 {
		f, ok := args[3].(float64)
		if !ok {
			return nil, nil
		}
		limit = within(f, limit)
	}
	return sorted(list, string(by), order == "DESC")[:limit], nil
}

func sorted(list []Series, by string, descending bool) []Series {
	type ranked struct {
		Series
		rank  float64
		empty bool
	}
	all := make([]ranked, len(list))
	for i, s := range list {
		all[i] = ranked{s, aggregate(by, s.values()), len(s.Points) == 0}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		switch {
		case a.empty != b.empty && a.empty:
			return 1
		case a.empty != b.empty:
			return -1
		case descending:
			return cmp.Compare(b.rank, a.rank)
		}
		return cmp.Compare(a.rank, b.rank)
	})
	out := make([]Series, len(all))
	for i, r := range all {
		out[i] = r.Series
	}
	return out
}
