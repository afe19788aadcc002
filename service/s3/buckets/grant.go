package buckets

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
)

// The groups that grants may name
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee).
const (
	allUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	logDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// Canned lists that the SDK names for objects alone, or not at all.
const (
	cannedOwnerRead    types.BucketCannedACL = "bucket-owner-read"
	cannedOwnerFull    types.BucketCannedACL = "bucket-owner-full-control"
	cannedLogDelivery  types.BucketCannedACL = "log-delivery-write"
	cannedAWSExecution types.BucketCannedACL = "aws-exec-read"
)

// canned are the grants of canned lists beside the owner's. Those for the owner
// of a bucket say nothing new about the bucket itself
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl).
var canned = map[types.BucketCannedACL]acl{
	types.BucketCannedACLPrivate:           {},
	types.BucketCannedACLPublicRead:        {{URI: allUsers, Permission: types.PermissionRead}},
	types.BucketCannedACLPublicReadWrite:   {{URI: allUsers, Permission: types.PermissionRead}, {URI: allUsers, Permission: types.PermissionWrite}},
	types.BucketCannedACLAuthenticatedRead: {{URI: authenticatedUsers, Permission: types.PermissionRead}},
	cannedLogDelivery:                      {{URI: logDelivery, Permission: types.PermissionWrite}, {URI: logDelivery, Permission: types.PermissionReadAcp}},
	cannedOwnerRead:                        {},
	cannedOwnerFull:                        {},
}

// maxGrants is the limit of a list
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html).
const maxGrants = 100

// asking is the three ways in which a request may give a list. It is to use one.
type asking struct {
	canned                               types.BucketCannedACL
	full, read, readACP, write, writeACP *string // headers
	document                             *types.AccessControlPolicy
}

func (q asking) headers() bool {
	return q.full != nil || q.read != nil || q.readACP != nil || q.write != nil || q.writeACP != nil
}

// forOwner reports whether the request gives full control to the bucket's owner
// and says nothing else: what is allowed where there are no lists.
func (q asking) forOwner(a acl, owner string) bool {
	return a.ownersOnly(owner) && (q.canned == "" || q.canned == cannedOwnerFull)
}

// acl is the list that is asked for.
func (q asking) acl(owner string) (acl, error) {
	switch {
	case q.canned != "" && q.headers():
		return nil, fault.InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	case q.document != nil && (q.canned != "" || q.headers()):
		return nil, fault.New("UnexpectedContent", "This request does not support content")
	case q.document != nil:
		return documentACL(q.document, owner)
	case q.headers():
		return q.headerACL(owner)
	case q.canned == "":
		return nil, fault.New("MissingSecurityHeader", "Your request was missing a required header", "MissingHeaderName", "x-amz-acl")
	case q.canned == cannedAWSExecution:
		return nil, fault.NotSupported("the canned ACL " + string(cannedAWSExecution))
	}
	others, ok := canned[q.canned]
	if !ok {
		return nil, fault.InvalidArgument("", "x-amz-acl", string(q.canned))
	}
	return append(private(owner), others...), nil
}

// headerACL reads headers such as x-amz-grant-read: id="...", uri="...".
func (q asking) headerACL(owner string) (a acl, err error) {
	for _, h := range []struct {
		value      *string
		permission types.Permission
	}{
		{q.full, types.PermissionFullControl}, {q.read, types.PermissionRead}, {q.readACP, types.PermissionReadAcp},
		{q.write, types.PermissionWrite}, {q.writeACP, types.PermissionWriteAcp},
	} {
		if h.value == nil {
			continue
		}
		for part := range strings.SplitSeq(*h.value, ",") {
			kind, value, ok := strings.Cut(strings.TrimSpace(part), "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			if !ok {
				return nil, fault.InvalidArgument("Argument format not recognized", "x-amz-grant-"+strings.ToLower(strings.ReplaceAll(string(h.permission), "_", "-")), *h.value)
			}
			g := grant{Permission: h.permission}
			if err := g.to(strings.ToLower(strings.TrimSpace(kind)), value, owner); err != nil {
				return nil, err
			}
			a = append(a, g)
		}
	}
	return a, a.check()
}

// documentACL reads the body of a request.
func documentACL(p *types.AccessControlPolicy, owner string) (a acl, err error) {
	if p.Owner == nil || p.Owner.ID == nil {
		return nil, fault.MalformedACL()
	}
	if *p.Owner.ID != owner {
		return nil, fault.New("AccessDenied", "Access Denied")
	}
	kinds := map[types.Type]string{types.TypeCanonicalUser: "id", types.TypeGroup: "uri", types.TypeAmazonCustomerByEmail: "emailaddress"}
	for _, in := range p.Grants {
		if in.Grantee == nil || kinds[in.Grantee.Type] == "" || !slices.Contains(in.Permission.Values(), in.Permission) {
			return nil, fault.MalformedACL()
		}
		value := in.Grantee.ID
		if in.Grantee.Type == types.TypeGroup {
			value = in.Grantee.URI
		}
		g := grant{Permission: in.Permission}
		if err := g.to(kinds[in.Grantee.Type], aws.ToString(value), owner); err != nil {
			return nil, err
		}
		a = append(a, g)
	}
	return a, a.check()
}

func (a acl) check() error {
	if len(a) > maxGrants {
		return fault.MalformedACL()
	}
	return nil
}

// to says to whom the grant goes. The account is the only one there is, and
// addresses of e-mail are no grantees any more, on AWS either.
func (g *grant) to(kind, value, owner string) error {
	switch kind {
	case "id":
		if value != owner {
			return fault.InvalidArgument("Invalid id", "CanonicalUser/ID", value)
		}
		g.ID = value
	case "uri":
		if value != allUsers && value != authenticatedUsers && value != logDelivery {
			return fault.InvalidArgument("Invalid group uri", "Group/URI", value)
		}
		g.URI = value
	case "emailaddress":
		return fault.New("MethodNotAllowed", "The specified method is not allowed against this resource.", "Method", "PUT", "ResourceType", "ACL")
	default:
		return fault.InvalidArgument("Argument format not recognized", "x-amz-grant", kind)
	}
	return nil
}
