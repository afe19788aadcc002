package buckets

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/service/s3/tag"
	"github.com/runnel/runnel/store"
)

// bucket is a row of the bucket space. What is configured of it is in rows of
// their own, one a kind.
type bucket struct {
	Created  time.Time
	Location string // region
}

func bucketKey(bucket string) store.Key { return store.K("s3", "bucket", bucket) }

// defaultLocation is the region whose buckets have no LocationConstraint.
const defaultLocation = "us-east-1"

// bucket reads a bucket's row, or gives NoSuchBucket.
func (s *Service) bucket(tx *store.Tx, name string) (bucket, error) {
	var b bucket
	if !tx.GetJSON(bucketKey(name), &b) {
		return b, fault.NoSuchBucket(name)
	}
	return b, nil
}

// Has is for operations that need no more than that the bucket is there.
func Has(tx *store.Tx, name string) error {
	if !tx.Has(bucketKey(name)) {
		return fault.NoSuchBucket(name)
	}
	return nil
}

// ARN is the bucket as policies and events name it.
func ARN(name string) string { return "arn:aws:s3:::" + name }

// Drop removes a bucket and what is configured of it, in the transaction that
// found it empty.
func Drop(tx *store.Tx, name string) {
	tx.DeleteRange(store.Prefix(store.K("s3", "config", name)))
	tx.Delete(bucketKey(name))
}

// CreateBucket makes a bucket. In us-east-1 making one's own bucket again
// succeeds and resets its access control list, elsewhere it is
// BucketAlreadyOwnedByYou
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html).
func (s *Service) CreateBucket(ctx context.Context, in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	name := aws.ToString(in.Bucket)
	if err := checkBucketName(name); err != nil {
		return nil, err
	}
	location, err := s.location(in.CreateBucketConfiguration)
	if err != nil {
		return nil, err
	}
	var tags []tag.Tag
	if c := in.CreateBucketConfiguration; c != nil && len(c.Tags) > 0 {
		if tags, err = tag.Of(c.Tags, tag.MaxBucket); err != nil {
			return nil, err
		}
	}
	if o := in.ObjectOwnership; o != "" && !slices.Contains(o.Values(), o) {
		return nil, fault.InvalidArgument("Invalid x-amz-object-ownership header: "+string(o), "x-amz-object-ownership", string(o))
	}
	grants, err := s.firstACL(in)
	if err != nil {
		return nil, err
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		old, err := s.bucket(tx, name)
		if err == nil && old.Location == defaultLocation && location == defaultLocation {
			tx.Delete(ConfigKey(name, configACL))
			return nil
		}
		if err == nil {
			return fault.New("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", "BucketName", name)
		}
		tx.PutJSON(bucketKey(name), bucket{Created: tx.Now().Truncate(time.Second), Location: location})
		if len(tags) > 0 {
			tx.PutJSON(ConfigKey(name, configTagging), tags)
		}
		if in.ObjectOwnership != "" {
			tx.PutJSON(ConfigKey(name, configOwnership), in.ObjectOwnership)
		}
		if !grants.ownersOnly(s.cfg.Owner) {
			tx.PutJSON(ConfigKey(name, configACL), grants)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	at := "/" + name
	return &s3.CreateBucketOutput{Location: &at}, nil
}

// location is the region that a configuration asks for.
func (s *Service) location(c *types.CreateBucketConfiguration) (string, error) {
	if c == nil {
		return s.cfg.Region, nil
	}
	if c.Bucket != nil || c.Location != nil {
		return "", fault.NotSupported("directory buckets")
	}
	l := c.LocationConstraint
	switch {
	case l == "":
		return s.cfg.Region, nil
	case l == types.BucketLocationConstraintEu:
		return "eu-west-1", nil
	case string(l) == s.cfg.Region && l != defaultLocation, slices.Contains(l.Values(), l):
		return string(l), nil
	}
	return "", fault.New("InvalidLocationConstraint", "The specified location-constraint is not valid", "LocationConstraint", string(l))
}

// checkBucketName holds a name to the rules of general purpose buckets
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
func checkBucketName(name string) error {
	if !validBucketName(name) {
		return fault.New("InvalidBucketName", "The specified bucket is not valid.", "BucketName", name)
	}
	return nil
}

func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		alnum := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		edge := i == 0 || i == len(name)-1
		if !alnum && (edge || c != '-' && c != '.') {
			return false
		}
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, p := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, p) {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}

// HeadBucket tells whether a bucket exists, and its region.
func (s *Service) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	b, err := s.readBucket(ctx, aws.ToString(in.Bucket))
	if err != nil {
		return nil, err
	}
	arn := ARN(aws.ToString(in.Bucket))
	return &s3.HeadBucketOutput{BucketRegion: &b.Location, BucketArn: &arn}, nil
}

func (s *Service) readBucket(ctx context.Context, name string) (b bucket, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error {
		b, err = s.bucket(tx, name)
		return err
	})
	return b, err
}

// Namespace is that of all documents of S3.
const Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// bucketLocation is the answer of GetBucketLocation: one element that holds
// text alone, which is no structure.
type bucketLocation struct {
	ContentType string
	Document    []byte
}

// GetBucketLocation gives the region of a bucket; nothing for us-east-1.
func (s *Service) GetBucketLocation(ctx context.Context, in *s3.GetBucketLocationInput) (*bucketLocation, error) {
	b, err := s.readBucket(ctx, aws.ToString(in.Bucket))
	if err != nil {
		return nil, err
	}
	if b.Location == defaultLocation {
		b.Location = ""
	}
	doc := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<LocationConstraint xmlns="` + Namespace + `">` + b.Location + `</LocationConstraint>`
	return &bucketLocation{ContentType: "application/xml", Document: []byte(doc)}, nil
}

// maxBuckets is the most that one page of ListBuckets holds.
const maxBuckets = 10000

// ListBuckets lists buckets by name, a page at a time where MaxBuckets is given.
func (s *Service) ListBuckets(ctx context.Context, in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	limit := maxBuckets
	if n := in.MaxBuckets; n != nil {
		if *n < 1 || *n > maxBuckets {
			return nil, fault.InvalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", strconv.Itoa(int(*n)))
		}
		limit = int(*n)
	}
	prefix := aws.ToString(in.Prefix)
	after, err := keys.FromToken(in.ContinuationToken)
	if err != nil {
		return nil, err
	}
	space := store.K("s3", "bucket")
	r := store.Prefix(space.StrPrefix(prefix))
	if after != "" {
		r = r.After(space.Str(after))
	}
	out := &s3.ListBucketsOutput{Owner: &types.Owner{ID: &s.cfg.Owner}, Buckets: []types.Bucket{}, Prefix: in.Prefix}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(r) {
			name := k.Parts(space).Str()
			b, err := s.bucket(tx, name)
			if err != nil {
				return err
			}
			if in.BucketRegion != nil && b.Location != *in.BucketRegion {
				continue
			}
			if len(out.Buckets) == limit {
				out.ContinuationToken = keys.Token(*out.Buckets[limit-1].Name)
				return nil
			}
			arn := ARN(name)
			out.Buckets = append(out.Buckets, types.Bucket{
				Name: &name, CreationDate: &b.Created, BucketRegion: &b.Location, BucketArn: &arn,
			})
		}
		return nil
	})
	return out, err
}
