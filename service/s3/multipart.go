package s3

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Limits of multipart uploads
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
const (
	maxParts  = 10000
	minPart   = 5 << 20 // all but the last
	maxObject = 5 << 40
)

// upload is a row of the upload space: an object that is to be.
type upload struct {
	Initiated  time.Time
	Attributes attributes
	Algorithm  checksum.Algorithm // of the checksums of its parts
	Kind       checksum.Kind
	Asked      bool // the client asked for that checksum
}

func readUpload(tx *store.Tx, at place, id string) (*upload, error) {
	var u upload
	if id != "" && tx.GetJSON(uploadKey(at.bucket, at.key, id), &u) {
		return &u, nil
	}
	if err := buckets.Has(tx, at.bucket); err != nil {
		return nil, err
	}
	return nil, fault.NoSuchUpload(id)
}

// CreateMultipartUpload begins an upload
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html).
func (s *Service) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput) (*s3.CreateMultipartUploadOutput, error) {
	at := place{deref(in.Bucket), deref(in.Key)}
	if err := keys.Check(at.key); err != nil {
		return nil, err
	}
	a, err := uploadAttributes(ctx, in)
	if err != nil {
		return nil, err
	}
	u := upload{Attributes: a, Asked: in.ChecksumAlgorithm != ""}
	u.Algorithm, u.Kind, err = uploadChecksum(in.ChecksumAlgorithm, in.ChecksumType)
	if err != nil {
		return nil, err
	}
	var id string
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, at.bucket); err != nil {
			return err
		}
		id = newUploadID(tx)
		u.Initiated = tx.Now().Truncate(time.Second)
		tx.PutJSON(uploadKey(at.bucket, at.key, id), u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &s3.CreateMultipartUploadOutput{
		Bucket: in.Bucket, Key: in.Key, UploadId: &id, ServerSideEncryption: types.ServerSideEncryptionAes256,
	}
	if u.Asked {
		out.ChecksumAlgorithm, out.ChecksumType = u.Algorithm, u.Kind
	}
	return out, nil
}

// uploadChecksum is the algorithm and kind of a multipart upload, by what the
// client asked for when it began.
func uploadChecksum(a checksum.Algorithm, kind checksum.Kind) (checksum.Algorithm, checksum.Kind, error) {
	if a == "" {
		if kind == types.ChecksumTypeComposite {
			return "", "", fault.InvalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return checksum.Default, types.ChecksumTypeFullObject, nil
	}
	sha := strings.HasPrefix(string(a), "SHA")
	switch {
	case !slices.Contains(a.Values(), a):
		return "", "", fault.InvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512]")
	case !checksum.Supported(a):
		return "", "", fault.NotImplemented("X-Amz-Checksum-Algorithm")
	case kind == types.ChecksumTypeFullObject && sha, kind == types.ChecksumTypeComposite && a == types.ChecksumAlgorithmCrc64nvme:
		return "", "", fault.InvalidRequest("The " + string(kind) + " checksum type cannot be used with the " + lower(a) + " checksum algorithm.")
	case kind != "":
		return a, kind, nil
	case a == types.ChecksumAlgorithmCrc64nvme:
		return a, types.ChecksumTypeFullObject, nil
	}
	return a, types.ChecksumTypeComposite, nil
}

// newUploadID is an ID that sorts by the time at which the upload began, as
// ListMultipartUploads does.
func newUploadID(tx *store.Tx) string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%016x", tx.NextID()) + hex.EncodeToString(b[:])
}

// UploadPart takes a part in
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html).
func (s *Service) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	t, err := s.newTransfer(ctx, in.Bucket, in.Key, in.UploadId, in.PartNumber)
	if err != nil {
		return nil, err
	}
	sent := checksum.Declared(wire.RequestOf(ctx).Header)
	if t.Asked && sent != "" && sent != t.Algorithm {
		return nil, fault.InvalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", lower(t.Algorithm), lower(sent)))
	}
	r := receiver{st: s.st, want: t.Algorithm, blobOnly: true}
	c, err := r.receive(ctx, in.Body, in.ContentLength)
	if err != nil {
		return nil, err
	}
	if _, err := s.keepPart(ctx, t, c); err != nil {
		return nil, err
	}
	out := &s3.UploadPartOutput{ETag: quote(c.md5), ServerSideEncryption: types.ServerSideEncryptionAes256}
	if t.Asked || sent == t.Algorithm {
		c.sum.Show(out)
	}
	return out, nil
}

// transfer is the way of one part into its upload.
type transfer struct {
	place
	*upload
	id     string
	number int32
}

func (s *Service) newTransfer(ctx context.Context, bucket, key, id *string, number *int32) (*transfer, error) {
	t := &transfer{place: place{deref(bucket), deref(key)}, id: deref(id), number: deref(number)}
	if t.number < 1 || t.number > maxParts {
		return nil, fault.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", itoa(t.number))
	}
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		t.upload, err = readUpload(tx, t.place, t.id)
		return err
	})
	return t, err
}

// keepPart puts a part in the place of the one that had its number, if the
// upload is still there.
func (s *Service) keepPart(ctx context.Context, t *transfer, c *content) (*uploaded, error) {
	p := &uploaded{part: part{c.blob, c.size, t.number, c.sum.Value}, md5: c.md5}
	named := false
	err := s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := readUpload(tx, t.place, t.id); err != nil {
			return err
		}
		k := partKey(t.bucket, t.id, uint64(t.number))
		if err := dropPart(tx, k); err != nil {
			return err
		}
		p.modified = tx.Now().Truncate(time.Second)
		tx.Retain(c.blob)
		tx.Set(k, p.encode())
		named = true
		return nil
	})
	if err != nil && !named {
		c.discard(s.st)
	}
	return p, err
}

func dropPart(tx *store.Tx, k store.Key) error {
	row, ok := tx.Get(k)
	if !ok {
		return nil
	}
	old, err := decodeUploaded(row)
	if err != nil {
		return err
	}
	tx.Release(old.blob)
	return nil
}

// UploadPartCopy makes a part of an object, or of a range of it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html).
func (s *Service) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (*s3.UploadPartCopyOutput, error) {
	from, err := parseCopySource(deref(in.CopySource))
	if err != nil {
		return nil, err
	}
	t, err := s.newTransfer(ctx, in.Bucket, in.Key, in.UploadId, in.PartNumber)
	if err != nil {
		return nil, err
	}
	c := conditions{in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince}
	source, err := s.open(ctx, from, selectCopy(c, in.CopySourceRange))
	if err != nil {
		return nil, err
	}
	defer source.body.Close()
	r := receiver{st: s.st, want: t.Algorithm, blobOnly: true}
	body, err := r.receive(ctx, source.body, &source.n)
	if err != nil {
		return nil, err
	}
	p, err := s.keepPart(ctx, t, body)
	if err != nil {
		return nil, err
	}
	out := &types.CopyPartResult{ETag: quote(p.md5), LastModified: &p.modified}
	if t.Asked {
		body.sum.Show(out)
	}
	return &s3.UploadPartCopyOutput{CopyPartResult: out, ServerSideEncryption: types.ServerSideEncryptionAes256}, nil
}

// selectCopy selects what x-amz-copy-source-range asks for, which must be
// bytes=first-last, both there.
func selectCopy(c conditions, header *string) selector {
	return func(o *object) (span, bool, error) {
		if err := c.checkSource(o); err != nil {
			return span{}, false, err
		}
		if header == nil {
			if o.size > maxPut {
				return span{}, false, fault.InvalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
			}
			return span{0, o.size}, false, nil
		}
		var first, last int64
		if n, err := fmt.Sscanf(*header, "bytes=%d-%d", &first, &last); n != 2 || err != nil || first < 0 || *header != fmt.Sprintf("bytes=%d-%d", first, last) {
			return span{}, false, fault.InvalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", "x-amz-copy-source-range", *header)
		}
		if first > last || last >= o.size {
			return span{}, false, fault.InvalidArgument("Range specified is not valid for source object of size: "+strconv.FormatInt(o.size, 10), "x-amz-copy-source-range", *header)
		}
		r := span{first, last - first + 1}
		if r.n > maxPut {
			return span{}, false, entityTooLarge(r.n)
		}
		return r, true, nil
	}
}

// AbortMultipartUpload gives an upload up, with all its parts
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html).
func (s *Service) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) (*s3.AbortMultipartUploadOutput, error) {
	at, id := place{deref(in.Bucket), deref(in.Key)}, deref(in.UploadId)
	return &s3.AbortMultipartUploadOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		u, err := readUpload(tx, at, id)
		if err != nil {
			return err
		}
		if t := in.IfMatchInitiatedTime; t != nil && !t.Equal(u.Initiated) {
			return fault.PreconditionFailed("x-amz-if-match-initiated-time")
		}
		parts, err := readParts(tx, at, id)
		if err != nil {
			return err
		}
		dropUpload(tx, at, id, parts)
		return nil
	})
}

// readParts reads all parts of an upload.
func readParts(tx *store.Tx, at place, id string) (map[int32]*uploaded, error) {
	space := partSpace(at.bucket, id)
	parts := make(map[int32]*uploaded)
	for k, row := range tx.Scan(store.Prefix(space)) {
		p, err := decodeUploaded(row)
		if err != nil {
			return nil, err
		}
		parts[int32(k.Parts(space).Uint())] = p
	}
	return parts, nil
}

// dropUpload removes an upload and gives up the parts that are left of it.
func dropUpload(tx *store.Tx, at place, id string, left map[int32]*uploaded) {
	for _, p := range left {
		tx.Release(p.blob)
	}
	tx.DeleteRange(store.Prefix(partSpace(at.bucket, id)))
	tx.Delete(uploadKey(at.bucket, at.key, id))
}

// dropUploads gives up all uploads of a bucket that goes.
func dropUploads(tx *store.Tx, bucket string) error {
	space := uploadSpace(bucket)
	for k := range tx.Scan(store.Prefix(space)) {
		p := k.Parts(space)
		at, id := place{bucket, p.Str()}, p.Str()
		parts, err := readParts(tx, at, id)
		if err != nil {
			return err
		}
		dropUpload(tx, at, id, parts)
	}
	return nil
}
