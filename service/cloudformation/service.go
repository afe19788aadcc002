// Package cloudformation is AWS CloudFormation: templates, stacks, change sets
// and exports, and the SAM transform.
//
// It is a client of the other services. A resource type is written in terms of
// the AWS SDK (package resource) over the configuration that the runtime gives,
// so what a stack does is what its user could do, and nothing here knows how a
// queue or a function is kept.
//
// What holds: a stack operation that was accepted is carried to its end, whatever
// happens to the process. The operation is rows: the stack's says what is being
// done and in which phase, each resource's how far it has come. The name of a
// resource is stored before the call that creates it, so that a step which a
// crash cut short finds what it made and goes on from there. Worker by worker,
// [Service.Run] takes up what is unfinished.
//
// Emulated: the operations in the table below; parameters, rules, conditions,
// mappings, all intrinsic functions, outputs, exports; creation and deletion in
// order of dependency and in parallel; rollback; update with replacement and
// cleanup; deletion and replacement policies; nested stacks; notifications.
//
// Not emulated, and refused: stack sets, drift, hooks, stack policies, custom
// resources, macros other than AWS::Serverless-2016-10-31 and
// AWS::LanguageExtensions, resource import, parameters of the types AWS::*,
// creation and update policies, dynamic references, notifications of nested
// stacks. The metadata of a resource is kept as it is written, functions in it
// included.
//
// Source: CloudFormation API reference and user guide.
package cloudformation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the runtime gives.
type Config struct {
	Account, Region string
	AWS             aws.Config    // how the services are reached
	Router          *event.Router // where stacks tell of their events; nil refuses to
	Logger          *slog.Logger
}

// Service is CloudFormation.
type Service struct {
	store   *store.Store
	cfg     Config
	types   map[string]*resource.Type
	clients *resource.Clients
}

// New binds the service to its store and to the services that it is a client of.
// It must be called before the store runs, for the timers that it handles.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{store: st, cfg: cfg, types: resource.Types()}
	st.OnTimer(forgetTimer, forgetStack)
	s.clients = resource.NewClients(cfg.AWS, (*nested)(s))
	return s
}

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:        "cloudformation",
		Protocols: []wire.Protocol{wire.Query},
		Version:   "2010-05-15",
		Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		Status:    map[string]int{"ChangeSetNotFound": 404},
		Operations: []wire.Operation{
			wire.Op("CreateStack", s.CreateStack),
			wire.Op("UpdateStack", s.UpdateStack),
			wire.Op("DeleteStack", s.DeleteStack),
			wire.Op("CancelUpdateStack", s.CancelUpdateStack),
			wire.Op("ContinueUpdateRollback", s.ContinueUpdateRollback),
			wire.Op("UpdateTerminationProtection", s.UpdateTerminationProtection),
			wire.Op("DescribeStacks", s.DescribeStacks),
			wire.Op("ListStacks", s.ListStacks),
			wire.Op("DescribeStackEvents", s.DescribeStackEvents),
			wire.Op("DescribeStackResource", s.DescribeStackResource),
			wire.Op("DescribeStackResources", s.DescribeStackResources),
			wire.Op("ListStackResources", s.ListStackResources),
			wire.Op("GetTemplate", s.GetTemplate),
			wire.Op("GetTemplateSummary", s.GetTemplateSummary),
			wire.Op("ValidateTemplate", s.ValidateTemplate),
			wire.Op("CreateChangeSet", s.CreateChangeSet),
			wire.Op("DescribeChangeSet", s.DescribeChangeSet),
			wire.Op("ExecuteChangeSet", s.ExecuteChangeSet),
			wire.Op("DeleteChangeSet", s.DeleteChangeSet),
			wire.Op("ListChangeSets", s.ListChangeSets),
			wire.Op("ListExports", s.ListExports),
			wire.Op("ListImports", s.ListImports),
		},
	}
}

// Run carries out stack operations and tells of their events, those first that
// an earlier process left unfinished, until ctx ends. It returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.operate(ctx) })
	both.Go(func() error { return s.tell(ctx) })
	return both.Wait()
}

// operate has a worker for each stack that is operated on.
func (s *Service) operate(ctx context.Context) error {
	watch := s.store.Watch(runningTopic)
	defer watch.Close()
	var workers sync.WaitGroup
	defer workers.Wait()
	var mu sync.Mutex
	busy := map[string]bool{}
	for {
		ids, err := s.running(ctx)
		if err != nil {
			return err
		}
		for _, uuid := range ids {
			mu.Lock()
			started := busy[uuid]
			busy[uuid] = true
			mu.Unlock()
			if started {
				continue
			}
			workers.Go(func() {
				if err := s.work(ctx, uuid); err != nil && ctx.Err() == nil {
					s.cfg.Logger.Error("stack operation", "stack", uuid, "error", err)
					s.pause(ctx)
				}
				mu.Lock()
				delete(busy, uuid)
				mu.Unlock()
				s.store.Wake(runningTopic) // an operation may have begun meanwhile
			})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-watch.C:
		}
	}
}

// pause is the time before what failed is taken up again: an operation, a notice.
func (s *Service) pause(ctx context.Context) {
	alarm := s.store.Clock().Alarm(s.store.Clock().Now().Add(time.Second))
	defer alarm.Stop()
	select {
	case <-ctx.Done():
	case <-alarm.C:
	}
}

// running lists the stacks that have an unfinished operation.
func (s *Service) running(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.store.View(ctx, func(tx *store.Tx) error {
		space := store.K(keySpace, "running")
		for key := range tx.Scan(store.Prefix(space)) {
			parts := key.Parts(space)
			ids = append(ids, parts.Str())
			if err := parts.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}
