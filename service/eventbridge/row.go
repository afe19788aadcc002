package eventbridge

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/store"
)

// Rows, all of configuration:
//
//	bus     NAME           busRow; the default bus has one once it is changed
//	rule    BUS NAME       ruleRow
//	target  BUS RULE ID    types.Target
//	version BUS            changes when a rule or a target of the bus does
var (
	busSpace     = store.K("events", "bus")
	ruleSpace    = store.K("events", "rule")
	targetSpace  = store.K("events", "target")
	versionSpace = store.K("events", "version")
)

type busRow struct {
	Name        string
	Description string            `json:",omitempty"`
	Policy      string            `json:",omitempty"`
	DeadLetter  string            `json:",omitempty"` // ARN
	Created     time.Time         `json:",omitzero"`
	Modified    time.Time         `json:",omitzero"`
	Tags        map[string]string `json:",omitempty"`
}

type ruleRow struct {
	Name        string
	Description string            `json:",omitempty"`
	Pattern     string            `json:",omitempty"`
	Schedule    string            `json:",omitempty"`
	Role        string            `json:",omitempty"` // ARN
	State       types.RuleState   `json:",omitempty"`
	Due         time.Time         `json:",omitzero"` // when the schedule is due, if it is
	Tags        map[string]string `json:",omitempty"`
}

func (r *ruleRow) enabled() bool { return r.State != types.RuleStateDisabled }

func busKey(bus string) store.Key              { return busSpace.Str(bus) }
func ruleKey(bus, rule string) store.Key       { return ruleSpace.Str(bus).Str(rule) }
func targetKey(bus, rule, id string) store.Key { return targetSpace.Str(bus).Str(rule).Str(id) }
func targetsOf(bus, rule string) store.Range {
	return store.Prefix(targetSpace.Str(bus).Str(rule))
}

// bus reads a bus. The default one is there without a row.
func (s *Service) bus(tx *store.Tx, name string) (*busRow, error) {
	b := new(busRow)
	if tx.GetJSON(busKey(name), b) {
		return b, nil
	}
	if name == defaultBus {
		b.Name = name
		return b, nil
	}
	return nil, errNoBus(name)
}

// rule reads a rule of a bus that must be there.
func (s *Service) rule(tx *store.Tx, bus, name string) (*ruleRow, error) {
	if _, err := s.bus(tx, bus); err != nil {
		return nil, err
	}
	r := new(ruleRow)
	if !tx.GetJSON(ruleKey(bus, name), r) {
		return nil, errNoRule(name, bus)
	}
	return r, nil
}

// touch makes what is known of a bus's rules obsolete.
func touch(tx *store.Tx, bus string) { tx.Set(versionSpace.Str(bus), store.Key(nil).Uint(tx.NextID())) }

// decodeTarget reads a target, whose ID and ARN are there.
func decodeTarget(k store.Key, row []byte) (*types.Target, error) {
	t, err := decode[types.Target](k, row)
	if err == nil && (t.Id == nil || t.Arn == nil) {
		err = fmt.Errorf("events: row %q: a target without ID or ARN", k)
	}
	return t, err
}

// decode reads a row of JSON that a scan found.
func decode[T any](k store.Key, row []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(row, v); err != nil {
		return nil, fmt.Errorf("events: row %q: %w", k, err)
	}
	return v, nil
}
