// Package fault is the errors of S3, with AWS's codes and texts
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
package fault

import "github.com/runnel/runnel/wire"

// Statuses are the HTTP statuses by error code where they are not 400.
var Statuses = map[string]int{
	"AccessForbidden":                       403,
	"AccessDenied":                          403,
	"BucketAlreadyOwnedByYou":               409,
	"BucketNotEmpty":                        409,
	"InvalidPartNumber":                     416,
	"InvalidRange":                          416,
	"MethodNotAllowed":                      405,
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

// New is an error with members beside the message: name, value, ...
func New(code, message string, fields ...string) *wire.Error {
	e := &wire.Error{Code: code, Message: message}
	if s, ok := Statuses[code]; ok {
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

func NoSuchBucket(bucket string) error {
	return New("NoSuchBucket", "The specified bucket does not exist", "BucketName", bucket)
}

func NoSuchKey(key string) error {
	return New("NoSuchKey", "The specified key does not exist.", "Key", key)
}

func NoSuchUpload(id string) error {
	return New("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", "UploadId", id)
}

func InvalidArgument(message, name, value string) error {
	return New("InvalidArgument", message, "ArgumentName", name, "ArgumentValue", value)
}

func InvalidRequest(message string) error { return New("InvalidRequest", message) }

func MalformedXML() error {
	return New("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func PreconditionFailed(condition string) error {
	return New("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

// NotImplemented refuses what a header asks for.
func NotImplemented(header string) error {
	return New("NotImplemented", "A header you provided implies functionality that is not implemented", "Header", header)
}

// NotSupported refuses a feature by its name.
func NotSupported(feature string) error {
	return New("NotImplemented", "A parameter you provided implies functionality that is not implemented: "+feature)
}

// MalformedACL is [MalformedXML] of an access control list.
func MalformedACL() error {
	return New("MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema")
}

// ACLNotSupported is what a bucket with the default object ownership (bucket
// owner enforced) answers to any ACL but its owner's.
func ACLNotSupported() error {
	return New("AccessControlListNotSupported", "The bucket does not allow ACLs")
}
