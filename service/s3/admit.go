package s3

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/wire"
)

// refused are headers that ask for what is not here, and the values that ask
// for nothing beyond what is.
var refused = map[string][]string{
	"X-Amz-Server-Side-Encryption":                                {"AES256"},
	"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":                 nil,
	"X-Amz-Server-Side-Encryption-Context":                        nil,
	"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled":             {"false"},
	"X-Amz-Server-Side-Encryption-Customer-Algorithm":             nil,
	"X-Amz-Server-Side-Encryption-Customer-Key":                   nil,
	"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Algorithm": nil,
	"X-Amz-Object-Lock-Legal-Hold":                                {"OFF"},
	"X-Amz-Object-Lock-Mode":                                      nil,
	"X-Amz-Object-Lock-Retain-Until-Date":                         nil,
	"X-Amz-Bucket-Object-Lock-Enabled":                            {"false"},
	"X-Amz-Bucket-Namespace":                                      {"global"},
	"X-Amz-Write-Offset-Bytes":                                    nil,
	"X-Amz-Checksum-Md5":                                          nil,
	"X-Amz-Checksum-Xxhash64":                                     nil,
	"X-Amz-Checksum-Xxhash3":                                      nil,
	"X-Amz-Checksum-Xxhash128":                                    nil,
	"X-Amz-If-Match-Last-Modified-Time":                           nil,
	"X-Amz-If-Match-Size":                                         nil,
	"X-Amz-Rename-Source":                                         nil,
}

// admit checks what holds for every operation: that no header asks for what is
// not here, and that the owner is whom the client expects. in is the operation's
// input.
func (s *Service) admit(ctx context.Context, in any) error {
	h := wire.RequestOf(ctx).Header
	for name, values := range h {
		harmless, known := refused[name]
		if known && !containsAll(harmless, values) {
			return fault.NotImplemented(name)
		}
		switch name {
		case "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp":
			if !ofBuckets(in) {
				return s.refuseACL(ctx, bucketOf(in))
			}
		case "X-Amz-Acl":
			if !ofBuckets(in) && !containsAll([]string{"private", "bucket-owner-full-control"}, values) {
				return s.refuseACL(ctx, bucketOf(in))
			}
		case "X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner":
			if values[0] != s.cfg.Account {
				return fault.New("AccessDenied", "Access Denied")
			}
		}
	}
	return nil
}

// ofBuckets reports whether an input has a list for a bucket, which its operation
// reads itself.
func ofBuckets(in any) bool {
	switch in.(type) {
	case *s3.CreateBucketInput, *s3.PutBucketAclInput:
		return true
	}
	return false
}

// bucketOf is the bucket that an input names, nil for ListBuckets.
func bucketOf(in any) *string {
	name := reflect.ValueOf(in).Elem().FieldByName("Bucket")
	if !name.IsValid() {
		return nil
	}
	return name.Interface().(*string)
}

func containsAll(set, values []string) bool {
	for _, v := range values {
		found := false
		for _, s := range set {
			found = found || s == v
		}
		if !found {
			return false
		}
	}
	return true
}

// asError is err if it is one of S3's own, and not the failure of something
// underneath.
func asError(err error) (*wire.Error, bool) {
	e, ok := err.(*wire.Error)
	return e, ok
}
