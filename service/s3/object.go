package s3

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/service/s3/notification"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// place is where an object is.
type place struct{ bucket, key string }

// find reads the object at a place, nil where there is none. The bucket is
// looked at only then, and may be NoSuchBucket.
func find(tx *store.Tx, at place) (*object, error) {
	row, ok := tx.Get(objectKey(at.bucket, at.key))
	if !ok {
		return nil, buckets.Has(tx, at.bucket)
	}
	return decodeObject(row)
}

// need is find where there must be an object.
func need(tx *store.Tx, at place) (*object, error) {
	o, err := find(tx, at)
	if err == nil && o == nil {
		err = fault.NoSuchKey(at.key)
	}
	return o, err
}

// write puts o in the place of old, which may be nil, with its body, and tells
// whoever is to be told of the event. The names of o's blobs become o's.
func (s *Service) write(ctx context.Context, tx *store.Tx, at place, old, o *object, inline []byte, event string) error {
	o.modified = tx.Now().Truncate(time.Second)
	o.version = tx.NextID()
	if old != nil {
		s.release(tx, old)
	}
	switch {
	case o.inline:
		tx.Set(bodyKey(at.bucket, at.key), inline)
	case old != nil && old.inline:
		tx.Delete(bodyKey(at.bucket, at.key))
	}
	tx.Set(objectKey(at.bucket, at.key), o.encode())
	return s.notify(ctx, tx, at, o, event)
}

// checkVersion refuses version IDs: a bucket without versioning has the version
// "null" alone.
func checkVersion(id *string) error {
	switch deref(id) {
	case "", "null":
		return nil
	}
	return fault.InvalidArgument("Invalid version id specified", "versionId", *id)
}

// notify tells who is to be told of the event.
func (s *Service) notify(ctx context.Context, tx *store.Tx, at place, o *object, event string) error {
	return s.Notify(ctx, tx, notification.Object{
		Bucket: at.bucket, Key: at.key, Size: o.size, ETag: o.etag, Version: o.version,
	}, event)
}

// retain adds a name for each of an object's blobs.
func retain(tx *store.Tx, o *object) {
	for _, p := range o.parts {
		tx.Retain(p.blob)
	}
}

// release gives up the blobs of an object that goes.
func (s *Service) release(tx *store.Tx, o *object) {
	for _, p := range o.parts {
		s.releaseBlob(tx, p.blob)
	}
}

// newObject is the object of a body that was received.
func newObject(c *content, a attributes) *object {
	o := &object{size: c.size, etag: c.md5, sum: c.sum, attributes: a}
	if c.blob == 0 {
		o.inline = true
	} else {
		o.parts = []part{{blob: c.blob, size: c.size}}
	}
	return o
}

// PutObject writes an object whole
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).
func (s *Service) PutObject(ctx context.Context, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	at := place{deref(in.Bucket), deref(in.Key)}
	if err := keys.Check(at.key); err != nil {
		return nil, err
	}
	a, err := putAttributes(ctx, in)
	if err != nil {
		return nil, err
	}
	r := receiver{st: s.st, admit: func() error { return s.hasBucket(ctx, in.Bucket) }}
	c, err := r.receive(ctx, in.Body, in.ContentLength)
	if err != nil {
		return nil, err
	}
	o := newObject(c, a)
	named := false
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		old, err := find(tx, at)
		if err == nil {
			err = checkWrite(old, at.key, in.IfMatch, in.IfNoneMatch)
		}
		if err != nil {
			return err
		}
		retain(tx, o)
		err = s.write(ctx, tx, at, old, o, c.inline, notification.Put)
		named = err == nil
		return err
	})
	if err != nil {
		if !named {
			c.discard(s.st)
		}
		return nil, err
	}
	out := &s3.PutObjectOutput{ETag: quote(o.etag), ChecksumType: o.sum.Kind, ServerSideEncryption: types.ServerSideEncryptionAes256}
	o.sum.Show(out)
	return out, nil
}

// quote is an ETag as headers and documents show it.
func quote(etag string) *string {
	q := `"` + etag + `"`
	return &q
}

// DeleteObject removes an object; that there is none is no error
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html).
func (s *Service) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	at := place{deref(in.Bucket), deref(in.Key)}
	if err := keys.Check(at.key); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionId); err != nil {
		return nil, err
	}
	return &s3.DeleteObjectOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		return s.remove(ctx, tx, at, in.IfMatch)
	})
}

// remove deletes the object at a place, if one is there and its ETag is as the
// client expects.
func (s *Service) remove(ctx context.Context, tx *store.Tx, at place, match *string) error {
	o, err := find(tx, at)
	switch {
	case err != nil:
		return err
	case o == nil && match != nil:
		return fault.NoSuchKey(at.key)
	case o == nil:
		return nil
	case match != nil && !matches(*match, o.etag):
		return fault.PreconditionFailed("If-Match")
	}
	s.release(tx, o)
	if o.inline {
		tx.Delete(bodyKey(at.bucket, at.key))
	}
	tx.Delete(objectKey(at.bucket, at.key))
	o.version = tx.NextID()
	return s.notify(ctx, tx, at, o, notification.Delete)
}

// maxDelete is how many objects one DeleteObjects may name.
const maxDelete = 1000

// DeleteObjects removes many objects, each with its own success or error
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
func (s *Service) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > maxDelete {
		return nil, fault.MalformedXML()
	}
	if h := wire.RequestOf(ctx).Header; h != nil && h.Get("Content-Md5") == "" && checksum.Declared(h) == "" {
		return nil, fault.InvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	for _, id := range in.Delete.Objects {
		if id.Key == nil || *id.Key == "" {
			return nil, fault.New("UserKeyMustBeSpecified", "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.")
		}
	}
	out := &s3.DeleteObjectsOutput{}
	err := s.st.Update(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, deref(in.Bucket)); err != nil {
			return err
		}
		for _, id := range in.Delete.Objects {
			err := s.removeNamed(ctx, tx, deref(in.Bucket), id)
			failed, ok := asError(err)
			switch {
			case err != nil && !ok:
				return err
			case err != nil:
				out.Errors = append(out.Errors, types.Error{Key: id.Key, VersionId: id.VersionId, Code: &failed.Code, Message: &failed.Message})
			case !deref(in.Delete.Quiet):
				out.Deleted = append(out.Deleted, types.DeletedObject{Key: id.Key, VersionId: id.VersionId})
			}
		}
		return nil
	})
	return out, err
}

// removeNamed deletes what an entry of DeleteObjects names. Its error is AWS's
// own only if it wrote nothing.
func (s *Service) removeNamed(ctx context.Context, tx *store.Tx, bucket string, id types.ObjectIdentifier) error {
	if err := keys.Check(*id.Key); err != nil {
		return err
	}
	if err := checkVersion(id.VersionId); err != nil {
		return fault.New("NoSuchVersion", "The specified version does not exist.")
	}
	if id.LastModifiedTime != nil || id.Size != nil {
		return fault.NotSupported("LastModifiedTime and Size of objects to delete")
	}
	return s.remove(ctx, tx, place{bucket, *id.Key}, id.ETag)
}

// postObject is an upload from a form of a web page.
type postObject struct{ Bucket *string }

// PostObject refuses uploads from forms.
func (s *Service) PostObject(ctx context.Context, in *postObject) (*struct{}, error) {
	return nil, s.st.View(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, deref(in.Bucket)); err != nil {
			return err
		}
		return fault.NotSupported("POST form uploads")
	})
}
