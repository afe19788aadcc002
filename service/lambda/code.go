package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/service/lambda/unpack"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// maxRequest is the size of the largest request, in bytes: a zip file of 50 MB
// in base64.
const maxRequest = 69905067

// codePackage is a zip file that is on disk and that no row names yet.
type codePackage struct {
	blob store.BlobID
	sha  string // SHA-256, base64
	size int64
}

// upload makes a blob of the code in a request. It must be discarded, or be
// retained in a transaction.
func (s *Service) upload(ctx context.Context, in *types.FunctionCode) (*codePackage, error) {
	if in.ZipFile != nil && (in.S3Bucket != nil || in.S3Key != nil) {
		return nil, fault.Invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	}
	if in.ZipFile != nil {
		if len(in.ZipFile) == 0 {
			return nil, fault.Invalid("Uploaded file must be a non-empty zip")
		}
		return s.keep(bytes.NewReader(in.ZipFile))
	}
	if in.S3Bucket == nil || in.S3Key == nil {
		return nil, fault.Invalid("Please provide a source for function code.")
	}
	out, err := s.s3().GetObject(ctx, &s3.GetObjectInput{Bucket: in.S3Bucket, Key: in.S3Key})
	if err != nil {
		return nil, codeReadError(err)
	}
	defer out.Body.Close()
	return s.keep(out.Body)
}

func (s *Service) s3() *s3.Client {
	return s3.NewFromConfig(s.cfg.AWS, func(o *s3.Options) { o.UsePathStyle = true })
}

// codeReadError passes on what S3 said, in Lambda's words.
func codeReadError(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("read code from S3: %w", err)
	}
	return fault.Invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", api.ErrorCode(), api.ErrorMessage())
}

// keep writes a package into a blob and checks that it can be unpacked.
func (s *Service) keep(r io.Reader) (*codePackage, error) {
	w, err := s.st.NewBlob()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if err := copyCode(w, sum, r); err != nil {
		w.Discard()
		return nil, err
	}
	size := w.Size()
	blob, err := w.Finish()
	if err != nil {
		return nil, err
	}
	p := &codePackage{blob: blob, sha: base64.StdEncoding.EncodeToString(sum.Sum(nil)), size: size}
	if err := s.checkPackage(p); err != nil {
		s.st.DiscardBlob(blob)
		return nil, err
	}
	return p, nil
}

func copyCode(w io.Writer, sum hash.Hash, r io.Reader) error {
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(r, unpack.MaxSize+1))
	if err == nil && n > unpack.MaxSize {
		err = packageError(unpack.ErrSize)
	}
	return err
}

func (s *Service) checkPackage(p *codePackage) error {
	b, err := s.st.OpenBlob(p.blob)
	if err != nil {
		return err
	}
	defer b.Close()
	_, err = unpack.ReadBlob(b)
	return packageError(err)
}

// packageError is what is wrong with a package in AWS's words.
func packageError(err error) error {
	switch {
	case errors.Is(err, unpack.ErrFormat):
		return fault.Invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	case errors.Is(err, unpack.ErrEmpty):
		return fault.Invalid("Uploaded file must be a non-empty zip")
	case errors.Is(err, unpack.ErrSize):
		return fault.Invalid("Unzipped size must be smaller than %d bytes", unpack.MaxSize)
	}
	return err
}

// discard gives up a package that no transaction has retained.
func (s *Service) discard(p *codePackage) { s.st.DiscardBlob(p.blob) }

// discardRefused is discard after a transaction that failed. When it failed for
// the store's reasons it may still have been written: then the next start finds
// out whether the blob has a name.
func (s *Service) discardRefused(p *codePackage, err error) {
	var api smithy.APIError
	if errors.As(err, &api) {
		s.discard(p)
	}
}

// into puts the package into a version's row, in place of what was there.
func (p *codePackage) into(tx *store.Tx, row *versionRow) {
	tx.Retain(p.blob)
	if row.Code != 0 {
		tx.Release(row.Code)
	}
	row.Code = p.blob
	row.Config.CodeSha256 = aws.String(p.sha)
	row.Config.CodeSize = p.size
}

// emptySHA256 is the hash of the body that a download has not.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// codeURL is where downloadCode answers, by the name under which the client
// knows this runtime. It is signed by the function's role for ten minutes, as
// long as AWS's is good for; without a role nobody verifies it either.
func (s *Service) codeURL(ctx context.Context, c *types.FunctionConfiguration) (string, error) {
	base := s.cfg.Endpoint
	if r := wire.RequestOf(ctx); r.Host != "" {
		base = r.URL()
	}
	name, version := aws.ToString(c.FunctionName), aws.ToString(c.Version)
	location := base + "/2015-03-31/code/" + name + "/" + url.PathEscape(version)
	if s.cfg.Roles == nil {
		return location, nil
	}
	creds, err := s.roles.get(ctx, aws.ToString(c.Role), name)
	if isMissing(err) {
		return location, nil // the role was deleted: the function cannot run either
	}
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location+"?X-Amz-Expires=600", nil)
	if err != nil {
		return "", err
	}
	// Signatures are of the machine's clock, which those who verify them read.
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{
		AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken,
	}, req, emptySHA256, "lambda", s.cfg.Region, time.Now())
	return signed, err
}

// downloadCodeInput names a version; there is no such operation at AWS, whose
// GetFunction gives out presigned URLs of S3 instead.
type downloadCodeInput struct{ FunctionName, Version *string }

type downloadCodeOutput struct {
	Body        io.ReadCloser
	ContentType *string
}

// downloadCode answers at the address in GetFunction's Code.Location.
func (s *Service) downloadCode(ctx context.Context, in *downloadCodeInput) (*downloadCodeOutput, error) {
	r, err := s.ref(in.FunctionName, in.Version)
	if err != nil {
		return nil, err
	}
	var b *store.Blob
	for { // until the row that was read still has its blob
		var row versionRow
		err = s.st.View(ctx, func(tx *store.Tx) (err error) { row, err = s.getVersion(tx, r); return })
		if err != nil {
			return nil, err
		}
		b, err = s.st.OpenBlob(row.Code)
		if !errors.Is(err, store.ErrBlobGone) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return &downloadCodeOutput{Body: b.NewReader(0, b.Size()), ContentType: aws.String("application/zip")}, nil
}
