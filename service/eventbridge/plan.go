package eventbridge

import (
	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/eventbridge/input"
)

// wanted is an event as the targets of a rule want it.
type wanted struct {
	rule   *rule
	inputs []made // one for each target
}

type made struct {
	body []byte
	err  error // of [input.Maker.Make]
}

// want makes the inputs of a rule's targets.
func (a *arrival) want(r *rule) wanted {
	w := wanted{r, make([]made, len(r.targets))}
	e := input.Event{JSON: a.json, RuleARN: r.arn, RuleName: r.name, Ingested: a.ingested.Format(event.EnvelopeTime)}
	for i, t := range r.targets {
		w.inputs[i].body, w.inputs[i].err = t.maker.Make(e)
	}
	return w
}

// plan is what the rules of a bus want of an event. It is worked out once, and
// holds as long as the rules are those.
func (a *arrival) plan(set *ruleset) []wanted {
	if plan, ok := a.plans[set]; ok {
		return plan
	}
	var plan []wanted
	for _, r := range set.rules {
		if r.pattern != nil && r.pattern.Match(a.value) {
			plan = append(plan, a.want(r))
		}
	}
	if a.plans == nil {
		a.plans = make(map[*ruleset][]wanted)
	}
	a.plans[set] = plan
	return plan
}

// foresee plans by the rules that were last read, so that a transaction need not.
func (s *Service) foresee(bus string, a *arrival) {
	if set, ok := s.cache.Load(bus); ok {
		a.plan(set.(*ruleset))
	}
}
