package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/service/s3/notification"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// CompleteMultipartUpload makes an object of the parts of an upload. No byte is
// copied: the object takes over the parts' blobs
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html).
func (s *Service) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (*s3.CompleteMultipartUploadOutput, error) {
	at, id := place{deref(in.Bucket), deref(in.Key)}, deref(in.UploadId)
	if err := checkPartList(in.MultipartUpload, id); err != nil {
		return nil, err
	}
	var o *object
	err := s.st.Update(ctx, func(tx *store.Tx) (err error) {
		o, err = s.complete(ctx, tx, at, id, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	location := at.url(ctx)
	out := &s3.CompleteMultipartUploadOutput{
		Bucket: in.Bucket, Key: in.Key, ETag: quote(o.etag), Location: &location,
		ChecksumType: o.sum.Kind, ServerSideEncryption: types.ServerSideEncryptionAes256,
	}
	o.sum.Show(out)
	return out, nil
}

// complete makes the object. Asked again, as a client does that lost the answer,
// it gives the object that is there.
func (s *Service) complete(ctx context.Context, tx *store.Tx, at place, id string, in *s3.CompleteMultipartUploadInput) (*object, error) {
	old, err := find(tx, at)
	if err != nil {
		return nil, err
	}
	if old != nil && old.upload == id && id != "" {
		return old, nil
	}
	u, err := readUpload(tx, at, id)
	if err != nil {
		return nil, err
	}
	if err := checkWrite(old, at.key, in.IfMatch, in.IfNoneMatch); err != nil {
		return nil, err
	}
	parts, err := readParts(tx, at, id)
	if err != nil {
		return nil, err
	}
	o, err := assemble(parts, id, u, in)
	if err != nil {
		return nil, err
	}
	dropUpload(tx, at, id, parts) // of which assemble took its own
	return o, s.write(ctx, tx, at, old, o, nil, notification.Complete)
}

// url is the object's address, in the style in which the client addressed it.
func (at place) url(ctx context.Context) string {
	req := wire.RequestOf(ctx)
	if strings.HasPrefix(req.Host, at.bucket+".") {
		return req.URL() + "/" + keys.Encode(at.key)
	}
	return req.URL() + "/" + at.bucket + "/" + keys.Encode(at.key)
}

// checkPartList holds the list to what needs no look at the upload.
func checkPartList(list *types.CompletedMultipartUpload, id string) error {
	if list == nil || len(list.Parts) == 0 || len(list.Parts) > maxParts {
		return fault.MalformedXML()
	}
	last := int32(0)
	for _, p := range list.Parts {
		n := deref(p.PartNumber)
		switch {
		case p.PartNumber == nil || p.ETag == nil:
			return fault.MalformedXML()
		case n < 1 || n > maxParts:
			return fault.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", itoa(n))
		case n <= last:
			return fault.New("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.", "UploadId", id)
		}
		last = n
	}
	return nil
}

// assemble makes the object of the listed parts, which it takes out of parts.
func assemble(parts map[int32]*uploaded, id string, u *upload, in *s3.CompleteMultipartUploadInput) (*object, error) {
	o := &object{attributes: u.Attributes, upload: id}
	digest, sums := md5.New(), make([]checksum.Part, 0, len(in.MultipartUpload.Parts))
	for i, listed := range in.MultipartUpload.Parts {
		p, err := takePart(parts, id, u, listed)
		if err != nil {
			return nil, err
		}
		if last := i == len(in.MultipartUpload.Parts)-1; !last && p.size < minPart {
			return nil, fault.New("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
				"ProposedSize", strconv.FormatInt(p.size, 10), "MinSizeAllowed", strconv.Itoa(minPart),
				"PartNumber", itoa(*listed.PartNumber), "ETag", p.md5)
		}
		raw, err := hex.DecodeString(p.md5)
		if err != nil {
			return nil, err
		}
		digest.Write(raw)
		o.size += p.size
		o.parts = append(o.parts, p.part)
		sums = append(sums, checksum.Part{Size: p.size, Value: p.sum})
	}
	o.etag = hex.EncodeToString(digest.Sum(nil)) + "-" + strconv.Itoa(len(o.parts))
	if want := in.MpuObjectSize; want != nil && *want != o.size {
		return nil, fault.InvalidRequest(fmt.Sprintf("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *want, o.size))
	}
	if o.size > maxObject {
		return nil, entityTooLarge(o.size)
	}
	var err error
	if o.sum, err = checksum.Combine(u.Algorithm, u.Kind, sums); err != nil {
		return nil, err
	}
	return o, checkWhole(o.sum, in)
}

// takePart takes a part that the client lists, and holds it to what the list
// says of it.
func takePart(parts map[int32]*uploaded, id string, u *upload, listed types.CompletedPart) (*uploaded, error) {
	n := *listed.PartNumber
	invalid := func() error {
		return fault.New("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
			"UploadId", id, "PartNumber", itoa(n), "ETag", strings.Trim(*listed.ETag, `"`))
	}
	p, ok := parts[n]
	if !ok || strings.Trim(*listed.ETag, `"`) != p.md5 {
		return nil, invalid()
	}
	delete(parts, n)
	given := checksum.Given(&listed, u.Algorithm)
	switch {
	case given == "" && u.Asked && u.Kind == types.ChecksumTypeComposite:
		return nil, fault.InvalidRequest(fmt.Sprintf("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.", lower(u.Algorithm), n))
	case given != "" && given != p.sum:
		return nil, invalid()
	}
	return p, nil
}

// checkWhole compares the checksum that the client gives for the whole object.
func checkWhole(sum checksum.Sum, in *s3.CompleteMultipartUploadInput) error {
	if in.ChecksumType != "" && in.ChecksumType != sum.Kind {
		return fault.InvalidRequest(fmt.Sprintf("The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", sum.Kind))
	}
	given := checksum.Given(in, sum.Algorithm)
	if given == "" || given == sum.Value || given+"-"+partCount(sum.Value) == sum.Value {
		return nil
	}
	return fault.New("BadDigest", fmt.Sprintf("The %s you specified did not match the calculated checksum.", sum.Algorithm))
}

// partCount is N of a composite value "...-N".
func partCount(value string) string {
	_, n, _ := strings.Cut(value, "-")
	return n
}

func lower(a checksum.Algorithm) string { return strings.ToLower(string(a)) }
