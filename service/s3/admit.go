package s3

import (
	"context"

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
// not here, and that the owner is whom the client expects.
func (s *Service) admit(ctx context.Context) error {
	h := wire.RequestOf(ctx).Header
	for name, values := range h {
		harmless, known := refused[name]
		if known && !containsAll(harmless, values) {
			return fault.NotImplemented(name)
		}
		switch name {
		case "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp":
			return fault.ACLNotSupported()
		case "X-Amz-Acl":
			if !containsAll([]string{"private", "bucket-owner-full-control"}, values) {
				return fault.ACLNotSupported()
			}
		case "X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner":
			if values[0] != s.cfg.Account {
				return fault.New("AccessDenied", "Access Denied")
			}
		}
	}
	return nil
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
