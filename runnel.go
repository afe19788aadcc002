// Package runnel is a runtime for event-driven data pipelines: the AWS
// services that they need, behind AWS's own APIs, in one process and on one
// durable store. Programs and tests start it from here; cmd/runnel is its
// command line.
//
//	r, err := runnel.New(runnel.Config{Data: dir})
//	...
//	defer r.Close()
//	go r.Run(ctx)
//	s3.NewFromConfig(r.AWS())
//
// This is the only place that wires: it makes the store, then the services on
// it, and tells each how to reach the others.
package runnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/apigateway"
	"github.com/runnel/runnel/service/cloudformation"
	"github.com/runnel/runnel/service/cloudwatch"
	"github.com/runnel/runnel/service/dynamodb"
	dynamodbmetrics "github.com/runnel/runnel/service/dynamodb/metrics"
	"github.com/runnel/runnel/service/eventbridge"
	"github.com/runnel/runnel/service/iam"
	"github.com/runnel/runnel/service/lambda"
	"github.com/runnel/runnel/service/logs"
	"github.com/runnel/runnel/service/s3"
	s3metrics "github.com/runnel/runnel/service/s3/metrics"
	"github.com/runnel/runnel/service/sns"
	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Defaults of a Config.
const (
	DefaultListen  = "127.0.0.1:4566"
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// Config says what to run. Data alone is needed.
type Config struct {
	Data    string // folder of all state
	Listen  string // host:port; port 0 takes a free one
	Account string // in ARNs; twelve digits
	Region  string // in ARNs

	// AccessKeys is an AWS shared credentials file. With it every request must
	// be signed with one of its keys, or with one that the runtime gave out.
	AccessKeys string

	// Concurrency is how many functions run at once.
	Concurrency int

	// Function is the command that runs the pipelines' own functions; nil is
	// this program with the argument "function".
	Function []string

	// NoMetrics has the services not measured. CloudWatch then knows what it is
	// given, and nothing of its own.
	NoMetrics bool

	Clock  *store.Clock // nil: the machine's
	Logger *slog.Logger // nil: slog.Default()
}

// Runtime is a runtime, bound to its folder and its port.
type Runtime struct {
	cfg      Config
	store    *store.Store
	listener net.Listener
	server   *http.Server
	mux      *wire.Mux
	services
}

// services are what the runtime consists of.
type services struct {
	identity  *iam.Service
	metrics   *cloudwatch.Service
	logs      *logs.Service
	buckets   *s3.Service
	queues    *sqs.Service
	topics    *sns.Service
	buses     *eventbridge.Service
	tables    *dynamodb.Service
	functions *lambda.Service
	gateway   *apigateway.Service
	stacks    *cloudformation.Service
}

// New opens the folder and the port. It serves nobody until Run.
func New(cfg Config) (*Runtime, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	keys, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	st, err := store.Open(cfg.Data, store.Options{Clock: cfg.Clock, Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	r := &Runtime{cfg: cfg, store: st}
	if err := r.bind(keys); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// complete fills in what was left out and refuses what cannot be.
func (c *Config) complete() error {
	c.Listen = cmp.Or(c.Listen, DefaultListen)
	c.Account = cmp.Or(c.Account, DefaultAccount)
	c.Region = cmp.Or(c.Region, DefaultRegion)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	switch {
	case c.Data == "":
		return errors.New("no data folder is given")
	case !digits(c.Account, 12):
		return fmt.Errorf("account %q: want twelve digits", c.Account)
	case !loopback(c.Listen) && c.AccessKeys == "":
		return errOpen
	}
	if c.Function == nil {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Function = []string{self, "function"}
	}
	return nil
}

func digits(s string, n int) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) == n
}

func (c *Config) keys() (accessKeys, error) {
	if c.AccessKeys == "" {
		return nil, nil
	}
	return readAccessKeys(c.AccessKeys)
}

// bind opens the port and wires the services.
func (r *Runtime) bind(keys accessKeys) error {
	cert, err := certificate(r.cfg.Data, r.store.Clock().Now())
	if err != nil {
		return err
	}
	if r.listener, err = listen(context.Background(), r.cfg.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	r.server = &http.Server{
		TLSConfig:         serverTLS(cert),
		ReadHeaderTimeout: sniffTimeout,
		IdleTimeout:       sniffTimeout,
		ErrorLog:          slog.NewLogLogger(r.cfg.Logger.Handler(), slog.LevelDebug),
	}
	if err := r.wire(keys); err != nil {
		return err
	}
	r.server.Handler = r.mux
	return nil
}

// wire makes the services, each with what it needs of those before it, and
// connects them.
func (r *Runtime) wire(keys accessKeys) error {
	cfg, log, st := r.cfg, r.cfg.Logger, r.store
	account, region := cfg.Account, cfg.Region
	router := event.NewRouter()

	r.metrics = cloudwatch.New(st, cloudwatch.Config{Account: account, Region: region, Router: router, Logger: log})
	var measured event.Metrics = r.metrics
	if cfg.NoMetrics {
		measured = event.NoMetrics{}
	}
	r.identity = iam.New(st, iam.Config{Account: account})
	r.mux = wire.NewMux(wire.Config{
		Region: region, Account: account, Logger: log,
		Credentials: keyring{own: keys, account: account, issued: r.identity},
		Require:     keys != nil,
		Observe:     cfg.observer(measured),
	})
	r.logs = logs.New(st, logs.Config{Account: account, Region: region, Metrics: measured})
	r.buckets = s3.New(st, s3.Config{Account: account, Region: region, Router: router, Logger: log})
	r.queues = sqs.New(st, sqs.Config{Account: account, Region: region, Metrics: measured, Logger: log})
	r.topics = sns.New(st, sns.Config{Account: account, Region: region, Endpoint: r.Endpoint(), Router: router, Metrics: measured, Logger: log})
	r.buses = eventbridge.New(st, eventbridge.Config{Account: account, Region: region, Router: router, Metrics: measured, Logger: log})
	r.tables = dynamodb.New(st, dynamodb.Config{Account: account, Region: region})
	r.gateway = apigateway.New(st, apigateway.Config{Account: account, Region: region, Router: router, Metrics: measured, Logger: log})
	r.stacks = cloudformation.New(st, cloudformation.Config{Account: account, Region: region, Router: router, AWS: r.AWS(), Logger: log})
	var err error
	r.functions, err = lambda.New(st, lambda.Config{
		Account: account, Region: region, Logger: log, Metrics: measured,
		Router: router, Logs: r.logs, Roles: r.identity,
		AWS: r.AWS(), Endpoint: r.Endpoint(),
		Dir:  filepath.Join(cfg.Data, "functions"),
		Self: cfg.Function, Concurrency: cfg.Concurrency,
	})
	if err != nil {
		return err
	}
	r.connect(router)
	return nil
}

// connect tells the router who answers for which ARNs, and the mux for which
// requests.
func (r *Runtime) connect(router *event.Router) {
	router.HandleTarget("sqs", r.queues)
	router.HandleTarget("sns", r.topics)
	router.HandleTarget("events", r.buses)
	router.HandleTarget("lambda", r.functions)
	router.HandleQueue("sqs", r.queues)
	router.HandleFunctions(r.functions)

	for _, api := range []wire.API{
		r.buckets.API(), r.queues.API(), r.topics.API(), r.buses.API(), r.tables.API(), r.functions.API(), r.gateway.API(),
		r.logs.API(), r.metrics.API(), r.identity.API(), r.identity.STS(), r.stacks.API(),
	} {
		r.mux.Handle(api)
	}
	r.mux.Divert(r.gateway.Match, r.gateway.Handler())
	r.mux.Divert(r.topics.Match, r.topics.Handler())
}

// observer counts the requests of the services that are measured by them.
func (c *Config) observer(m event.Metrics) func(wire.Call) {
	if c.NoMetrics {
		return nil
	}
	return func(call wire.Call) {
		switch call.Service {
		case "s3":
			s3metrics.Observe(m, call)
		case "dynamodb":
			dynamodbmetrics.Observe(m, call)
		}
	}
}

// Endpoint is the URL at which the runtime serves.
func (r *Runtime) Endpoint() string {
	addr := r.listener.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", addr.Port)
	}
	return "http://" + addr.String()
}

// AWS configures SDK clients that reach the runtime without a network, as the
// account's root.
func (r *Runtime) AWS() aws.Config {
	endpoint := r.Endpoint()
	return aws.Config{
		Region:       r.cfg.Region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("runnel", "runnel", ""),
		HTTPClient:   &http.Client{Transport: rootTransport{wire.InProcess(handlerFunc(r)), r.cfg.Account}},
	}
}

// handlerFunc is the runtime's handler, which need not be there yet.
func handlerFunc(r *Runtime) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) })
}

// rootTransport sends requests as the account's root.
type rootTransport struct {
	http.RoundTripper
	account string
}

func (t rootTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.RoundTripper.RoundTrip(req.WithContext(wire.WithPrincipal(req.Context(), rootOf(t.account))))
}
