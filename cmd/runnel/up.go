package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/deploy"
)

func up(ctx context.Context, c *call) error {
	cfg, params := c.runtime(), c.parameters()
	data := c.flags.String("data", ".runnel", "`folder` of all state")
	stack := c.flags.String("stack", "", "`name` of the stack, if one template is given (default: the name of the template's folder)")
	c.flags.StringVar(&cfg.Listen, "listen", runnel.DefaultListen, "`address` to serve on; other than loopback needs --credentials")
	templates, err := c.parse(0, 100)
	if err != nil {
		return err
	}
	if len(templates) > 1 && *stack != "" {
		return usageError("--stack names one stack, and there are several templates")
	}
	cfg.Data = *data
	cfg.Logger = slog.New(slog.NewTextHandler(c.stderr, nil))
	return serving(ctx, *cfg, func(ctx context.Context, r *runnel.Runtime) error {
		fmt.Fprintf(c.stdout, "serving on %s, data in %s\n", r.Endpoint(), cfg.Data)
		for _, file := range templates {
			if err := deployFile(ctx, c.stdout, file, deploy.Options{AWS: r.AWS(), Stack: *stack, Parameters: params}); err != nil {
				return err
			}
		}
		if err := printAPIs(ctx, c.stdout, r.AWS()); err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "ready: export %s\n", strings.Join(exports(cfg, r.Endpoint()), " "))
		<-ctx.Done()
		return nil
	})
}

// exports is what makes clients reach the runtime. Some read one name of
// the region, some the other.
func exports(cfg *runnel.Config, endpoint string) []string {
	env := []string{"AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + cfg.Region, "AWS_DEFAULT_REGION=" + cfg.Region}
	if cfg.AccessKeys != "" {
		return append(env, "AWS_SHARED_CREDENTIALS_FILE="+absolute(cfg.AccessKeys))
	}
	return append(env, "AWS_ACCESS_KEY_ID=runnel", "AWS_SECRET_ACCESS_KEY=runnel")
}

// runtime adds the flags that every runtime has.
func (c *call) runtime() *runnel.Config {
	cfg := new(runnel.Config)
	c.flags.StringVar(&cfg.Account, "account", runnel.DefaultAccount, "account `id` in ARNs")
	c.flags.StringVar(&cfg.Region, "region", runnel.DefaultRegion, "`region` in ARNs")
	c.flags.StringVar(&cfg.AccessKeys, "credentials", "", "AWS shared credentials `file`: requests must be signed with one of its keys")
	c.flags.BoolFunc("metrics", "measure the services, for CloudWatch (default true)", func(v string) error {
		on, err := strconv.ParseBool(v)
		cfg.NoMetrics = !on
		return err
	})
	c.flags.IntVar(&cfg.Concurrency, "concurrency", 0, "how many functions run at once (default 64)")
	return cfg
}

// garbage is how much more than what lives may be allocated before the
// collector runs, in per cent. A runtime's live heap is a few MiB, and what a
// request leaves behind is worthless at once.
const garbage = 300

// serving runs a runtime while do does its work, and stops it after. An error
// of the runtime ends do's context.
func serving(ctx context.Context, cfg runnel.Config, do func(context.Context, *runnel.Runtime) error) error {
	debug.SetGCPercent(garbage)
	r, err := runnel.New(cfg)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	working, cancel := context.WithCancelCause(ctx)
	ended := make(chan error, 1)
	go func() {
		err := r.Run(running)
		if err != nil {
			cancel(err)
		}
		ended <- err
	}()
	err = do(working, r)
	stop()
	return errors.Join(err, <-ended, r.Close())
}
