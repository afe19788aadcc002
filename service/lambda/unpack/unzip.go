// Package unpack turns deployment packages, which are zip files of strangers,
// into folders that functions run in.
package unpack

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/runnel/runnel/store"
)

// MaxSize is what a package may take unpacked, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MaxSize = 262144000

const (
	maxFiles = 100_000
	maxLink  = 4 << 10 // bytes of a symbolic link
)

// What can be wrong with a package.
var (
	ErrFormat = errors.New("not a zip file of files and folders within one folder")
	ErrEmpty  = errors.New("an empty zip file")
	ErrSize   = fmt.Errorf("more than %d bytes unpacked", MaxSize)
)

// Read reads and checks the directory of a package.
func Read(r io.ReaderAt, size int64) (*zip.Reader, error) {
	z, err := zip.NewReader(r, size)
	if errors.Is(err, store.ErrCorrupt) {
		return nil, err // not the package's fault
	}
	if err != nil {
		return nil, ErrFormat
	}
	return z, check(z)
}

// check looks at a package's directory: sizes, and that all names stay
// inside.
func check(z *zip.Reader) error {
	if len(z.File) == 0 {
		return ErrEmpty
	}
	if len(z.File) > maxFiles {
		return ErrFormat
	}
	var size uint64
	for _, f := range z.File {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.Contains(f.Name, "\x00") {
			return ErrFormat
		}
		size += f.UncompressedSize64
		if size > MaxSize {
			return ErrSize
		}
	}
	return nil
}

// unzip unpacks z into dir, which must be empty. Modes are kept; nothing is
// written outside of dir, and symbolic links lead nowhere else. Sizes are
// counted as they are unpacked: what the directory says is a stranger's word.
func unzip(z *zip.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	u := unzipper{root: root, left: MaxSize}
	for _, f := range z.File {
		if err := u.entry(f); err != nil {
			return errors.Join(fmt.Errorf("unpack %s: %w", f.Name, err), root.Close())
		}
	}
	return root.Close()
}

type unzipper struct {
	root *os.Root // refuses names and links that lead out
	left int64    // bytes that may still be unpacked
}

func (u *unzipper) entry(f *zip.File) error {
	name := filepath.FromSlash(path.Clean(f.Name))
	mode := f.Mode()
	if mode.IsDir() {
		return u.root.MkdirAll(name, 0o755)
	}
	if err := u.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if mode&fs.ModeSymlink != 0 {
		return u.link(f, name)
	}
	if !mode.IsRegular() {
		return fmt.Errorf("neither a file, a folder nor a link: %v", mode)
	}
	return u.file(f, name, permissions(f))
}

// permissions are the file's own; packages from systems without any are
// readable and executable, as on Lambda.
func permissions(f *zip.File) fs.FileMode {
	const msdos = 0
	if f.CreatorVersion>>8 == msdos {
		return 0o755
	}
	return f.Mode().Perm() | 0o400
}

func (u *unzipper) file(f *zip.File, name string, perm fs.FileMode) error {
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := u.root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(dst, io.LimitReader(src, u.left+1))
	u.left -= n
	if err == nil && u.left < 0 {
		err = ErrSize
	}
	if err == nil {
		err = dst.Chmod(perm)
	}
	return errors.Join(err, dst.Close())
}

func (u *unzipper) link(f *zip.File, name string) error {
	src, err := f.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	b, err := io.ReadAll(io.LimitReader(src, maxLink))
	if err != nil {
		return err
	}
	to := filepath.FromSlash(string(b))
	if !filepath.IsLocal(filepath.Join(filepath.Dir(name), to)) || filepath.IsAbs(to) {
		return fmt.Errorf("link to %s leads out of the package", to)
	}
	return u.root.Symlink(to, name)
}
