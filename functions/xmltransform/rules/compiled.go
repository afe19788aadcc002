package rules

import (
	"bytes"
	"sync"

	"github.com/runnel/runnel/transform/rule"
)

// keepBytes is how many bytes of documents are kept compiled. What a rule takes
// compiled is some dozens of times its text.
const keepBytes = 2 << 20

// compiled are the rules that were used last, by their ids. A rule is compiled
// again when its version or its document is another: a rule that was deleted and
// made anew begins at version 1 again.
type compiled struct {
	mu    sync.Mutex
	rules map[string]*Stored
	bytes int
}

// compile is the rule of an item.
func (c *compiled) compile(s *Stored) (*rule.Rule, error) {
	if r := c.find(s); r != nil {
		return r, nil
	}
	r, err := rule.Parse(s.Document)
	if err != nil {
		return nil, err
	}
	r.ID, r.Version = s.ID, s.Version
	c.keep(&Stored{ID: s.ID, Version: s.Version, Document: s.Document, Rule: r})
	return r, nil
}

func (c *compiled) find(s *Stored) *rule.Rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.rules[s.ID]
	if k == nil || k.Version != s.Version || !bytes.Equal(k.Document, s.Document) {
		return nil
	}
	return k.Rule
}

// keep makes room by dropping any others: what is in use comes back at once.
func (c *compiled) keep(s *Stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules == nil {
		c.rules = make(map[string]*Stored)
	}
	c.drop(s.ID)
	for id := range c.rules {
		if c.bytes+len(s.Document) <= keepBytes {
			break
		}
		c.drop(id)
	}
	c.rules[s.ID] = s
	c.bytes += len(s.Document)
}

func (c *compiled) drop(id string) {
	if k := c.rules[id]; k != nil {
		c.bytes -= len(k.Document)
		delete(c.rules, id)
	}
}
