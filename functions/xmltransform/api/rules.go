package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/xmltransform/rules"
)

// How many rules a page has.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

func (a *api) list(ctx context.Context, r request) (answer.Answer, error) {
	written, err := r.query("limit")
	if err != nil {
		return answer.Answer{}, err
	}
	limit, err := readLimit(written)
	if err != nil {
		return answer.Answer{}, err
	}
	next, err := r.query("next")
	if err != nil {
		return answer.Answer{}, err
	}
	page, err := a.rules.List(ctx, limit, next)
	return answer.Answer{Status: http.StatusOK, Body: page}, err
}

func readLimit(s string) (int32, error) {
	if s == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, bad("limit: %.100q is not a number from 1 to %d", s, maxLimit)
	}
	return int32(n), nil
}

// get is a rule as it was written, whether it still compiles or not.
func (a *api) get(ctx context.Context, r request) (answer.Answer, error) {
	s, err := a.rules.Read(ctx, r.PathParameters["id"])
	if err != nil {
		return answer.Answer{}, err
	}
	out := answer.Answer{Status: http.StatusOK, Header: map[string]string{"ETag": etag(s.Version), "Cache-Control": "no-cache"}}
	if r.isKnown(etag(s.Version)) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.Body = answer.Content{Type: "application/json", Data: s.Text()}
	return out, nil
}

func (a *api) create(ctx context.Context, r request) (answer.Answer, error) {
	document, err := r.body()
	if err != nil {
		return answer.Answer{}, err
	}
	s, err := a.rules.Create(ctx, "", document)
	if err != nil {
		return answer.Answer{}, err
	}
	out := written(http.StatusCreated, s)
	out.Header["Location"] = r.location("rules/" + s.ID)
	return out, nil
}

// written is the answer to a rule that was stored.
func written(status int, s *rules.Stored) answer.Answer {
	return answer.Answer{Status: status, Body: s.Listed(), Header: map[string]string{"ETag": etag(s.Version)}}
}

// replace stores a rule over a version that the caller has seen.
func (a *api) replace(ctx context.Context, r request) (answer.Answer, error) {
	id, ifMatch := r.PathParameters["id"], r.header("If-Match")
	if r.header("If-None-Match") != "" {
		return a.createAt(ctx, id, r)
	}
	if ifMatch == "" {
		return answer.Answer{}, errUnconditional
	}
	over, err := versions(ifMatch)
	if err != nil {
		return answer.Answer{}, err
	}
	document, err := r.body()
	if err != nil {
		return answer.Answer{}, err
	}
	s, err := a.rules.Replace(ctx, id, over, document)
	if err != nil {
		return answer.Answer{}, err
	}
	return written(http.StatusOK, s), nil
}

// createAt creates a rule under an id, if there is none.
func (a *api) createAt(ctx context.Context, id string, r request) (answer.Answer, error) {
	switch _, all, err := readTags("If-None-Match", r.header("If-None-Match")); {
	case err != nil:
		return answer.Answer{}, err
	case !all:
		return answer.Answer{}, bad("If-None-Match is * here, to create a rule")
	case r.header("If-Match") != "":
		return answer.Answer{}, bad("If-Match replaces a rule, If-None-Match creates one: both cannot be")
	case !rules.ValidID(id):
		return answer.Answer{}, &rules.Mismatch{Has: id}
	}
	document, err := r.body()
	if err != nil {
		return answer.Answer{}, err
	}
	s, err := a.rules.Create(ctx, id, document)
	if errors.Is(err, rules.ErrExists) {
		return a.present(ctx, id)
	}
	if err != nil {
		return answer.Answer{}, err
	}
	return written(http.StatusCreated, s), nil
}

// present is the answer to a rule that was to be created and is there already.
func (a *api) present(ctx context.Context, id string) (answer.Answer, error) {
	s, err := a.rules.Read(ctx, id)
	if err != nil {
		return answer.Answer{}, err
	}
	return answer.Answer{}, fmt.Errorf("rule %s: %w", id, &rules.VersionError{Present: s.Version})
}

func (a *api) remove(ctx context.Context, r request) (answer.Answer, error) {
	var over []int
	if ifMatch := r.header("If-Match"); ifMatch != "" {
		var err error
		if over, err = versions(ifMatch); err != nil {
			return answer.Answer{}, err
		}
	}
	err := a.rules.Delete(ctx, r.PathParameters["id"], over)
	return answer.Answer{Status: http.StatusNoContent}, err
}
