package s3

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/service/s3/notification"
	"github.com/runnel/runnel/store"
)

// parseCopySource reads x-amz-copy-source: /bucket/key or bucket/key,
// URL-encoded, perhaps with ?versionId=
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html).
func parseCopySource(source string) (place, error) {
	path, query, _ := strings.Cut(source, "?")
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil || !values.Has("versionId") {
			return place{}, badCopySource("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", source)
		}
		id := values.Get("versionId")
		if err := checkVersion(&id); err != nil {
			return place{}, err
		}
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return place{}, badCopySource("Invalid copy source encoding", source)
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || bucket == "" || key == "" {
		return place{}, badCopySource("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", source)
	}
	if strings.HasPrefix(bucket, "arn:") {
		return place{}, fault.NotSupported("access points as copy source")
	}
	return place{bucket, key}, keys.Check(key)
}

func badCopySource(message, source string) error {
	return fault.InvalidArgument(message, "x-amz-copy-source", source)
}

// CopyObject copies an object. What it costs does not depend on the object's
// size: the copy is one more name for the same blobs
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html).
func (s *Service) CopyObject(ctx context.Context, in *s3.CopyObjectInput) (*s3.CopyObjectOutput, error) {
	c, err := newCopy(ctx, in)
	if err != nil {
		return nil, err
	}
	for {
		o, err := s.copyOnce(ctx, c)
		if err == errSourceChanged {
			continue
		}
		if err != nil {
			return nil, err
		}
		return copyOutput(o), nil
	}
}

func copyOutput(o *object) *s3.CopyObjectOutput {
	r := &types.CopyObjectResult{ETag: quote(o.etag), LastModified: &o.modified, ChecksumType: o.sum.Kind}
	o.sum.Show(r)
	return &s3.CopyObjectOutput{CopyObjectResult: r, ServerSideEncryption: types.ServerSideEncryptionAes256}
}

// copying is a CopyObject that was checked.
type copying struct {
	from, to         place
	source           conditions
	match, noneMatch *string
	algorithm        checksum.Algorithm // asked for; empty for the source's
	class            string             // asked for
	attributes       attributes         // in place of the source's, as far as asked for
	newMetadata      bool
	newTags          bool
}

func newCopy(ctx context.Context, in *s3.CopyObjectInput) (*copying, error) {
	c := &copying{
		to: place{deref(in.Bucket), deref(in.Key)},
		source: conditions{in.CopySourceIfMatch, in.CopySourceIfNoneMatch,
			in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince},
		match: in.IfMatch, noneMatch: in.IfNoneMatch,
		algorithm: in.ChecksumAlgorithm, class: string(in.StorageClass),
	}
	err := keys.Check(c.to.key)
	if err == nil {
		c.from, err = parseCopySource(deref(in.CopySource))
	}
	if err == nil {
		c.attributes, err = copyAttributes(ctx, in)
	}
	if err == nil && c.algorithm != "" && !checksum.Supported(c.algorithm) {
		err = fault.NotImplemented("X-Amz-Checksum-Algorithm")
	}
	if err != nil {
		return nil, err
	}
	switch in.MetadataDirective {
	case "", types.MetadataDirectiveCopy:
	case types.MetadataDirectiveReplace:
		c.newMetadata = true
	default:
		return nil, fault.InvalidArgument("Unknown metadata directive.", "x-amz-metadata-directive", string(in.MetadataDirective))
	}
	switch in.TaggingDirective {
	case "", types.TaggingDirectiveCopy:
	case types.TaggingDirectiveReplace:
		c.newTags = true
	default:
		return nil, fault.InvalidArgument("Unknown tagging directive.", "x-amz-tagging-directive", string(in.TaggingDirective))
	}
	changes := c.newMetadata || c.class != "" || c.attributes.Redirect != ""
	if c.from == c.to && !changes {
		return nil, fault.InvalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return c, nil
}

// errSourceChanged says that the source was overwritten while it was read.
var errSourceChanged = errors.New("s3: the source changed while it was read")

func (s *Service) copyOnce(ctx context.Context, c *copying) (o *object, err error) {
	sum, version, err := s.rehash(ctx, c)
	if err != nil {
		return nil, err
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		source, err := c.read(tx)
		if err != nil {
			return err
		}
		if version != 0 && version != source.version {
			return errSourceChanged
		}
		old, err := find(tx, c.to)
		if err == nil {
			err = checkWrite(old, c.to.key, c.match, c.noneMatch)
		}
		if err != nil {
			return err
		}
		var body []byte
		if source.inline {
			body, _ = tx.Get(bodyKey(c.from.bucket, c.from.key))
		}
		o = c.result(source)
		if version != 0 {
			o.sum = sum
		}
		retain(tx, o)
		return s.write(ctx, tx, c.to, old, o, body, notification.Copy)
	})
	return o, err
}

// read reads the source and holds it to the conditions.
func (c *copying) read(tx *store.Tx) (*object, error) {
	o, err := need(tx, c.from)
	if err != nil {
		return nil, err
	}
	if err := c.source.checkSource(o); err != nil {
		return nil, err
	}
	if o.size > maxPut {
		return nil, fault.InvalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	return o, nil
}

// result is what the copy of source is to be.
func (c *copying) result(source *object) *object {
	o := *source
	if c.newMetadata {
		o.attributes = c.attributes
		o.Tags = source.Tags
	}
	if c.newTags {
		o.Tags = c.attributes.Tags
	}
	o.StorageClass = c.attributes.StorageClass
	o.Redirect = c.attributes.Redirect
	o.upload = ""
	return &o
}

// rehash computes the checksum of the source where the copy is to have one of
// another algorithm; version is then that of the source that was read.
func (s *Service) rehash(ctx context.Context, c *copying) (sum checksum.Sum, version uint64, err error) {
	if c.algorithm == "" {
		return checksum.Sum{}, 0, nil
	}
	same := false
	err = s.st.View(ctx, func(tx *store.Tx) error {
		o, err := c.read(tx)
		if err == nil {
			same = o.sum.Algorithm == c.algorithm
		}
		return err
	})
	if err != nil || same {
		return checksum.Sum{}, 0, err
	}
	r, err := s.open(ctx, c.from, selectAll)
	if err != nil {
		return checksum.Sum{}, 0, err
	}
	defer r.body.Close()
	h := checksum.New(c.algorithm)
	if _, err := io.Copy(h, r.body); err != nil {
		return checksum.Sum{}, 0, err
	}
	return checksum.Whole(c.algorithm, h), r.version, nil
}

func selectAll(o *object) (span, bool, error) { return span{0, o.size}, false, nil }
