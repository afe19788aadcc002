package sign

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// isSigV2 reports whether a URL is presigned by Signature Version 2, as boto3 and
// version 1 of the AWS CLI still do for S3 unless told otherwise.
func isSigV2(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "AWSAccessKeyId=") && strings.Contains(r.URL.RawQuery, "Signature=")
}

// parseSigV2 reads the query parameters of such a URL
// (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html).
func parseSigV2(q url.Values) (*Signature, error) {
	s := &Signature{
		v2: true, Presigned: true, Service: "s3",
		AccessKey: q.Get("AWSAccessKeyId"),
		value:     q.Get("Signature"),
		Token:     q.Get("x-amz-security-token"),
		Date:      q.Get("Expires"),
	}
	if s.AccessKey == "" || s.value == "" || s.Date == "" {
		return s, &Error{Query, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"}
	}
	expires, err := strconv.ParseInt(s.Date, 10, 64)
	if err != nil {
		return s, &Error{Query, "Invalid date (should be seconds since epoch): " + s.Date}
	}
	s.End = time.Unix(expires, 0)
	return s, nil
}

// VerifyV2 reports whether the signature is the secret's. bucket is what came in
// the host name.
func (s *Signature) VerifyV2(r *http.Request, secret, bucket string) bool {
	h := hmac.New(sha1.New, []byte(secret))
	h.Write([]byte(s.stringV2(r, bucket)))
	got, err := base64.StdEncoding.DecodeString(s.value)
	return err == nil && hmac.Equal(h.Sum(nil), got)
}

func (s *Signature) stringV2(r *http.Request, bucket string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + r.Header.Get("Content-Md5") + "\n" + r.Header.Get("Content-Type") + "\n" + s.Date + "\n")
	var amz []string
	for k, vs := range r.Header {
		if name := strings.ToLower(k); strings.HasPrefix(name, "x-amz-") {
			amz = append(amz, name+":"+strings.Join(vs, ",")+"\n")
		}
	}
	slices.Sort(amz)
	b.WriteString(strings.Join(amz, ""))
	if bucket != "" {
		b.WriteString("/" + bucket)
	}
	b.WriteString(r.URL.EscapedPath())
	b.WriteString(subresourcesV2(r.URL.Query()))
	return b.String()
}

// signedV2 are the query parameters that Signature Version 2 covers, beside
// response-*.
var signedV2 = []string{
	"accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
	"notification", "partNumber", "policy", "replication", "requestPayment", "restore", "tagging", "torrent", "uploadId",
	"uploads", "versionId", "versioning", "versions", "website", "x-amz-security-token",
}

func subresourcesV2(q url.Values) string {
	var parts []string
	for k, vs := range q {
		if !slices.Contains(signedV2, k) && !strings.HasPrefix(k, "response-") {
			continue
		}
		if vs[0] != "" {
			k += "=" + vs[0]
		}
		parts = append(parts, k)
	}
	if parts == nil {
		return ""
	}
	slices.Sort(parts)
	return "?" + strings.Join(parts, "&")
}
