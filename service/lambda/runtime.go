package lambda

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/store"
)

// sandboxFunction is a version as processes run it.
func (s *Service) sandboxFunction(row *versionRow) *sandbox.Function {
	c := &row.Config
	version := aws.ToString(c.Version)
	name := aws.ToString(c.FunctionName)
	f := &sandbox.Function{
		ARN:      s.arn(ref{name, version}),
		Revision: aws.ToString(c.RevisionId),
		Name:     name, Version: version,
		Handler: aws.ToString(c.Handler), Runtime: string(c.Runtime),
		Dir:      s.code.Path(aws.ToString(c.CodeSha256)),
		Timeout:  time.Duration(aws.ToInt32(c.Timeout)) * time.Second,
		MemoryMB: int(aws.ToInt32(c.MemorySize)),
	}
	if c.LoggingConfig != nil {
		f.LogGroup = aws.ToString(c.LoggingConfig.LogGroup)
	}
	if c.Environment != nil {
		f.Env = c.Environment.Variables
	}
	if s.cfg.Roles != nil {
		role := aws.ToString(c.Role)
		f.Credentials = func(ctx context.Context) (sandbox.Credentials, error) {
			creds, err := s.roles.get(ctx, role, name)
			return sandbox.Credentials(creds), err
		}
	}
	return f
}

// roleCache keeps the credentials of roles, each in a session that is named after
// the function as Lambda does, for as long as they are good for, so
// that a process can start without a commit.
type roleCache struct {
	roles event.Roles
	clock *store.Clock

	mu    sync.Mutex
	known map[string]event.Credentials // by session and role
}

// credentialsLeft is for how long credentials must still be valid for a process
// to start with them.
const credentialsLeft = time.Hour

func (c *roleCache) get(ctx context.Context, role, session string) (event.Credentials, error) {
	id := session + " " + role
	c.mu.Lock()
	creds, ok := c.known[id]
	c.mu.Unlock()
	if ok && c.clock.Now().Add(credentialsLeft).Before(creds.Expires) {
		return creds, nil
	}
	return c.renew(ctx, role, session)
}

// renew asks for new credentials.
func (c *roleCache) renew(ctx context.Context, role, session string) (event.Credentials, error) {
	a, err := arn.Parse(role)
	if err != nil {
		return event.Credentials{}, event.ErrNotFound
	}
	creds, err := c.roles.Assume(ctx, a, session, "lambda.amazonaws.com")
	if err != nil {
		return event.Credentials{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[session+" "+role] = creds
	return creds, nil
}
