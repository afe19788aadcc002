package s3

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// ListParts lists the parts of an upload that goes on
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html).
func (s *Service) ListParts(ctx context.Context, in *s3.ListPartsInput) (*s3.ListPartsOutput, error) {
	at, id := place{deref(in.Bucket), deref(in.Key)}, deref(in.UploadId)
	limit, err := partLimit(in.MaxParts)
	if err != nil {
		return nil, err
	}
	after, err := partMarker(in.PartNumberMarker)
	if err != nil {
		return nil, err
	}
	marker, truncated := strconv.FormatUint(after, 10), false
	out := &s3.ListPartsOutput{
		Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, MaxParts: &limit, PartNumberMarker: &marker,
		Owner: s.ownerOf(), Initiator: s.initiator(), IsTruncated: &truncated,
	}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		u, err := readUpload(tx, at, id)
		if err != nil {
			return err
		}
		out.StorageClass = types.StorageClass(u.Attributes.class())
		if u.Asked {
			out.ChecksumAlgorithm, out.ChecksumType = u.Algorithm, u.Kind
		}
		space := partSpace(at.bucket, id)
		for k, row := range tx.Scan(store.Prefix(space).After(space.Uint(after))) {
			if len(out.Parts) == int(limit) {
				truncated = true
				break
			}
			p, err := decodeUploaded(row)
			if err != nil {
				return err
			}
			out.Parts = append(out.Parts, listedPart(u, p, int32(k.Parts(space).Uint())))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n := len(out.Parts); n > 0 {
		out.NextPartNumberMarker = orNil(itoa(*out.Parts[n-1].PartNumber))
	}
	return out, nil
}

func listedPart(u *upload, p *uploaded, number int32) types.Part {
	x := types.Part{PartNumber: &number, ETag: quote(p.md5), Size: &p.size, LastModified: &p.modified}
	if u.Asked {
		checksum.Sum{Algorithm: u.Algorithm, Value: p.sum}.Show(&x)
	}
	return x
}

func (s *Service) initiator() *types.Initiator {
	arn := "arn:aws:iam::" + s.cfg.Account + ":root"
	return &types.Initiator{ID: &arn}
}

func partLimit(n *int32) (int32, error) {
	if n == nil {
		return maxList, nil
	}
	if *n < 0 {
		return 0, fault.InvalidArgument("Argument max-parts must be an integer between 0 and 2147483647", "max-parts", itoa(*n))
	}
	return min(*n, maxList), nil
}

func partMarker(marker *string) (uint64, error) {
	if deref(marker) == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(*marker, 10, 31)
	if err != nil {
		return 0, fault.InvalidArgument("Argument part-number-marker must be an integer between 0 and 2147483647", "part-number-marker", *marker)
	}
	return n, nil
}

// ListMultipartUploads lists the uploads of a bucket that go on, by key, and
// those of a key by the time at which they began
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html).
func (s *Service) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
	l, err := newListing(in.Bucket, in.Prefix, in.Delimiter, in.EncodingType, in.MaxUploads, "max-uploads")
	if err != nil {
		return nil, err
	}
	w := &uploadWalk{listing: l, upload: deref(in.UploadIdMarker)}
	w.after = deref(in.KeyMarker)
	if w.after == "" {
		w.upload = "" // AWS passes it over without a key marker
	}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if err := buckets.Has(tx, l.bucket); err != nil {
			return err
		}
		return w.walk(tx, s)
	})
	if err != nil {
		return nil, err
	}
	limit := int32(l.limit)
	out := &s3.ListMultipartUploadsOutput{
		Bucket: in.Bucket, Prefix: l.text(l.prefix), Delimiter: l.optional(l.delimiter), KeyMarker: l.text(w.after),
		UploadIdMarker: &w.upload, EncodingType: in.EncodingType, MaxUploads: &limit, IsTruncated: &w.truncated,
		Uploads: w.found, CommonPrefixes: w.prefixes,
	}
	if w.truncated {
		out.NextKeyMarker, out.NextUploadIdMarker = l.text(w.lastKey), &w.lastUpload
	}
	return out, nil
}

// uploadWalk gathers a page of uploads. A key may have several, so that the
// place in the list is a key and an upload.
type uploadWalk struct {
	listing
	upload string // marker

	found               []types.MultipartUpload
	prefixes            []types.CommonPrefix
	truncated           bool
	lastKey, lastUpload string
}

func (w *uploadWalk) walk(tx *store.Tx, s *Service) error {
	space := uploadSpace(w.bucket)
	r := w.begin(store.Prefix(space.StrPrefix(w.prefix)), space)
	if w.after != "" && strings.HasPrefix(w.after, w.prefix) && w.after != w.group(w.after) {
		if w.upload == "" {
			r.From = store.Prefix(space.Str(w.after)).To
		} else {
			r = r.After(space.Str(w.after).Str(w.upload))
		}
	}
	for w.limit > 0 {
		group, err := w.run(tx, s, space, r)
		if err != nil || group == "" {
			return err
		}
		w.prefixes = append(w.prefixes, types.CommonPrefix{Prefix: w.text(group)})
		r.From = store.Prefix(space.StrPrefix(group)).To
	}
	return nil
}

// run gathers uploads up to the first whose key belongs to a common prefix.
func (w *uploadWalk) run(tx *store.Tx, s *Service, space store.Key, r store.Range) (group string, err error) {
	for k := range tx.Scan(r) {
		if len(w.found)+len(w.prefixes) == w.limit {
			w.truncated = true
			return "", nil
		}
		p := k.Parts(space)
		key, id := p.Str(), p.Str()
		if group := w.group(key); group != "" {
			w.lastKey, w.lastUpload = group, ""
			return group, nil
		}
		var u upload
		tx.GetJSON(k.Clone(), &u)
		w.lastKey, w.lastUpload = key, id
		w.found = append(w.found, s.listedUpload(w.listing, &u, key, id))
	}
	return "", nil
}

func (s *Service) listedUpload(l listing, u *upload, key, id string) types.MultipartUpload {
	x := types.MultipartUpload{
		Key: l.text(key), UploadId: &id, Initiated: &u.Initiated, Owner: s.ownerOf(), Initiator: s.initiator(),
		StorageClass: types.StorageClass(u.Attributes.class()),
	}
	if u.Asked {
		x.ChecksumAlgorithm, x.ChecksumType = u.Algorithm, u.Kind
	}
	return x
}
