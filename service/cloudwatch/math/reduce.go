package math

import "math"

// reduce are the functions that make a scalar of a series, and a series of an
// array.
func reduce(name string) function {
	return func(c *context, args []value) (value, error) {
		if s, ok := only[Series](args); ok {
			return aggregate(name, s.values()), nil
		}
		if list, ok := only[[]Series](args); ok {
			return c.across(name, list), nil
		}
		return nil, nil
	}
}

// across is the function of the values that an array has at each time. To AVG,
// what is missing is 0; the others leave it out.
func (c *context) across(name string, list []Series) Series {
	present := make([]float64, 0, len(list))
	return c.zip(list, func(at []sample) sample {
		present = present[:0]
		for _, s := range at {
			if s.ok || name == "AVG" {
				present = append(present, s.value)
			}
		}
		v, ok := finite(aggregate(name, present))
		return sample{v, ok}
	})
}

// aggregate of no values is no number, but for counts and sums.
func aggregate(name string, values []float64) float64 {
	n := float64(len(values))
	switch name {
	case "DATAPOINT_COUNT":
		return n
	case "SUM":
		return sum(values)
	case "AVG":
		return sum(values) / n
	case "STDDEV":
		mean, squares := sum(values)/n, 0.0
		for _, v := range values {
			squares += (v - mean) * (v - mean)
		}
		return math.Sqrt(squares / n)
	}
	return extreme(name, values)
}

// extreme is MIN or MAX.
func extreme(name string, values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	out := values[0]
	for _, v := range values {
		if name == "MIN" {
			out = min(out, v)
		} else {
			out = max(out, v)
		}
	}
	return out
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
