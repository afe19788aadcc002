package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/async"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/service/lambda/unpack"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// DefaultConcurrency is how many invocations run at once where Config does not
// say. AWS's own default is 1,000, on more than one machine.
const DefaultConcurrency = 64

// DefaultGrace is how long a stop waits for asynchronous invocations and batches
// where Config does not say.
const DefaultGrace = 5 * time.Second

// Config is the surroundings of a Service.
type Config struct {
	Account, Region string

	Router *event.Router // queues that feed functions; destinations
	Logs   event.Logs    // where functions' output goes; nil discards it
	Roles  event.Roles   // whose credentials functions get; nil gives them none

	Metrics event.Metrics // nil: event.NoMetrics{}

	// AWS is how code packages in S3 are read: Lambda is a client of S3.
	AWS aws.Config

	// Endpoint is AWS_ENDPOINT_URL in functions.
	Endpoint string

	// Dir is where code is unpacked and functions have their temporary files. It
	// is a cache, emptied by New.
	Dir string

	// Self is the program that runs a package whose bootstrap says "#!runnel".
	Self []string

	// Concurrency is the account's limit of concurrent executions;
	// DefaultConcurrency if 0.
	Concurrency int

	// Grace is how long invocations that nobody waits for may go on when Run is
	// to end; DefaultGrace if 0, not at all if negative. Those that do not end
	// by then run again after the next start.
	Grace time.Duration

	Logger *slog.Logger // nil: slog.Default()
}

// Service is Lambda. Its exported methods are the operations of the API.
type Service struct {
	st    *store.Store
	cfg   Config
	log   *slog.Logger
	exec  *sandbox.Executor
	slots *pace.Slots
	cache *cache
	code  *unpack.Cache
	lines *logBuffer
	roles *roleCache
	async *async.Queue
	calls sync.WaitGroup // synchronous invocations

	reserving sync.Mutex // see reserve

	mu       sync.Mutex
	sourcing map[string]*feed  // by mapping UUID
	results  map[string]string // LastProcessingResult by mapping UUID
}

// New binds a service to its store. Nothing runs before Run but synchronous
// invocations.
func New(st *store.Store, cfg Config) (*Service, error) {
	if cfg.Concurrency == 0 {
		cfg.Concurrency = DefaultConcurrency
	}
	if cfg.Concurrency < unreservedMinimum {
		return nil, fmt.Errorf("lambda: concurrency %d is below %d", cfg.Concurrency, unreservedMinimum)
	}
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{
		st: st, cfg: cfg, log: cfg.Logger,
		cache:    newCache(),
		sourcing: make(map[string]*feed),
		results:  make(map[string]string),
	}
	s.lines = &logBuffer{st: st, logs: cfg.Logs, log: s.log}
	s.slots = pace.NewSlots(cfg.Concurrency)
	s.async = async.New(async.Config{
		Store: st, Logger: s.log, Ramp: func() *pace.Ramp { return s.newRamp(0) }, Functions: functionNames, Attempt: s.attempt,
	})
	s.roles = &roleCache{roles: cfg.Roles, clock: st.Clock(), known: make(map[string]event.Credentials)}
	if err := st.View(context.Background(), s.loadReservations); err != nil {
		return nil, err
	}
	var err error
	if s.code, err = unpack.NewCache(filepath.Join(cfg.Dir, "code")); err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	st.OnTimer(codeTimer, s.sweepCode)
	s.exec, err = sandbox.New(sandbox.Config{
		Dir: filepath.Join(cfg.Dir, "sandbox"), Self: cfg.Self, Region: cfg.Region, Endpoint: cfg.Endpoint,
		MaxProcesses: 4 * cfg.Concurrency, Logs: s.lines.add, Now: st.Clock().Now,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Run serves event source mappings and asynchronous invocations until ctx ends,
// and returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.async.Run(ctx) })
	g.Go(func() error { return s.runPollers(ctx) })
	return g.Wait()
}

// graceful is a context for an invocation: it ends when ctx has ended and the
// grace is over.
func (s *Service) graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if s.cfg.Grace <= 0 {
			cancel()
			return
		}
		time.AfterFunc(s.cfg.Grace, cancel)
	})
	return running, func() { stop(); cancel() }
}

// Close ends all processes. It comes after Run has returned and no request is
// left, so that no answer is lost.
func (s *Service) Close() error {
	err := s.exec.Close()
	s.calls.Wait()
	return errors.Join(err, s.lines.flush(context.Background()))
}

var _ event.Target = (*Service)(nil)

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:        "lambda",
		Protocols: []wire.Protocol{wire.RESTJSON},
		Version:   "2015-03-31",
		Status:    fault.Statuses(),
		MaxBody:   maxRequest,
		TooLarge: &wire.Error{
			Code: "RequestEntityTooLargeException", Status: 413,
			Message: fmt.Sprintf("Request must be smaller than %d bytes for the CreateFunction operation", maxRequest),
		},
		MessageMember: "Message",
		Operations:    slices.Concat(s.functionOperations(), s.invocationOperations(), s.otherOperations()),
	}
}

const (
	functionsURI = "/2015-03-31/functions"
	functionURI  = "/2015-03-31/functions/{FunctionName}"
	aliasURI     = "/2015-03-31/functions/{FunctionName}/aliases/{Name}"
	mappingURI   = "/2015-03-31/event-source-mappings/{UUID}"
	asyncURI     = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	tagsURI      = "/2017-03-31/tags/{Resource}"
	qualifier    = "?Qualifier={Qualifier}"
	paging       = "?Marker={Marker}&MaxItems={MaxItems}"
)

// functionOperations are those on functions, their versions and aliases.
func (s *Service) functionOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateFunction", s.CreateFunction, wire.HTTP("POST", functionsURI), wire.Status(201)),
		wire.Op("ListFunctions", s.ListFunctions, wire.HTTP("GET", functionsURI+paging+"&MasterRegion={MasterRegion}&FunctionVersion={FunctionVersion}")),
		wire.Op("GetFunction", s.GetFunction, wire.HTTP("GET", functionURI+qualifier)),
		wire.Op("DeleteFunction", s.DeleteFunction, wire.HTTP("DELETE", functionURI+qualifier), wire.StatusField("StatusCode")),
		wire.Op("GetFunctionConfiguration", s.GetFunctionConfiguration, wire.HTTP("GET", functionURI+"/configuration"+qualifier)),
		wire.Op("UpdateFunctionConfiguration", s.UpdateFunctionConfiguration, wire.HTTP("PUT", functionURI+"/configuration")),
		wire.Op("UpdateFunctionCode", s.UpdateFunctionCode, wire.HTTP("PUT", functionURI+"/code")),
		wire.Op("DownloadCode", s.downloadCode, wire.HTTP("GET", "/2015-03-31/code/{FunctionName}/{Version}"),
			wire.Payload("Body"), wire.Header("Content-Type", "ContentType")),

		wire.Op("PublishVersion", s.PublishVersion, wire.HTTP("POST", functionURI+"/versions"), wire.Status(201)),
		wire.Op("ListVersionsByFunction", s.ListVersionsByFunction, wire.HTTP("GET", functionURI+"/versions"+paging)),

		wire.Op("CreateAlias", s.CreateAlias, wire.HTTP("POST", functionURI+"/aliases"), wire.Status(201)),
		wire.Op("ListAliases", s.ListAliases, wire.HTTP("GET", functionURI+"/aliases"+paging+"&FunctionVersion={FunctionVersion}")),
		wire.Op("GetAlias", s.GetAlias, wire.HTTP("GET", aliasURI)),
		wire.Op("UpdateAlias", s.UpdateAlias, wire.HTTP("PUT", aliasURI)),
		wire.Op("DeleteAlias", s.DeleteAlias, wire.HTTP("DELETE", aliasURI), wire.Status(204)),
	}
}

// invocationOperations are those that invoke, and those that say how.
func (s *Service) invocationOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("Invoke", s.Invoke, wire.HTTP("POST", functionURI+"/invocations"+qualifier),
			wire.Header("X-Amz-Invocation-Type", "InvocationType"), wire.Header("X-Amz-Log-Type", "LogType"),
			wire.Header("X-Amz-Client-Context", "ClientContext"), wire.Header("X-Amz-Durable-Execution-Name", "DurableExecutionName"),
			wire.Header("X-Amz-Tenant-Id", "TenantId"), wire.Payload("Payload"), wire.StatusField("StatusCode"),
			wire.Header("X-Amz-Function-Error", "FunctionError"), wire.Header("X-Amz-Log-Result", "LogResult"),
			wire.Header("X-Amz-Executed-Version", "ExecutedVersion")),
		wire.Op("InvokeAsync", s.InvokeAsync, wire.HTTP("POST", "/2014-11-13/functions/{FunctionName}/invoke-async"),
			wire.Payload("InvokeArgs"), wire.StatusField("Status")),

		wire.Op("PutFunctionConcurrency", s.PutFunctionConcurrency, wire.HTTP("PUT", "/2017-10-31/functions/{FunctionName}/concurrency")),
		wire.Op("GetFunctionConcurrency", s.GetFunctionConcurrency, wire.HTTP("GET", "/2019-09-30/functions/{FunctionName}/concurrency")),
		wire.Op("DeleteFunctionConcurrency", s.DeleteFunctionConcurrency, wire.HTTP("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency"), wire.Status(204)),

		wire.Op("PutFunctionEventInvokeConfig", s.PutFunctionEventInvokeConfig, wire.HTTP("PUT", asyncURI+qualifier)),
		wire.Op("UpdateFunctionEventInvokeConfig", s.UpdateFunctionEventInvokeConfig, wire.HTTP("POST", asyncURI+qualifier)),
		wire.Op("GetFunctionEventInvokeConfig", s.GetFunctionEventInvokeConfig, wire.HTTP("GET", asyncURI+qualifier)),
		wire.Op("DeleteFunctionEventInvokeConfig", s.DeleteFunctionEventInvokeConfig, wire.HTTP("DELETE", asyncURI+qualifier), wire.Status(204)),
		wire.Op("ListFunctionEventInvokeConfigs", s.ListFunctionEventInvokeConfigs, wire.HTTP("GET", asyncURI+"/list"+paging)),
	}
}

// otherOperations are those on permissions, event source mappings, tags and the
// account.
func (s *Service) otherOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("AddPermission", s.AddPermission, wire.HTTP("POST", functionURI+"/policy"+qualifier), wire.Status(201)),
		wire.Op("GetPolicy", s.GetPolicy, wire.HTTP("GET", functionURI+"/policy"+qualifier)),
		wire.Op("RemovePermission", s.RemovePermission, wire.HTTP("DELETE", functionURI+"/policy/{StatementId}"+qualifier+"&RevisionId={RevisionId}"), wire.Status(204)),

		wire.Op("CreateEventSourceMapping", s.CreateEventSourceMapping, wire.HTTP("POST", "/2015-03-31/event-source-mappings"), wire.Status(202)),
		wire.Op("ListEventSourceMappings", s.ListEventSourceMappings, wire.HTTP("GET", "/2015-03-31/event-source-mappings"+paging+"&EventSourceArn={EventSourceArn}&FunctionName={FunctionName}")),
		wire.Op("GetEventSourceMapping", s.GetEventSourceMapping, wire.HTTP("GET", mappingURI)),
		wire.Op("UpdateEventSourceMapping", s.UpdateEventSourceMapping, wire.HTTP("PUT", mappingURI), wire.Status(202)),
		wire.Op("DeleteEventSourceMapping", s.DeleteEventSourceMapping, wire.HTTP("DELETE", mappingURI), wire.Status(202)),

		wire.Op("GetFunctionCodeSigningConfig", s.GetFunctionCodeSigningConfig, wire.HTTP("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config")),
		wire.Op("GetAccountSettings", s.GetAccountSettings, wire.HTTP("GET", "/2016-08-19/account-settings")),

		wire.Op("TagResource", s.TagResource, wire.HTTP("POST", tagsURI), wire.Status(204)),
		wire.Op("UntagResource", s.UntagResource, wire.HTTP("DELETE", tagsURI+"?tagKeys={TagKeys}"), wire.Status(204)),
		wire.Op("ListTags", s.ListTags, wire.HTTP("GET", tagsURI)),
	}
}
