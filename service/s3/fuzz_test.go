package s3

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/keys"
)

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-4", "bytes=-5", "bytes=3-", "bytes=9223372036854775807-", "bytes=-9223372036854775808", "bytes=1-0", "bytes=0-1,2-3", "bytes=+1-2", ""} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		r, ok, err := parseRange(header, size)
		if ok && err == nil && (r.off < 0 || r.n < 1 || r.off+r.n > size) {
			t.Errorf("%q of %d: %+v", header, size, r)
		}
	})
}

func FuzzCopySource(f *testing.F) {
	for _, s := range []string{"/b/k", "b/k", "b/a%20b?versionId=null", "b", "b/%zz", "?", "b/k?versionId=x", "arn:aws:s3:us-east-1:0:accesspoint/a/object/k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		at, err := parseCopySource(source)
		if err == nil && (at.bucket == "" || at.key == "" || len(at.key) > keys.Max || !utf8.ValidString(at.key)) {
			t.Errorf("%q: %+v", source, at)
		}
	})
}

// FuzzListing lists with markers and prefixes that a stranger chose.
func FuzzListing(f *testing.F) {
	fix := newFixture(f)
	b := fix.bucket("data")
	for _, k := range []string{"a", "a/b", "a/c", "b", "ü/x", "\U0010ffff"} {
		fix.put(b, k, "x")
	}
	f.Add("a", "/", "a/b", "MWIv")
	f.Add("", "", "\xff", "")
	f.Fuzz(func(t *testing.T, prefix, delimiter, after, token string) {
		q := url.Values{"list-type": {"2"}, "prefix": {prefix}, "delimiter": {delimiter}, "start-after": {after}}
		if token != "" {
			q.Set("continuation-token", token)
		}
		if res := fix.in(t).raw("GET", "/data?"+q.Encode(), ""); res.StatusCode != 200 && res.StatusCode != 400 {
			t.Errorf("status %d: %s", res.StatusCode, readBody(t, res.Body))
		}
		if res := fix.in(t).raw("GET", "/data?uploads&"+q.Encode(), ""); res.StatusCode >= 500 && res.StatusCode != 501 {
			t.Errorf("status %d: %s", res.StatusCode, readBody(t, res.Body))
		}
	})
}

// FuzzDocuments sends documents that a stranger wrote: none is an internal
// failure, and what is taken can be read back.
func FuzzDocuments(f *testing.F) {
	fix := newFixture(f)
	fix.put(fix.bucket("data"), "k", "x")
	paths := []string{"/data?notification", "/data?cors", "/data?tagging", "/data?delete", "/data?policy", "/data?encryption", "/data/k?tagging", "/data/k?uploadId=u", "/other-bucket", "/data?acl", "/data?ownershipControls", "/data?publicAccessBlock"}
	f.Add(0, `<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>suffix</Name><Value>.csv</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>`)
	f.Add(1, `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`)
	f.Add(2, `<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`)
	f.Add(3, `<Delete><Object><Key>absent</Key></Object></Delete>`)
	f.Add(4, `{"Statement":[]}`)
	f.Add(10, `<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>`)
	f.Add(9, `<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList><Owner><ID>x</ID></Owner></AccessControlPolicy>`)
	f.Add(11, `<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>`)
	f.Add(7, `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>`)
	f.Fuzz(func(t *testing.T, which int, doc string) {
		path := paths[uint(which)%uint(len(paths))]
		method := "PUT"
		if strings.Contains(path, "delete") || strings.Contains(path, "uploadId") {
			method = "POST"
		}
		if res := fix.in(t).raw(method, path, doc, "Content-MD5", contentMD5(doc)); res.StatusCode >= 500 && res.StatusCode != 501 {
			t.Errorf("%s %s: status %d: %s", method, path, res.StatusCode, readBody(t, res.Body))
		}
		if res := fix.in(t).raw("GET", path, ""); res.StatusCode >= 500 && res.StatusCode != 501 {
			t.Errorf("GET %s: status %d", path, res.StatusCode)
		}
	})
}

func FuzzRow(f *testing.F) {
	o := &object{size: 5, etag: "e", version: 1, sum: checksum.Sum{Algorithm: checksum.Default, Kind: types.ChecksumTypeFullObject, Value: "x"}, parts: []part{{1, 5, 1, "y"}}}
	f.Add(o.encode())
	f.Fuzz(func(t *testing.T, row []byte) {
		if o, err := decodeObject(row); err == nil {
			if _, err := decodeObject(o.encode()); err != nil {
				t.Errorf("%x: %v", row, err)
			}
		}
		_, _ = decodeUploaded(row)
	})
}
