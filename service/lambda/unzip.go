package lambda

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
)

const (
	maxFiles = 100_000
	maxLink  = 4 << 10 // bytes of a symbolic link
)

// checkZip looks at a package's directory: sizes, and that all names stay
// inside.
func checkZip(z *zip.Reader) error {
	if len(z.File) == 0 {
		return invalid("Uploaded file must be a non-empty zip")
	}
	if len(z.File) > maxFiles {
		return invalid("The package has more than %d files.", maxFiles)
	}
	var size uint64
	for _, f := range z.File {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.Contains(f.Name, "\x00") {
			return errNotZip()
		}
		size += f.UncompressedSize64
		if size > maxUnzipped {
			return errUnzippedSize()
		}
	}
	return nil
}

// unzip unpacks z into dir, which must be empty. Modes are kept; nothing is
// written outside of dir, and symbolic links lead nowhere else. Sizes are
// counted as they are unpacked: what the directory says is a stranger's word.
func unzip(z *zip.Reader, dir string) error {
	if err := checkZip(z); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	u := unzipper{root: root, left: maxUnzipped}
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
		err = errUnzippedSize()
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
