package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	"github.com/runnel/runnel/transform/rule"
)

// A refusal is what is wrong with a request, and the status that says so.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

// bad is a request that is wrong in itself.
func bad(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// A complaint is the body of every answer that is not a success.
type complaint struct {
	Message  string            `json:"message"`
	Failures []rule.Failure    `json:"failures,omitempty"` // of a document
	Problems rule.Problems     `json:"problems,omitempty"` // of a rule
	Cases    []rule.CaseResult `json:"cases,omitempty"`    // that a rule fails
	Version  int               `json:"version,omitempty"`  // of a rule, that is not the one meant
}

// statuses are of errors whose text is all there is to say.
var statuses = []struct {
	err    error
	status int
}{
	{rules.ErrNotFound, http.StatusNotFound},
	{rules.ErrExists, http.StatusConflict},
	{rules.ErrToken, http.StatusBadRequest},
}

// failure is the answer to an error. What the caller can mend is told to the
// caller; the rest is logged, and the caller learns that it is not theirs.
func failure(ctx context.Context, err error) answer.Answer {
	if a, ok := refused(err); ok {
		return a
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return answer.Refuse(s.status, err.Error())
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return answer.Refuse(http.StatusGatewayTimeout, "this takes longer than an answer may; a file that is put into the bucket has more time")
	}
	return answer.Failure(ctx, err)
}

// refused is the answer to an error that has a type of its own.
func refused(err error) (a answer.Answer, ok bool) {
	var (
		ours     *refusal
		rejected *rule.Rejected
		problems rule.Problems
		failed   *rules.Failed
		version  *rules.VersionError
		large    *rules.TooLarge
		mismatch *rules.Mismatch
	)
	switch {
	case errors.As(err, &ours):
		return answer.Refuse(ours.status, ours.message), true
	case errors.As(err, &rejected):
		return unprocessable(complaint{Message: err.Error(), Failures: rejected.Failures}), true
	case errors.As(err, &problems):
		return unprocessable(complaint{Message: err.Error(), Problems: problems}), true
	case errors.As(err, &failed):
		return unprocessable(complaint{Message: err.Error(), Cases: failed.Cases}), true
	case errors.As(err, &version):
		return answer.Answer{
			Status: http.StatusPreconditionFailed, Header: map[string]string{"ETag": etag(version.Present)},
			Body: complaint{Message: err.Error(), Version: version.Present},
		}, true
	case errors.As(err, &large):
		return answer.Refuse(http.StatusRequestEntityTooLarge, err.Error()), true
	case errors.As(err, &mismatch):
		return answer.Refuse(http.StatusBadRequest, err.Error()), true
	}
	return answer.Answer{}, false
}

func unprocessable(c complaint) answer.Answer {
	return answer.Answer{Status: http.StatusUnprocessableEntity, Body: c}
}
