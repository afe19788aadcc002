package math

// choose is IF(condition, then) or IF(condition, then, otherwise), over the
// combinations of series and scalars that the documentation lists.
func choose(c *context, args []value) (value, error) {
	if len(args) != 2 && len(args) != 3 {
		return nil, nil
	}
	switch condition := args[0].(type) {
	case float64:
		return chooseWhole(condition != 0, args[1:])
	case Series:
		return c.choosePoints(condition, args[1:])
	}
	return nil, nil
}

// chooseWhole takes one of two series; without a second, an empty one.
func chooseWhole(first bool, of []value) (value, error) {
	then, ok := of[0].(Series)
	if !ok {
		return nil, nil
	}
	otherwise := Series{Period: then.Period}
	if len(of) == 2 {
		if otherwise, ok = of[1].(Series); !ok {
			return nil, nil
		}
	}
	if first {
		return then, nil
	}
	return otherwise, nil
}

// choosePoints takes, for each point of the condition, a value of one or of
// the other. A value that the first has not is 0, one that the other has not
// is dropped.
func (c *context) choosePoints(condition Series, of []value) (value, error) {
	list := []Series{condition}
	pick := make([]func(at []sample) sample, 0, len(of))
	for _, v := range of {
		switch v := v.(type) {
		case float64:
			f, ok := finite(v)
			pick = append(pick, func([]sample) sample { return sample{f, ok} })
		case Series:
			i := len(list)
			list = append(list, v)
			pick = append(pick, func(at []sample) sample { return at[i] })
		default:
			return nil, nil
		}
	}
	return c.zip(list, func(at []sample) sample {
		switch {
		case !at[0].ok:
			return sample{}
		case at[0].value != 0:
			return sample{pick[0](at).value, true}
		case len(pick) == 2:
			return pick[1](at)
		}
		return sample{}
	}), nil
}
