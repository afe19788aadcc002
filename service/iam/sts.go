package iam

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// session is the row of temporary credentials.
type session struct {
	Secret, Token string
	ARN, UserID   string // of the assumed role, or of whoever asked for a token
	Expires       time.Time
}

// sessionTimer is the kind of timer that removes credentials that have ended.
const sessionTimer = "iam.session"

// sessionGrace is how long ended credentials are known as such, so that their
// user is told ExpiredToken.
const sessionGrace = time.Hour

func sessionKey(accessKey string) store.Key { return store.K("iam", "session", accessKey) }

// newSession makes credentials in tx.
func (s *Service) newSession(tx *store.Tx, arn, userID string, d time.Duration) event.Credentials {
	c := event.Credentials{
		AccessKeyID:     newID("ASIA")[:20],
		SecretAccessKey: random(30),
		SessionToken:    random(96),
		Expires:         tx.Now().Add(d).Truncate(time.Second),
	}
	row := session{c.SecretAccessKey, c.SessionToken, arn, userID, c.Expires}
	tx.PutJSON(sessionKey(c.AccessKeyID), row)
	tx.SetTimer(sessionTimer, c.AccessKeyID, c.Expires.Add(sessionGrace))
	tx.OnCommit(func() { s.sessions.Store(c.AccessKeyID, row) })
	return c
}

// random is n random bytes in base 64.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

func (s *Service) expire(_ context.Context, tx *store.Tx, accessKey string) error {
	tx.Delete(sessionKey(accessKey))
	tx.OnCommit(func() { s.sessions.Delete(accessKey) })
	return nil
}

// Lookup implements [wire.Credentials] for the credentials given out here.
func (s *Service) Lookup(ctx context.Context, accessKey string) (secret, token string, p wire.Principal, err error) {
	row, err := s.session(ctx, accessKey)
	if err != nil {
		return "", "", p, err
	}
	if s.st.Clock().Now().After(row.Expires) {
		return "", "", p, wire.ErrExpiredKey
	}
	return row.Secret, row.Token, wire.Principal{ARN: row.ARN, Account: s.cfg.Account, UserID: row.UserID}, nil
}

// session returns the row, from memory where it was read before.
func (s *Service) session(ctx context.Context, accessKey string) (row session, err error) {
	if !strings.HasPrefix(accessKey, "ASIA") {
		return row, wire.ErrUnknownKey
	}
	if v, ok := s.sessions.Load(accessKey); ok {
		return v.(session), nil
	}
	found := false
	err = s.st.View(ctx, func(tx *store.Tx) error { found = tx.GetJSON(sessionKey(accessKey), &row); return nil })
	if err == nil && !found {
		err = wire.ErrUnknownKey
	}
	if err == nil {
		s.sessions.Store(accessKey, row)
	}
	return row, err
}

// serviceSession is how long a session lasts that a service asks for.
const serviceSession = 12 * time.Hour

// Assume implements [event.Roles].
func (s *Service) Assume(ctx context.Context, arn event.ARN, name, service string) (c event.Credentials, err error) {
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := s.roleOf(tx, arn.String())
		if err != nil {
			return err
		}
		trust, err := policy.Parse(r.Trust)
		if err != nil {
			return err
		}
		if !policy.Allows(trust, service, "sts:AssumeRole", arn.String(), nil) {
			return fmt.Errorf("the trust policy of %s does not let %s assume it: %w", arn, service, event.ErrDenied)
		}
		c = s.newSession(tx, s.assumedARN(r, name), r.ID+":"+name, serviceSession)
		return nil
	})
	return c, err
}

// roleOf finds the role behind an ARN, or [event.ErrNotFound].
func (s *Service) roleOf(tx *store.Tx, arn string) (*role, error) {
	r, err := loadRole(tx, arn[strings.LastIndexByte(arn, '/')+1:])
	if err != nil || s.roleARN(r) != arn {
		return nil, fmt.Errorf("role %s: %w", arn, event.ErrNotFound)
	}
	return r, nil
}

func (s *Service) assumedARN(r *role, name string) string {
	return fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", s.cfg.Account, r.Name, name)
}

// GetCallerIdentity implements the operation of that name.
func (s *Service) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	p := s.caller(ctx)
	return &sts.GetCallerIdentityOutput{Account: &p.Account, Arn: &p.ARN, UserId: &p.UserID}, nil
}

// caller is who sent the request; the account's root where nobody signed it.
func (s *Service) caller(ctx context.Context) wire.Principal {
	p := wire.RequestOf(ctx).Principal
	return wire.Principal{
		ARN:     cmp.Or(p.ARN, "arn:aws:iam::"+s.cfg.Account+":root"),
		Account: cmp.Or(p.Account, s.cfg.Account),
		UserID:  cmp.Or(p.UserID, s.cfg.Account),
	}
}

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// AssumeRole implements the operation of that name. Who may assume the role is
// not judged yet; see the package's doc.
func (s *Service) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	name, arn := aws.ToString(in.RoleSessionName), aws.ToString(in.RoleArn)
	if !sessionName.MatchString(name) {
		return nil, errConstraint(name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	seconds := cmp.Or(aws.ToInt32(in.DurationSeconds), 3600)
	if seconds < 900 || seconds > 43200 {
		return nil, errConstraint(seconds, "durationSeconds", "Member must have value between 900 and 43200")
	}
	out := new(sts.AssumeRoleOutput)
	return out, s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := s.roleOf(tx, arn)
		if err != nil {
			return errNotAssumable(s.caller(ctx).ARN, arn)
		}
		if seconds > r.MaxSession {
			return wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
		assumed, id := s.assumedARN(r, name), r.ID+":"+name
		out.AssumedRoleUser = &types.AssumedRoleUser{Arn: &assumed, AssumedRoleId: &id}
		out.Credentials = described(s.newSession(tx, assumed, id, time.Duration(seconds)*time.Second))
		return nil
	})
}

// errNotAssumable is what STS says of a role that is not there, too.
func errNotAssumable(caller, arn string) error {
	return wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", caller, arn)
}

func described(c event.Credentials) *types.Credentials {
	return &types.Credentials{AccessKeyId: &c.AccessKeyID, SecretAccessKey: &c.SecretAccessKey, SessionToken: &c.SessionToken, Expiration: &c.Expires}
}

// GetSessionToken implements the operation of that name.
func (s *Service) GetSessionToken(ctx context.Context, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	seconds := cmp.Or(aws.ToInt32(in.DurationSeconds), 43200)
	if seconds < 900 || seconds > 129600 {
		return nil, errConstraint(seconds, "durationSeconds", "Member must have value between 900 and 129600")
	}
	p := s.caller(ctx)
	out := new(sts.GetSessionTokenOutput)
	return out, s.st.Update(ctx, func(tx *store.Tx) error {
		out.Credentials = described(s.newSession(tx, p.ARN, p.UserID, time.Duration(seconds)*time.Second))
		return nil
	})
}

// GetAccessKeyInfo implements the operation of that name: all keys are the
// account's.
func (s *Service) GetAccessKeyInfo(_ context.Context, _ *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	return &sts.GetAccessKeyInfoOutput{Account: &s.cfg.Account}, nil
}
