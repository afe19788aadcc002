// Package s3 is Amazon S3: buckets, objects, multipart uploads and event
// notifications (https://docs.aws.amazon.com/AmazonS3/latest/API/).
//
// What holds:
//
//   - An object is one row, in the transaction that its notifications commit
//     in: a function hears of an object if and only if the object is there.
//   - A body of up to [store.InlineLimit] bytes is a row beside it; a larger
//     one is a file that was fsynced before the commit, or, after a multipart
//     upload, a list of such files. A copy is one more name for those files.
//   - A reader gets the bytes of the one version that it began with, however
//     often the object is overwritten or deleted meanwhile.
//   - Bodies pass through in constant memory, both ways.
//   - Keys sort by their UTF-8 bytes, in lists as on disk.
//
// Where it differs from AWS: the copy of an object that came by a multipart
// upload keeps the ETag and the checksum of its source (AWS reads all of it
// and computes new ones); a bucket may be made in any region, whatever the
// runtime's own is. Policies and access control lists of buckets are checked,
// and refused where object ownership or a public access block forbids them, but
// nobody's access depends on them: a request that the runtime lets in is the
// account's, and one that it does not, such as an unsigned one where access keys
// are configured, gets nothing, be a bucket public or not.
//
// Not here: versioning, object lock, lifecycle, replication, websites, logging,
// encryption with customer or KMS keys, ACLs of objects other than the owner's,
// S3 Select, storage classes that need a restore, directory buckets, POST forms.
// What asks for them is refused with NotImplemented, never ignored.
package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/notification"
	"github.com/runnel/runnel/store"
)

// Config is what the service must know of the runtime.
type Config struct {
	Account string
	Region  string // of buckets that are made without a LocationConstraint
	Router  *event.Router
	Logger  *slog.Logger // nil: slog.Default()
}

// Service is S3. Its operations are methods named as AWS names them, each one
// transaction. Those on buckets alone are of package buckets, and those
// on notifications of package notification.
type Service struct {
	*buckets.Service
	*notification.Notifier

	st    *store.Store
	cfg   Config
	log   *slog.Logger
	owner string // canonical user ID of the account
	pins  pins
}

// New returns the service on st. Run does its background work.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Router == nil {
		cfg.Router = event.NewRouter()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{st: st, cfg: cfg, log: cfg.Logger, owner: canonicalID(cfg.Account)}
	s.Service = buckets.New(st, buckets.Config{Region: cfg.Region, Owner: s.owner})
	s.Notifier = notification.New(st, notification.Config{
		Account: cfg.Account, Region: cfg.Region, Owner: s.owner, Router: cfg.Router, Logger: cfg.Logger,
	})
	s.pins.count = make(map[store.BlobID]int)
	return s
}

// canonicalID is the account's canonical user ID: 64 hexadecimal digits.
func canonicalID(account string) string {
	sum := sha256.Sum256([]byte("canonical user " + account))
	return hex.EncodeToString(sum[:])
}
