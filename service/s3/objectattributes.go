package s3

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
)

// GetObjectAttributes gives those of an object's attributes that are asked for
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html).
func (s *Service) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (*s3.GetObjectAttributesOutput, error) {
	if err := checkVersion(in.VersionId); err != nil {
		return nil, err
	}
	if len(in.ObjectAttributes) == 0 {
		return nil, fault.InvalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	for _, a := range in.ObjectAttributes {
		if !slices.Contains(a.Values(), a) {
			return nil, fault.InvalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", string(a))
		}
	}
	limit, err := partLimit(in.MaxParts)
	if err != nil {
		return nil, err
	}
	after, err := partMarker(in.PartNumberMarker)
	if err != nil {
		return nil, err
	}
	r, err := s.look(ctx, place{deref(in.Bucket), deref(in.Key)}, selectAll)
	if err != nil {
		return nil, err
	}
	out := &s3.GetObjectAttributesOutput{LastModified: &r.modified}
	for _, a := range in.ObjectAttributes {
		switch a {
		case types.ObjectAttributesEtag:
			out.ETag = &r.etag // without quotes, unlike everywhere else
		case types.ObjectAttributesObjectSize:
			out.ObjectSize = &r.size
		case types.ObjectAttributesStorageClass:
			out.StorageClass = types.StorageClass(r.class())
		case types.ObjectAttributesChecksum:
			out.Checksum = r.checksumShown()
		case types.ObjectAttributesObjectParts:
			out.ObjectParts = r.partsShown(after, limit)
		}
	}
	return out, nil
}

func (o *object) checksumShown() *types.Checksum {
	if o.sum.Algorithm == "" {
		return nil
	}
	c := &types.Checksum{ChecksumType: o.sum.Kind}
	o.sum.Show(c)
	return c
}

// partsShown are the parts after a marker. Only of an object with a composite
// checksum does AWS list them; of others it tells how many there were.
func (o *object) partsShown(after uint64, limit int32) *types.GetObjectAttributesParts {
	if !o.multipart() {
		return nil
	}
	total := int32(len(o.parts))
	out := &types.GetObjectAttributesParts{TotalPartsCount: &total}
	if o.sum.Kind != types.ChecksumTypeComposite {
		return out
	}
	truncated, marker, next := false, strconv.FormatUint(after, 10), strconv.FormatUint(after, 10)
	out.MaxParts, out.IsTruncated, out.PartNumberMarker, out.NextPartNumberMarker = &limit, &truncated, &marker, &next
	for _, p := range o.parts {
		if uint64(p.number) <= after {
			continue
		}
		if len(out.Parts) == int(limit) {
			truncated = true
			break
		}
		x := types.ObjectPart{PartNumber: &p.number, Size: &p.size}
		checksum.Sum{Algorithm: o.sum.Algorithm, Value: p.sum}.Show(&x)
		out.Parts = append(out.Parts, x)
		next = itoa(p.number)
	}
	return out
}
