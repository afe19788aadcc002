package s3

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/store"
)

// maxList is the most that one page of a list holds, common prefixes included
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
const maxList = 1000

// listing is what the lists of keys have in common.
type listing struct {
	bucket    string
	prefix    string
	delimiter string
	after     string // a key, or a common prefix: all that begins with it was listed
	encoded   bool   // encoding-type=url
	limit     int
}

// newListing checks the parameters of a list.
func newListing(bucket, prefix, delimiter *string, encoding types.EncodingType, limit *int32, name string) (listing, error) {
	l := listing{bucket: deref(bucket), prefix: deref(prefix), delimiter: deref(delimiter), limit: maxList}
	switch encoding {
	case "":
	case types.EncodingTypeUrl:
		l.encoded = true
	default:
		return l, fault.InvalidArgument("Invalid Encoding Method specified in Request", "encoding-type", string(encoding))
	}
	if limit != nil {
		if *limit < 0 {
			return l, fault.InvalidArgument("Argument "+name+" must be an integer between 0 and 2147483647", name, itoa(*limit))
		}
		l.limit = min(int(*limit), maxList)
	}
	return l, nil
}

// text is a key as the list shows it.
func (l listing) text(s string) *string {
	if l.encoded {
		s = keys.Encode(s)
	}
	return &s
}

// optional is text, nil for nothing.
func (l listing) optional(s string) *string {
	if s == "" {
		return nil
	}
	return l.text(s)
}

// page is what a list found.
type page struct {
	prefixes  []types.CommonPrefix
	truncated bool
	last      string // the key or common prefix that was listed last
	count     int
}

// group is the common prefix that key belongs to, or "".
func (l listing) group(key string) string {
	if l.delimiter == "" {
		return ""
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(l.prefix)+i+len(l.delimiter)]
}

// walk yields the keys of a space to visit, and gathers common prefixes. A
// common prefix counts once, and what it holds is sought past, not read. It
// returns when the page is full or the space ends.
func (l listing) walk(tx *store.Tx, space store.Key, visit func(key string, row []byte) error) (*page, error) {
	p := &page{}
	r := store.Prefix(space.StrPrefix(l.prefix))
	r = l.begin(r, space)
	for l.limit > 0 {
		group, err := l.run(tx, space, r, p, visit)
		if err != nil || group == "" {
			return p, err
		}
		p.prefixes = append(p.prefixes, types.CommonPrefix{Prefix: l.text(group)})
		r.From = store.Prefix(space.StrPrefix(group)).To
	}
	return p, nil
}

// begin is the range without what was listed before.
func (l listing) begin(r store.Range, space store.Key) store.Range {
	if l.after == "" || l.after < l.prefix {
		return r
	}
	if !strings.HasPrefix(l.after, l.prefix) {
		r.From = r.To // it is beyond all that begins with the prefix
		return r
	}
	if l.after == l.group(l.after) {
		r.From = store.Prefix(space.StrPrefix(l.after)).To
		return r
	}
	return r.After(space.Str(l.after))
}

// run visits keys up to the first that belongs to a common prefix, which it
// returns; "" if the page is full or the range has ended.
func (l listing) run(tx *store.Tx, space store.Key, r store.Range, p *page, visit func(string, []byte) error) (group string, err error) {
	for k, row := range tx.Scan(r) {
		if p.count == l.limit {
			p.truncated = true
			return "", nil
		}
		key := k.Parts(space).Str()
		p.count++
		if group := l.group(key); group != "" {
			p.last = group
			return group, nil
		}
		p.last = key
		if err := visit(key, row); err != nil {
			return "", err
		}
	}
	return "", nil
}

// objects lists the objects of a bucket.
func (s *Service) objects(ctx context.Context, l listing, owner *types.Owner) (p *page, found []types.Object, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, l.bucket); err != nil {
			return err
		}
		p, err = l.walk(tx, objectSpace(l.bucket), func(key string, row []byte) error {
			o, err := decodeListed(row)
			if err != nil {
				return err
			}
			x := types.Object{
				Key: l.text(key), LastModified: &o.modified, ETag: quote(o.etag), Size: &o.size,
				StorageClass: types.ObjectStorageClass(o.class()), Owner: owner,
			}
			if o.sum.Algorithm != "" {
				x.ChecksumAlgorithm = []checksum.Algorithm{o.sum.Algorithm}
				x.ChecksumType = o.sum.Kind
			}
			found = append(found, x)
			return nil
		})
		return err
	})
	return p, found, err
}

// class is the storage class as lists show it.
func (a *attributes) class() string {
	if a.StorageClass == "" {
		return string(types.StorageClassStandard)
	}
	return a.StorageClass
}

// ListObjectsV2 lists keys, a page at a time
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
func (s *Service) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	l, err := newListing(in.Bucket, in.Prefix, in.Delimiter, in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	l.after = deref(in.StartAfter)
	if in.ContinuationToken != nil {
		if l.after, err = keys.FromToken(in.ContinuationToken); err == nil && l.after == "" {
			err = fault.InvalidArgument("The continuation token provided is incorrect", "continuation-token", "")
		}
		if err != nil {
			return nil, err
		}
	}
	var owner *types.Owner
	if deref(in.FetchOwner) {
		owner = s.ownerOf()
	}
	p, found, err := s.objects(ctx, l, owner)
	if err != nil {
		return nil, err
	}
	count, limit := int32(p.count), int32(l.limit)
	out := &s3.ListObjectsV2Output{
		Name: in.Bucket, Prefix: l.text(l.prefix), Delimiter: l.optional(l.delimiter),
		StartAfter: l.optional(deref(in.StartAfter)), ContinuationToken: in.ContinuationToken,
		EncodingType: in.EncodingType, MaxKeys: &limit, KeyCount: &count, IsTruncated: &p.truncated,
		Contents: found, CommonPrefixes: p.prefixes,
	}
	if p.truncated {
		out.NextContinuationToken = keys.Token(p.last)
	}
	return out, nil
}

// ListObjects is the list's first version, which pages by keys
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html).
func (s *Service) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (*s3.ListObjectsOutput, error) {
	l, err := newListing(in.Bucket, in.Prefix, in.Delimiter, in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	l.after = deref(in.Marker)
	p, found, err := s.objects(ctx, l, s.ownerOf())
	if err != nil {
		return nil, err
	}
	limit := int32(l.limit)
	out := &s3.ListObjectsOutput{
		Name: in.Bucket, Prefix: l.text(l.prefix), Delimiter: l.optional(l.delimiter), Marker: l.text(l.after),
		EncodingType: in.EncodingType, MaxKeys: &limit, IsTruncated: &p.truncated,
		Contents: found, CommonPrefixes: p.prefixes,
	}
	if p.truncated && l.delimiter != "" {
		out.NextMarker = l.text(p.last)
	}
	return out, nil
}

// ListObjectVersions lists the objects of a bucket without versioning: each has
// the one version "null"
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html).
func (s *Service) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	l, err := newListing(in.Bucket, in.Prefix, in.Delimiter, in.EncodingType, in.MaxKeys, "max-keys")
	if err != nil {
		return nil, err
	}
	if deref(in.VersionIdMarker) != "" && deref(in.KeyMarker) == "" {
		return nil, fault.InvalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", *in.VersionIdMarker)
	}
	l.after = deref(in.KeyMarker)
	p, found, err := s.objects(ctx, l, s.ownerOf())
	if err != nil {
		return nil, err
	}
	limit := int32(l.limit)
	out := &s3.ListObjectVersionsOutput{
		Name: in.Bucket, Prefix: l.text(l.prefix), Delimiter: l.optional(l.delimiter), KeyMarker: l.text(l.after),
		VersionIdMarker: orEmpty(in.VersionIdMarker), EncodingType: in.EncodingType, MaxKeys: &limit, IsTruncated: &p.truncated,
		CommonPrefixes: p.prefixes,
	}
	latest, null := true, "null"
	for _, o := range found {
		out.Versions = append(out.Versions, types.ObjectVersion{
			Key: o.Key, VersionId: &null, IsLatest: &latest, LastModified: o.LastModified, ETag: o.ETag, Size: o.Size,
			StorageClass: types.ObjectVersionStorageClass(o.StorageClass), Owner: o.Owner,
			ChecksumAlgorithm: o.ChecksumAlgorithm, ChecksumType: o.ChecksumType,
		})
	}
	if p.truncated {
		out.NextKeyMarker, out.NextVersionIdMarker = l.text(p.last), &null
	}
	return out, nil
}

func orEmpty(s *string) *string {
	if s == nil {
		return new(string)
	}
	return s
}
