package lambda

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/lambda/metrics"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/store"
)

// invocable is all that must be known to invoke what a ref names.
type invocable struct {
	ref      ref
	versions []weighted                      // one, or two behind an alias that shifts traffic
	policy   *policy.Document                // of the resource; nil lets no other service in
	async    types.FunctionEventInvokeConfig // zero members: the defaults
}

// weighted is a version and the share of invocations that goes to it; the
// first one takes what is left.
type weighted struct {
	row    versionRow
	fn     *sandbox.Function
	weight float64
	scope  metrics.Scope
}

// pick chooses a version.
func (i *invocable) pick() *weighted {
	dice := rand.Float64()
	for n := range i.versions[1:] {
		w := &i.versions[n+1]
		if dice -= w.weight; dice < 0 {
			return w
		}
	}
	return &i.versions[0]
}

// cache keeps what was read of functions until they change, since hot paths
// must neither decode rows nor wait for the commits of others. What it returns
// is not changed.
type cache struct {
	mu       sync.Mutex
	changes  uint64 // counts forget: what was read before one is not kept
	function map[string]map[string]*invocable
}

func newCache() *cache { return &cache{function: make(map[string]map[string]*invocable)} }

func (c *cache) get(r ref) (*invocable, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.function[r.Name][r.Qualifier], c.changes
}

func (c *cache) put(i *invocable, seen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != seen {
		return
	}
	if c.function[i.ref.Name] == nil {
		c.function[i.ref.Name] = make(map[string]*invocable)
	}
	c.function[i.ref.Name][i.ref.Qualifier] = i
}

func (c *cache) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.function, name)
}

// invocable returns what r names, or AWS's error that there is none.
func (s *Service) invocable(ctx context.Context, r ref) (*invocable, error) {
	i, seen := s.cache.get(r)
	if i != nil {
		return i, nil
	}
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { i, err = s.readInvocable(tx, r); return })
	if err != nil {
		return nil, err
	}
	s.cache.put(i, seen)
	return i, nil
}

func (s *Service) readInvocable(tx *store.Tx, r ref) (*invocable, error) {
	row, err := s.getVersion(tx, r)
	if err != nil {
		return nil, err
	}
	i := &invocable{ref: r, versions: []weighted{{row: row, fn: s.sandboxFunction(&row), scope: metrics.Of(r.Name, r.Qualifier)}}}
	if i.policy, err = readPolicy(tx, r); err != nil {
		return nil, err
	}
	tx.GetJSON(asyncConfigKey(r), &i.async)
	var alias types.AliasConfiguration
	if !tx.GetJSON(aliasKey(r.Name, r.Qualifier), &alias) || alias.RoutingConfig == nil {
		return i, nil
	}
	for version, weight := range alias.RoutingConfig.AdditionalVersionWeights {
		row, err := s.getVersion(tx, ref{r.Name, version})
		if err != nil {
			return nil, err
		}
		i.versions = append(i.versions, weighted{row: row, fn: s.sandboxFunction(&row), weight: weight, scope: i.versions[0].scope})
	}
	for n := range i.versions {
		w := &i.versions[n]
		w.scope = w.scope.Executed(w.fn.Version)
	}
	return i, nil
}

// retries is how often a failed asynchronous invocation is tried again.
func (i *invocable) retries() int {
	if n := i.async.MaximumRetryAttempts; n != nil {
		return int(*n)
	}
	return defaultRetries
}

// age is how old an asynchronous invocation may become, in seconds.
func (i *invocable) age() int {
	if n := i.async.MaximumEventAgeInSeconds; n != nil {
		return int(*n)
	}
	return defaultAge
}

// deadLetter is the ARN of the dead-letter queue, or "".
func (w *weighted) deadLetter() string {
	if d := w.row.Config.DeadLetterConfig; d != nil {
		return aws.ToString(d.TargetArn)
	}
	return ""
}
