package unpack

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a file of a package to be made.
type entry struct {
	name, text string
	mode       fs.FileMode
	dos        bool // made on a system without permissions
}

func zipEntries(t *testing.T, entries ...entry) *zip.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name}
		if !e.dos {
			h.SetMode(e.mode)
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestUnzip(t *testing.T) {
	dir := t.TempDir()
	err := unzip(zipEntries(t,
		entry{name: "bootstrap", text: "run", mode: 0o755},
		entry{name: "lib/data.txt", text: "data", mode: 0o644},
		entry{name: "empty/", mode: fs.ModeDir | 0o755},
		entry{name: "lib/link", text: "../bootstrap", mode: fs.ModeSymlink | 0o777},
		entry{name: "windows.py", text: "x", dos: true},
	), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"bootstrap": 0o755, "lib/data.txt": 0o644, "empty": fs.ModeDir | 0o755, "lib/link": 0o755, "windows.py": 0o755,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "lib/link")); string(b) != "run" {
		t.Errorf("through the link: %q, %v", b, err)
	}
}

func TestUnzipRefuses(t *testing.T) {
	for name, entries := range map[string][]entry{
		"out":             {{name: "../out", mode: 0o644}},
		"absolute":        {{name: "/out", mode: 0o644}},
		"link out":        {{name: "link", text: "../out", mode: fs.ModeSymlink | 0o777}},
		"absolute link":   {{name: "link", text: "/etc", mode: fs.ModeSymlink | 0o777}},
		"deep link out":   {{name: "a/link", text: "../../out", mode: fs.ModeSymlink | 0o777}},
		"through a link":  {{name: "a", text: "b/../..", mode: fs.ModeSymlink | 0o777}, {name: "a/out", mode: 0o644}},
		"device":          {{name: "null", mode: fs.ModeDevice | 0o666}},
		"file for folder": {{name: "a", text: "x", mode: 0o644}, {name: "a/b", text: "y", mode: 0o644}},
	} {
		dir := t.TempDir()
		inner := filepath.Join(dir, "inner")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		z := zipEntries(t, entries...)
		if err := errors.Join(check(z), unzip(z, inner)); err == nil {
			t.Errorf("%s was unpacked", name)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s wrote outside: %v", name, left)
		}
	}
}

// TestUnzipCounts: a package that says it is small is not believed.
func TestUnzipCounts(t *testing.T) {
	z := zipEntries(t, entry{name: "a", text: strings.Repeat("x", 100), mode: 0o644})
	u := unzipper{root: mustRoot(t), left: 99}
	if err := u.entry(z.File[0]); err == nil {
		t.Error("100 bytes fit in 99")
	}
}

func mustRoot(t *testing.T) *os.Root {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func FuzzUnzip(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"bootstrap", "a/b", "a", "c/"} {
		if e, err := w.Create(name); err == nil {
			_, _ = e.Write([]byte("x"))
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		dir := t.TempDir()
		inner := filepath.Join(dir, "inner")
		if err := os.Mkdir(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = unzip(z, inner)
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("it wrote outside: %v", left)
		}
	})
}
