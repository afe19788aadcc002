package s3

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/tag"
	"github.com/runnel/runnel/store"
)

// Key space. An object's row and its small body are beside each other in two
// ranges, so that a list does not read bodies.
func objectSpace(bucket string) store.Key               { return store.K("s3", "object", bucket) }
func objectKey(bucket, key string) store.Key            { return objectSpace(bucket).Str(key) }
func bodyKey(bucket, key string) store.Key              { return store.K("s3", "body", bucket, key) }
func uploadSpace(bucket string) store.Key               { return store.K("s3", "upload", bucket) }
func uploadKey(bucket, key, id string) store.Key        { return uploadSpace(bucket).Str(key).Str(id) }
func partSpace(bucket, upload string) store.Key         { return store.K("s3", "part", bucket, upload) }
func partKey(bucket, upload string, n uint64) store.Key { return partSpace(bucket, upload).Uint(n) }

// object is a row of the object space.
type object struct {
	modified time.Time // whole seconds, as AWS shows them
	size     int64
	etag     string // hexadecimal MD5, or of a multipart upload that of its parts' and "-N"
	version  uint64 // grows with each write of any object: the sequencer of events
	inline   bool   // the body is the body row; otherwise it is in parts
	sum      checksum.Sum
	attributes
	upload string // ID of the multipart upload that it came by
	parts  []part
}

// part is a piece of a body.
type part struct {
	blob   store.BlobID
	size   int64
	number int32  // as the client numbered it; 0 in an object that was put whole
	sum    string // base64, in the algorithm of the object's checksum; may be empty
}

// attributes are what a client says about an object.
type attributes struct {
	ContentType, CacheControl, ContentDisposition string
	ContentEncoding, ContentLanguage, Expires     string
	Redirect                                      string
	StorageClass                                  string
	Metadata                                      map[string]string // lower-case keys
	Tags                                          []tag.Tag
}

func (a *attributes) strings() []*string {
	return []*string{&a.ContentType, &a.CacheControl, &a.ContentDisposition,
		&a.ContentEncoding, &a.ContentLanguage, &a.Expires, &a.Redirect, &a.StorageClass}
}

// multipart reports whether the object came by a multipart upload.
func (o *object) multipart() bool { return len(o.etag) > 2*md5Size }

const (
	md5Size  = 16
	objectV1 = 1
	partV1   = 1
)

func (o *object) encode() []byte {
	e := encoder{objectV1}
	e.uint(uint64(o.modified.Unix()))
	e.uint(uint64(o.size))
	e.uint(o.version)
	e.str(o.etag)
	e.bool(o.inline)
	e.sum(o.sum)
	for _, s := range o.attributes.strings() {
		e.str(*s)
	}
	e.uint(uint64(len(o.Metadata)))
	for _, k := range slices.Sorted(maps.Keys(o.Metadata)) {
		e.str(k)
		e.str(o.Metadata[k])
	}
	e.uint(uint64(len(o.Tags)))
	for _, t := range o.Tags {
		e.str(t.Key)
		e.str(t.Value)
	}
	e.str(o.upload)
	e.uint(uint64(len(o.parts)))
	for _, p := range o.parts {
		e.part(p)
	}
	return e
}

func decodeObject(row []byte) (*object, error) {
	d := &decoder{rest: row}
	o := d.object()
	for range d.count() {
		o.parts = append(o.parts, d.part())
	}
	return o, d.err
}

// decodeListed is decodeObject less the parts: an object may have thousands, and
// a list has no use for them.
func decodeListed(row []byte) (*object, error) {
	d := &decoder{rest: row}
	o := d.object()
	return o, d.err
}

// object reads all but the parts.
func (d *decoder) object() *object {
	d.version(objectV1)
	o := &object{
		modified: time.Unix(int64(d.uint()), 0).UTC(),
		size:     int64(d.uint()),
		version:  d.uint(),
		etag:     d.str(),
		inline:   d.bool(),
		sum:      d.sum(),
	}
	for _, s := range o.attributes.strings() {
		*s = d.str()
	}
	if n := d.count(); n > 0 {
		o.Metadata = make(map[string]string, n)
		for range n {
			k := d.str()
			o.Metadata[k] = d.str()
		}
	}
	for range d.count() {
		o.Tags = append(o.Tags, tag.Tag{Key: d.str(), Value: d.str()})
	}
	o.upload = d.str()
	return o
}

// uploaded is a row of the part space: a part of an upload that goes on.
type uploaded struct {
	part
	md5      string // hexadecimal
	modified time.Time
}

func (u *uploaded) encode() []byte {
	e := encoder{partV1}
	e.part(u.part)
	e.str(u.md5)
	e.uint(uint64(u.modified.Unix()))
	return e
}

func decodeUploaded(row []byte) (*uploaded, error) {
	d := decoder{rest: row}
	d.version(partV1)
	u := &uploaded{part: d.part(), md5: d.str(), modified: time.Unix(int64(d.uint()), 0).UTC()}
	return u, d.err
}

// encoder appends fields: numbers as uvarints, strings after their lengths.
type encoder []byte

func (e *encoder) uint(n uint64) { *e = binary.AppendUvarint(*e, n) }

func (e *encoder) str(s string) {
	e.uint(uint64(len(s)))
	*e = append(*e, s...)
}

func (e *encoder) bool(b bool) {
	if b {
		e.uint(1)
		return
	}
	e.uint(0)
}

func (e *encoder) sum(c checksum.Sum) {
	e.str(string(c.Algorithm))
	e.str(string(c.Kind))
	e.str(c.Value)
}

func (e *encoder) part(p part) {
	e.uint(uint64(p.blob))
	e.uint(uint64(p.size))
	e.uint(uint64(p.number))
	e.str(p.sum)
}

var errRow = errors.New("s3: malformed row")

// decoder reads what an encoder wrote. After the first fault all reads give
// zero values.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) version(want byte) {
	if len(d.rest) == 0 || d.rest[0] != want {
		d.fail()
		return
	}
	d.rest = d.rest[1:]
}

func (d *decoder) fail() { d.rest, d.err = nil, errRow }

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// count reads how many fields follow; each takes a byte at least.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) str() string {
	n := d.count()
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) bool() bool { return d.uint() != 0 }

func (d *decoder) sum() checksum.Sum {
	return checksum.Sum{Algorithm: checksum.Algorithm(d.str()), Kind: checksum.Kind(d.str()), Value: d.str()}
}

func (d *decoder) part() part {
	return part{store.BlobID(d.uint()), int64(d.uint()), int32(d.uint()), d.str()}
}
