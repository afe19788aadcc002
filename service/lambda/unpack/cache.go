package unpack

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/runnel/runnel/store"
)

// Cache holds unpacked packages, one folder each, named by their SHA-256.
// It belongs to one run of the runtime: a folder that a power cut has left may
// be incomplete, so NewCache begins with none.
type Cache struct {
	dir string

	mu      sync.Mutex
	folders map[string]*folder
}

// folder is a package that is, or is being, unpacked.
type folder struct {
	once sync.Once
	err  error
}

// NewCache is an empty cache in a folder of its own.
func NewCache(dir string) (*Cache, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return &Cache{dir: dir, folders: make(map[string]*folder)}, nil
}

// Path is where the package with this SHA-256 (base64) is unpacked.
func (c *Cache) Path(sha string) string {
	sum, err := base64.StdEncoding.DecodeString(sha)
	if err != nil {
		panic(err) // it is our own
	}
	return filepath.Join(c.dir, hex.EncodeToString(sum))
}

// Folder returns Path, after unpacking the package if need be.
func (c *Cache) Folder(st *store.Store, blob store.BlobID, sha string) (string, error) {
	path := c.Path(sha)
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
	z, err := ReadBlob(b)
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

// Remove gives a folder up. It is out of the way at once, and then removed while
// nobody waits.
func (c *Cache) Remove(sha string) error {
	path := c.Path(sha)
	gone := path + "-gone"
	c.mu.Lock()
	delete(c.folders, path)
	err := os.Rename(path, gone)
	c.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) { // it was never unpacked
		err = nil
	}
	return errors.Join(err, os.RemoveAll(gone))
}
