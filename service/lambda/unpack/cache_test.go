package unpack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/runnel/runnel/store/storetest"
)

// TestCache: many who need a package at once get one folder, whole; it can be
// removed and made again.
func TestCache(t *testing.T) {
	data := make([]byte, 300<<10) // more than a window, and it does not compress
	rng := rand.NewChaCha8([32]byte{})
	if _, err := rng.Read(data); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	z := zip.NewWriter(&text)
	for _, name := range []string{"bootstrap", "lib/more"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t)
	w, err := st.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	blob, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text.Bytes())
	sha := base64.StdEncoding.EncodeToString(sum[:])
	c, err := NewCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				dir, err := c.Folder(st, blob, sha)
				if err != nil {
					t.Error(err)
					return
				}
				for _, name := range []string{"bootstrap", "lib/more"} {
					if got, err := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(got, data) {
						t.Errorf("%s: %d bytes, %v", name, len(got), err)
					}
				}
			})
		}
		all.Wait()
		if err := c.Remove(sha); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(c.Path(sha)); err == nil {
			t.Error("the folder is still there")
		}
	}
	st.DiscardBlob(blob)
	if _, err := c.Folder(st, blob, sha); err == nil {
		t.Error("a blob that is gone was unpacked")
	}
}
