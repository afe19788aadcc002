package apigateway

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/apigateway/metrics"
	"github.com/runnel/runnel/service/apigateway/route"
	"github.com/runnel/runnel/store"
)

// served is what a stage answers by. It is not changed.
type served struct {
	api        *types.RestApi // as it was deployed
	stage      *types.Stage
	routes     *route.Tree
	responses  map[types.GatewayResponseType]*types.GatewayResponse
	validators map[string]*types.RequestValidator
	policy     *policy.Document
	metrics    metrics.Series
}

// readServed reads a definition, live or copied.
func readServed(tx *store.Tx, definition store.Key, api *types.RestApi, stage *types.Stage) *served {
	v := &served{
		api: api, stage: stage,
		metrics:    metrics.Of(aws.ToString(api.Name), aws.ToString(stage.StageName)),
		routes:     route.New(all[types.Resource](tx, resourcesIn(definition))),
		responses:  make(map[types.GatewayResponseType]*types.GatewayResponse),
		validators: make(map[string]*types.RequestValidator),
	}
	for _, r := range all[types.GatewayResponse](tx, responsesIn(definition)) {
		v.responses[r.ResponseType] = r
	}
	for _, r := range all[types.RequestValidator](tx, validatorsIn(definition)) {
		v.validators[*r.Id] = r
	}
	if text := aws.ToString(api.Policy); text != "" {
		var err error
		if v.policy, err = policy.Parse(text); err != nil {
			v.policy = new(policy.Document) // lets nobody in: it could be read when it was set
		}
	}
	return v
}

// cache keeps what stages serve until they change, since a request must
// neither decode rows nor wait for the commits of others.
type cache struct {
	mu      sync.Mutex
	changes uint64 // counts forget: what was read before one is not kept
	apis    map[string]map[string]*served
}

func newCache() *cache { return &cache{apis: make(map[string]map[string]*served)} }

func (c *cache) get(api, stage string) (*served, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apis[api][stage], c.changes
}

func (c *cache) put(api, stage string, v *served, seen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != seen {
		return
	}
	if c.apis[api] == nil {
		c.apis[api] = make(map[string]*served)
	}
	c.apis[api][stage] = v
}

func (c *cache) forget(api string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.apis, api)
}

// served is what a stage of an API answers by, or nil if there is no such
// stage.
func (s *Service) served(ctx context.Context, api, stage string) (*served, error) {
	v, seen := s.cache.get(api, stage)
	if v != nil {
		return v, nil
	}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		a, ok := get[types.RestApi](tx, apis().Str(api))
		if !ok || a.DisableExecuteApiEndpoint {
			return nil
		}
		st, ok := get[types.Stage](tx, stagesOf(api).Str(stage))
		if !ok {
			return nil
		}
		definition := copyOf(api, *st.DeploymentId)
		if deployed, ok := get[types.RestApi](tx, definition.Str("api")); ok {
			v = readServed(tx, definition, deployed, st)
		}
		return nil
	})
	if err == nil && v != nil {
		s.cache.put(api, stage, v, seen)
	}
	return v, err
}
