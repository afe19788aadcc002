package lambda

import (
	"archive/zip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/store"
)

// codeCache holds unpacked packages, one folder each, named by their SHA-256.
// It belongs to one run of the runtime: a folder that a power cut has left may
// be incomplete, so New begins with none.
type codeCache struct {
	dir string

	mu      sync.Mutex
	folders map[string]*folder
}

// folder is a package that is, or is being, unpacked.
type folder struct {
	once sync.Once
	err  error
}

func newCodeCache(dir string) *codeCache {
	return &codeCache{dir: dir, folders: make(map[string]*folder)}
}

// path is where the package with this SHA-256 (base64) is unpacked.
func (c *codeCache) path(sha string) string {
	sum, err := base64.StdEncoding.DecodeString(sha)
	if err != nil {
		panic(err) // it is our own
	}
	return filepath.Join(c.dir, hex.EncodeToString(sum))
}

// folder returns path, after unpacking the package if need be.
func (c *codeCache) folder(st *store.Store, blob store.BlobID, sha string) (string, error) {
	path := c.path(sha)
	c.mu.Lock()
	f, ok := c.folders[path]
	if !ok {
		f = new(folder)
		c.folders[path] = f
	}
	c.mu.Unlock()
	f.once.Do(func() { f.err = unpack(st, blob, path) })
	if f.err != nil {
		c.mu.Lock()
		if c.folders[path] == f {
			delete(c.folders, path) // the next one tries again
		}
		c.mu.Unlock()
	}
	return path, f.err
}

// unpack makes the folder in one step, so that no process ever starts in half
// of one.
func unpack(st *store.Store, blob store.BlobID, path string) error {
	b, err := st.OpenBlob(blob)
	if err != nil {
		return err
	}
	defer b.Close()
	z, err := zip.NewReader(b, b.Size())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(path), "unpacking-")
	if err != nil {
		return err
	}
	err = errors.Join(os.Chmod(part, 0o755), unzip(z, part))
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return nil
}

// remove gives a folder up.
func (c *codeCache) remove(sha string) error {
	path := c.path(sha)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.folders, path)
	return os.RemoveAll(path)
}

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
		if err := s.code.remove(sha); err != nil {
			s.log.Warn("unpacked code is not removed; the next start does", "err", err)
		}
	})
	return nil
}
