package s3

import (
	"context"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/wire"
)

// API is the surface of S3: its operations and how HTTP carries them.
func (s *Service) API() wire.API {
	return wire.API{
		ID:         "s3",
		Protocols:  []wire.Protocol{wire.RESTXML},
		Version:    "2006-03-01",
		Namespace:  buckets.Namespace,
		Names:      names,
		Headers:    headers,
		Selectors:  selectors,
		Status:     fault.Statuses,
		MaxBody:    maxDocument,
		TooLarge:   fault.New("MaxMessageLengthExceeded", "Your request was too big.", "MaxMessageLengthBytes", "4194304"),
		Operations: append(append(s.bucketOperations(), s.objectOperations()...), s.configOperations()...),
	}
}

// maxDocument is the limit in bytes of a body that is not an object's: a
// CompleteMultipartUpload with all its checksums has about 3 MiB.
const maxDocument = 4 << 20

// op is wire.Op after what is done for every request.
func op[In, Out any](s *Service, name string, f func(context.Context, *In) (*Out, error), opts ...wire.Option) wire.Operation {
	return wire.Op(name, func(ctx context.Context, in *In) (*Out, error) {
		if err := s.share(ctx, in); err != nil {
			return nil, err
		}
		if err := s.admit(ctx, in); err != nil {
			return nil, err
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}, opts...)
}

// share lets the page that sent a request see the answer, be it a failure, where
// the bucket's CORS rules allow that. in is the operation's input.
func (s *Service) share(ctx context.Context, in any) error {
	if wire.RequestOf(ctx).Header.Get("Origin") == "" {
		return nil
	}
	return s.Share(ctx, deref(bucketOf(in)))
}

func (s *Service) bucketOperations() []wire.Operation {
	return []wire.Operation{
		op(s, "ListBuckets", s.ListBuckets, wire.HTTP("GET", "/?bucket-region={BucketRegion}&continuation-token={ContinuationToken}&max-buckets={MaxBuckets}&prefix={Prefix}")),
		op(s, "CreateBucket", s.CreateBucket, wire.HTTP("PUT", "/{Bucket}"), wire.Payload("CreateBucketConfiguration")),
		op(s, "DeleteBucket", s.DeleteBucket, wire.HTTP("DELETE", "/{Bucket}"), wire.Status(204)),
		op(s, "HeadBucket", s.HeadBucket, wire.HTTP("HEAD", "/{Bucket}")),
		op(s, "GetBucketLocation", s.GetBucketLocation, wire.HTTP("GET", "/{Bucket}?location"), wire.Payload("Document")),
		op(s, "ListObjects", s.ListObjects, wire.HTTP("GET", "/{Bucket}?delimiter={Delimiter}&encoding-type={EncodingType}&marker={Marker}&max-keys={MaxKeys}&prefix={Prefix}")),
		op(s, "ListObjectsV2", s.ListObjectsV2, wire.HTTP("GET", "/{Bucket}?list-type=2&continuation-token={ContinuationToken}&delimiter={Delimiter}&encoding-type={EncodingType}&fetch-owner={FetchOwner}&max-keys={MaxKeys}&prefix={Prefix}&start-after={StartAfter}")),
		op(s, "ListObjectVersions", s.ListObjectVersions, wire.HTTP("GET", "/{Bucket}?versions&delimiter={Delimiter}&encoding-type={EncodingType}&key-marker={KeyMarker}&max-keys={MaxKeys}&prefix={Prefix}&version-id-marker={VersionIdMarker}")),
		op(s, "ListMultipartUploads", s.ListMultipartUploads, wire.HTTP("GET", "/{Bucket}?uploads&delimiter={Delimiter}&encoding-type={EncodingType}&key-marker={KeyMarker}&max-uploads={MaxUploads}&prefix={Prefix}&upload-id-marker={UploadIdMarker}")),
		op(s, "PostObject", s.PostObject, wire.HTTP("POST", "/{Bucket}")),
		op(s, "DeleteObjects", s.DeleteObjects, wire.HTTP("POST", "/{Bucket}?delete"), wire.Payload("Delete")),
		wire.Op("PreflightBucket", s.Preflight, append(preflight, wire.HTTP("OPTIONS", "/{Bucket}"))...),
		wire.Op("PreflightObject", s.Preflight, append(preflight, wire.HTTP("OPTIONS", "/{Bucket}/{Key+}"))...),
	}
}

func (s *Service) objectOperations() []wire.Operation {
	const read = "partNumber={PartNumber}&response-cache-control={ResponseCacheControl}&response-content-disposition={ResponseContentDisposition}&response-content-encoding={ResponseContentEncoding}&response-content-language={ResponseContentLanguage}&response-content-type={ResponseContentType}&response-expires={ResponseExpires}&versionId={VersionId}"
	metadata := wire.PrefixHeaders("x-amz-meta-", "Metadata")
	copied := wire.IfHeader("X-Amz-Copy-Source")
	return []wire.Operation{
		op(s, "PutObject", s.PutObject, wire.HTTP("PUT", "/{Bucket}/{Key+}"), metadata, wire.Payload("Body")),
		op(s, "GetObject", s.GetObject, wire.HTTP("GET", "/{Bucket}/{Key+}?"+read), metadata, wire.Payload("Body"), wire.StatusIf("ContentRange", 206)),
		op(s, "HeadObject", s.HeadObject, wire.HTTP("HEAD", "/{Bucket}/{Key+}?"+read), metadata, wire.StatusIf("ContentRange", 206)),
		op(s, "CopyObject", s.CopyObject, wire.HTTP("PUT", "/{Bucket}/{Key+}"), copied, metadata, wire.Payload("CopyObjectResult"), wire.Header("x-amz-checksum-algorithm", "ChecksumAlgorithm")),
		op(s, "DeleteObject", s.DeleteObject, wire.HTTP("DELETE", "/{Bucket}/{Key+}?versionId={VersionId}"), wire.Status(204)),
		op(s, "GetObjectAttributes", s.GetObjectAttributes, wire.HTTP("GET", "/{Bucket}/{Key+}?attributes&versionId={VersionId}"), wire.InBody("ETag", "StorageClass")),
		op(s, "GetObjectTagging", s.GetObjectTagging, wire.HTTP("GET", "/{Bucket}/{Key+}?tagging&versionId={VersionId}")),
		op(s, "PutObjectTagging", s.PutObjectTagging, wire.HTTP("PUT", "/{Bucket}/{Key+}?tagging&versionId={VersionId}"), wire.Payload("Tagging")),
		op(s, "DeleteObjectTagging", s.DeleteObjectTagging, wire.HTTP("DELETE", "/{Bucket}/{Key+}?tagging&versionId={VersionId}"), wire.Status(204)),
		op(s, "GetObjectAcl", s.GetObjectAcl, wire.HTTP("GET", "/{Bucket}/{Key+}?acl&versionId={VersionId}")),
		op(s, "PutObjectAcl", s.PutObjectAcl, wire.HTTP("PUT", "/{Bucket}/{Key+}?acl&versionId={VersionId}"), wire.Payload("AccessControlPolicy")),
		op(s, "CreateMultipartUpload", s.CreateMultipartUpload, wire.HTTP("POST", "/{Bucket}/{Key+}?uploads"), metadata, wire.Header("x-amz-checksum-algorithm", "ChecksumAlgorithm")),
		op(s, "UploadPart", s.UploadPart, wire.HTTP("PUT", "/{Bucket}/{Key+}?uploadId&partNumber={PartNumber}&uploadId={UploadId}"), wire.Payload("Body")),
		op(s, "UploadPartCopy", s.UploadPartCopy, wire.HTTP("PUT", "/{Bucket}/{Key+}?uploadId&partNumber={PartNumber}&uploadId={UploadId}"), copied, wire.Payload("CopyPartResult")),
		op(s, "CompleteMultipartUpload", s.CompleteMultipartUpload, wire.HTTP("POST", "/{Bucket}/{Key+}?uploadId&uploadId={UploadId}"), wire.Payload("MultipartUpload"),
			wire.InBody("ETag", "Location", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256", "ChecksumSHA512", "ChecksumType")),
		op(s, "AbortMultipartUpload", s.AbortMultipartUpload, wire.HTTP("DELETE", "/{Bucket}/{Key+}?uploadId&uploadId={UploadId}"), wire.Status(204)),
		op(s, "ListParts", s.ListParts, wire.HTTP("GET", "/{Bucket}/{Key+}?uploadId&max-parts={MaxParts}&part-number-marker={PartNumberMarker}&uploadId={UploadId}"),
			wire.InBody("StorageClass", "ChecksumAlgorithm", "ChecksumType", "PartNumberMarker", "MaxParts")),
	}
}

func (s *Service) configOperations() []wire.Operation {
	return []wire.Operation{
		op(s, "GetBucketTagging", s.GetBucketTagging, wire.HTTP("GET", "/{Bucket}?tagging")),
		op(s, "PutBucketTagging", s.PutBucketTagging, wire.HTTP("PUT", "/{Bucket}?tagging"), wire.Payload("Tagging")),
		op(s, "DeleteBucketTagging", s.DeleteBucketTagging, wire.HTTP("DELETE", "/{Bucket}?tagging"), wire.Status(204)),
		op(s, "GetBucketNotificationConfiguration", s.GetBucketNotificationConfiguration, wire.HTTP("GET", "/{Bucket}?notification")),
		op(s, "PutBucketNotificationConfiguration", s.PutBucketNotificationConfiguration, wire.HTTP("PUT", "/{Bucket}?notification"), wire.Payload("NotificationConfiguration")),
		op(s, "GetBucketPolicy", s.GetBucketPolicy, wire.HTTP("GET", "/{Bucket}?policy"), wire.Payload("Policy")),
		op(s, "PutBucketPolicy", s.PutBucketPolicy, wire.HTTP("PUT", "/{Bucket}?policy"), wire.Payload("Policy"), wire.Status(204)),
		op(s, "DeleteBucketPolicy", s.DeleteBucketPolicy, wire.HTTP("DELETE", "/{Bucket}?policy"), wire.Status(204)),
		op(s, "GetBucketPolicyStatus", s.GetBucketPolicyStatus, wire.HTTP("GET", "/{Bucket}?policyStatus"), wire.Payload("PolicyStatus")),
		op(s, "GetBucketCors", s.GetBucketCors, wire.HTTP("GET", "/{Bucket}?cors")),
		op(s, "PutBucketCors", s.PutBucketCors, wire.HTTP("PUT", "/{Bucket}?cors"), wire.Payload("CORSConfiguration")),
		op(s, "DeleteBucketCors", s.DeleteBucketCors, wire.HTTP("DELETE", "/{Bucket}?cors"), wire.Status(204)),
		op(s, "GetPublicAccessBlock", s.GetPublicAccessBlock, wire.HTTP("GET", "/{Bucket}?publicAccessBlock"), wire.Payload("PublicAccessBlockConfiguration")),
		op(s, "PutPublicAccessBlock", s.PutPublicAccessBlock, wire.HTTP("PUT", "/{Bucket}?publicAccessBlock"), wire.Payload("PublicAccessBlockConfiguration")),
		op(s, "DeletePublicAccessBlock", s.DeletePublicAccessBlock, wire.HTTP("DELETE", "/{Bucket}?publicAccessBlock"), wire.Status(204)),
		op(s, "GetBucketOwnershipControls", s.GetBucketOwnershipControls, wire.HTTP("GET", "/{Bucket}?ownershipControls"), wire.Payload("OwnershipControls")),
		op(s, "PutBucketOwnershipControls", s.PutBucketOwnershipControls, wire.HTTP("PUT", "/{Bucket}?ownershipControls"), wire.Payload("OwnershipControls")),
		op(s, "DeleteBucketOwnershipControls", s.DeleteBucketOwnershipControls, wire.HTTP("DELETE", "/{Bucket}?ownershipControls"), wire.Status(204)),
		op(s, "GetBucketEncryption", s.GetBucketEncryption, wire.HTTP("GET", "/{Bucket}?encryption"), wire.Payload("ServerSideEncryptionConfiguration")),
		op(s, "PutBucketEncryption", s.PutBucketEncryption, wire.HTTP("PUT", "/{Bucket}?encryption"), wire.Payload("ServerSideEncryptionConfiguration")),
		op(s, "DeleteBucketEncryption", s.DeleteBucketEncryption, wire.HTTP("DELETE", "/{Bucket}?encryption"), wire.Status(204)),
		op(s, "GetBucketAcl", s.GetBucketAcl, wire.HTTP("GET", "/{Bucket}?acl")),
		op(s, "PutBucketAcl", s.PutBucketAcl, wire.HTTP("PUT", "/{Bucket}?acl"), wire.Payload("AccessControlPolicy")),
		op(s, "GetBucketVersioning", s.GetBucketVersioning, wire.HTTP("GET", "/{Bucket}?versioning")),
		op(s, "PutBucketVersioning", s.PutBucketVersioning, wire.HTTP("PUT", "/{Bucket}?versioning"), wire.Payload("VersioningConfiguration")),
		op(s, "GetBucketLifecycleConfiguration", s.GetBucketLifecycleConfiguration, wire.HTTP("GET", "/{Bucket}?lifecycle")),
		op(s, "DeleteBucketLifecycle", s.DeleteBucketLifecycle, wire.HTTP("DELETE", "/{Bucket}?lifecycle"), wire.Status(204)),
		op(s, "GetBucketReplication", s.GetBucketReplication, wire.HTTP("GET", "/{Bucket}?replication"), wire.Payload("ReplicationConfiguration")),
		op(s, "DeleteBucketReplication", s.DeleteBucketReplication, wire.HTTP("DELETE", "/{Bucket}?replication"), wire.Status(204)),
		op(s, "GetBucketWebsite", s.GetBucketWebsite, wire.HTTP("GET", "/{Bucket}?website")),
		op(s, "DeleteBucketWebsite", s.DeleteBucketWebsite, wire.HTTP("DELETE", "/{Bucket}?website"), wire.Status(204)),
		op(s, "GetBucketLogging", s.GetBucketLogging, wire.HTTP("GET", "/{Bucket}?logging")),
		op(s, "GetBucketAccelerateConfiguration", s.GetBucketAccelerateConfiguration, wire.HTTP("GET", "/{Bucket}?accelerate")),
		op(s, "GetBucketRequestPayment", s.GetBucketRequestPayment, wire.HTTP("GET", "/{Bucket}?requestPayment")),
		op(s, "GetObjectLockConfiguration", s.GetObjectLockConfiguration, wire.HTTP("GET", "/{Bucket}?object-lock"), wire.Payload("ObjectLockConfiguration")),
	}
}
