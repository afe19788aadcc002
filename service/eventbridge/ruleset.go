package eventbridge

import (
	"bytes"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/eventbridge/input"
	"github.com/runnel/runnel/store"
)

// ruleset is the rules of a bus that are enabled, ready to be used.
type ruleset struct {
	version []byte // the row that said so
	rules   []*rule
}

type rule struct {
	bus, name, arn string
	pattern        *pattern.Pattern // nil: by schedule alone
	targets        []*target
}

type target struct {
	types.Target
	maker *input.Maker
}

// rules reads the rules of a bus, or takes them from the cache if none has
// changed since.
func (s *Service) rules(tx *store.Tx, bus string) (*ruleset, error) {
	version, _ := tx.Get(versionSpace.Str(bus))
	if have, ok := s.cache.Load(bus); ok && bytes.Equal(have.(*ruleset).version, version) {
		return have.(*ruleset), nil
	}
	set := &ruleset{version: version}
	for k, row := range tx.Scan(store.Prefix(ruleSpace.Str(bus))) {
		r, err := decode[ruleRow](k, row)
		if err != nil {
			return nil, err
		}
		if !r.enabled() {
			continue
		}
		ready, err := s.ready(tx, bus, r)
		if err != nil {
			return nil, err
		}
		set.rules = append(set.rules, ready)
	}
	s.cache.Store(bus, set)
	return set, nil
}

func (s *Service) ready(tx *store.Tx, bus string, row *ruleRow) (*rule, error) {
	r := &rule{bus: bus, name: row.Name, arn: s.ruleARN(bus, row.Name)}
	if row.Pattern != "" {
		p, err := pattern.Compile(row.Pattern, pattern.EventBridge)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.arn, err)
		}
		r.pattern = p
	}
	for k, row := range tx.Scan(targetsOf(bus, row.Name)) {
		t, err := decodeTarget(k, row)
		if err != nil {
			return nil, err
		}
		maker, err := makerOf(t)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.arn, err)
		}
		r.targets = append(r.targets, &target{*t, maker})
	}
	return r, nil
}

func (rs *ruleset) find(name string) *rule {
	for _, r := range rs.rules {
		if r.name == name {
			return r
		}
	}
	return nil
}
