package s3

import (
	"context"
	"encoding/base64"
	"strconv"

	"github.com/runnel/runnel/wire"
)

// The errors of S3, with AWS's texts
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).

// statuses are the HTTP statuses by error code where it is not 400.
var statuses = map[string]int{
	"AccessForbidden":                       403,
	"AccessDenied":                          403,
	"BucketAlreadyOwnedByYou":               409,
	"BucketNotEmpty":                        409,
	"InvalidPartNumber":                     416,
	"InvalidRange":                          416,
	"MissingContentLength":                  411,
	"NoSuchBucket":                          404,
	"NoSuchBucketPolicy":                    404,
	"NoSuchCORSConfiguration":               404,
	"NoSuchKey":                             404,
	"NoSuchLifecycleConfiguration":          404,
	"NoSuchPublicAccessBlockConfiguration":  404,
	"NoSuchTagSet":                          404,
	"NoSuchUpload":                          404,
	"NoSuchVersion":                         404,
	"NoSuchWebsiteConfiguration":            404,
	"NotImplemented":                        501,
	"NotModified":                           304,
	"ObjectLockConfigurationNotFoundError":  404,
	"OwnershipControlsNotFoundError":        404,
	"PreconditionFailed":                    412,
	"ReplicationConfigurationNotFoundError": 404,
	"SignatureDoesNotMatch":                 403,
}

// fail is an error with members beside the message: name, value, ...
func fail(code, message string, fields ...string) *wire.Error {
	e := &wire.Error{Code: code, Message: message}
	if s, ok := statuses[code]; ok {
		e.Status = s
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if e.Fields == nil {
			e.Fields = make(map[string]string, len(fields)/2)
		}
		e.Fields[fields[i]] = fields[i+1]
	}
	return e
}

func noSuchBucket(bucket string) error {
	return fail("NoSuchBucket", "The specified bucket does not exist", "BucketName", bucket)
}

func noSuchKey(key string) error {
	return fail("NoSuchKey", "The specified key does not exist.", "Key", key)
}

func noSuchUpload(id string) error {
	return fail("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", "UploadId", id)
}

func invalidArgument(message, name, value string) error {
	return fail("InvalidArgument", message, "ArgumentName", name, "ArgumentValue", value)
}

func invalidRequest(message string) error { return fail("InvalidRequest", message) }

func malformedXML() error {
	return fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func preconditionFailed(condition string) error {
	return fail("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

// notImplemented refuses what a header asks for.
func notImplemented(header string) error {
	return fail("NotImplemented", "A header you provided implies functionality that is not implemented", "Header", header)
}

// notSupported refuses a feature by its name.
func notSupported(feature string) error {
	return fail("NotImplemented", "A parameter you provided implies functionality that is not implemented: "+feature)
}

func entityTooLarge(size int64) error {
	return fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
		"ProposedSize", strconv.FormatInt(size, 10), "MaxSizeAllowed", strconv.FormatInt(maxPut, 10))
}

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
			return notImplemented(name)
		}
		switch name {
		case "X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp":
			return aclNotSupported()
		case "X-Amz-Acl":
			if !containsAll([]string{"private", "bucket-owner-full-control"}, values) {
				return aclNotSupported()
			}
		case "X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner":
			if values[0] != s.cfg.Account {
				return fail("AccessDenied", "Access Denied")
			}
		}
	}
	return nil
}

// aclNotSupported is what a bucket with the default object ownership (bucket
// owner enforced) answers to any ACL but its owner's.
func aclNotSupported() error {
	return fail("AccessControlListNotSupported", "The bucket does not allow ACLs")
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

// notModified is no failure, but ends a read as one does.
func notModified() error { return fail("NotModified", "Not Modified") }

// asError is err if it is one of S3's own, and not the failure of something
// underneath.
func asError(err error) (*wire.Error, bool) {
	e, ok := err.(*wire.Error)
	return e, ok
}

// hostID is x-amz-id-2, which AWS's support asks for.
func hostID(request string) string {
	return base64.StdEncoding.EncodeToString([]byte(request + request + request))
}
