package lambda

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/store"
)

// codeTimer is the kind of timers that remove folders which no version needs.
// The id is the package's SHA-256.
const codeTimer = "lambda/code"

// codeRest is how long a folder outlives its last version: longer than any
// invocation that may still run in it.
const codeRest = (maxTimeout + 60) * time.Second

// gone gives up what a version that is deleted holds.
func (s *Service) gone(tx *store.Tx, row *versionRow) {
	tx.Release(row.Code)
	s.retire(tx, row)
	s.retireCode(tx, row)
}

// retire ends the processes of a version that has changed or is gone.
func (s *Service) retire(tx *store.Tx, row *versionRow) {
	arn := s.arn(ref{aws.ToString(row.Config.FunctionName), aws.ToString(row.Config.Version)})
	tx.OnCommit(func() { s.exec.Retire(arn) })
}

// retireCode has the folder of a version's former code removed in a while.
func (s *Service) retireCode(tx *store.Tx, row *versionRow) {
	tx.SetTimer(codeTimer, aws.ToString(row.Config.CodeSha256), tx.Now().Add(codeRest))
}

// sweepCode removes a folder, unless a version has the same code.
func (s *Service) sweepCode(_ context.Context, tx *store.Tx, sha string) error {
	for k := range tx.Scan(store.Prefix(key("version"))) {
		var row versionRow
		if tx.GetJSON(k, &row) && aws.ToString(row.Config.CodeSha256) == sha {
			return nil
		}
	}
	tx.OnCommit(func() {
		if err := s.code.Remove(sha); err != nil {
			s.log.Warn("unpacked code is not removed; the next start does", "err", err)
		}
	})
	return nil
}
