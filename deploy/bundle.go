package deploy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bundle is what is uploaded for a local path.
type bundle struct {
	body []byte
	ext  string // of the key: ".zip"
}

// builtinBootstrap is the whole content of a bootstrap that the runnel binary
// is itself: see the sandbox of service/lambda.
const builtinBootstrap = "#!runnel\n"

// file is a bundle of one file as it is.
func (t *Template) file(_ context.Context, _ *uploader, path string, _ runtimeOf) (*bundle, error) {
	body, err := os.ReadFile(t.local(path))
	if err != nil {
		return nil, err
	}
	return &bundle{body, filepath.Ext(path)}, nil
}

// nested is a template that another one names, with what it names itself.
func (t *Template) nested(ctx context.Context, up *uploader, path string, _ runtimeOf) (*bundle, error) {
	if t.depth == maxNesting {
		return nil, fmt.Errorf("templates nest more than %d deep", maxNesting)
	}
	inner, err := ReadTemplate(t.local(path))
	if err != nil {
		return nil, err
	}
	inner.Builtin, inner.depth = t.Builtin, t.depth+1
	body, err := inner.pack(ctx, up)
	return templateBundle(body), err
}

func templateBundle(body string) *bundle { return &bundle{[]byte(body), ".template"} }

// code is the deployment package of a function: a zip as it is, any other
// file and a folder zipped, a Go package built.
func (t *Template) code(ctx context.Context, _ *uploader, path string, code runtimeOf) (*bundle, error) {
	dir := t.local(path)
	if t.Builtin != nil && t.Builtin(dir) {
		return zipFiles(map[string][]byte{executable(code): []byte(builtinBootstrap)})
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.IsDir():
		return codeFile(dir)
	case code.goPackage(dir):
		return buildGo(ctx, dir, code)
	}
	return zipDir(dir)
}

// codeFile is a file of code: a zip (or a jar, which is one) as it is, any
// other zipped.
func codeFile(path string) (*bundle, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(body, []byte("PK")) {
		return &bundle{body, filepath.Ext(path)}, nil
	}
	return zipFiles(map[string][]byte{filepath.Base(path): body})
}

// executable is the file that a custom runtime starts.
func executable(code runtimeOf) string {
	if code.runtime == "go1.x" {
		return code.handler
	}
	return "bootstrap"
}

// goPackage reports whether dir holds the source of a Go program and not the
// program.
func (code runtimeOf) goPackage(dir string) bool {
	if code.runtime != "go1.x" && !strings.HasPrefix(code.runtime, "provided") {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, executable(code))); err == nil {
		return false
	}
	pkg, err := build.ImportDir(dir, 0)
	return err == nil && pkg.Name == "main"
}

// buildGo builds the package in dir with the machine's Go.
func buildGo(ctx context.Context, dir string, code runtimeOf) (*bundle, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("%s is a Go package, and there is no go command to build it with: install Go, or build it to %s", dir, filepath.Join(dir, executable(code)))
	}
	tmp, err := os.MkdirTemp("", "runnel-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "bootstrap")
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build in %s: %w\n%s", dir, err, msg)
	}
	body, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return zipFiles(map[string][]byte{executable(code): body})
}

func zipFiles(files map[string][]byte) (*bundle, error) {
	return zipped(func(z *zip.Writer) error {
		for name, body := range files {
			if err := addFile(z, name, 0o755, bytes.NewReader(body)); err != nil {
				return err
			}
		}
		return nil
	})
}

// zipDir zips a folder. Links are followed to files, and not to folders.
func zipDir(dir string) (*bundle, error) {
	return zipped(func(z *zip.Writer) error {
		empty := true
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			empty = false
			return addPath(z, dir, path, info.Mode())
		})
		if err == nil && empty {
			err = errors.New(dir + " is an empty folder")
		}
		return err
	})
}

func addPath(z *zip.Writer, dir, path string, mode fs.FileMode) error {
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return addFile(z, filepath.ToSlash(name), mode.Perm(), f)
}

// zipEpoch is the time of all entries, so that the same files are the same
// zip and an unchanged function is not updated.
var zipEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func addFile(z *zip.Writer, name string, mode fs.FileMode, body io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipEpoch}
	h.SetMode(mode)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	return err
}

func zipped(fill func(*zip.Writer) error) (*bundle, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	if err := fill(z); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &bundle{buf.Bytes(), ".zip"}, nil
}
