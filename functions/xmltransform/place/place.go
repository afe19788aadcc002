// Package place says where the pipeline's files lie: the result of a file, its
// reports, and the metadata that ties them to it. The function that converts and
// the API that tells how far it is agree here, and nowhere else.
package place

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/transform/rule"
)

// Result is the key of a file's result: .json in the place of .xml, or after any
// other name.
func Result(key string) string {
	if n := len(key) - len(".xml"); n >= 0 && strings.EqualFold(key[n:], ".xml") {
		key = key[:n]
	}
	return fit("", key, ".json")
}

// What could not be converted lies in the bucket of the results, under prefixes
// of its own.
const (
	Errors     = "errors/"     // files that were rejected, each with its report
	Quarantine = "quarantine/" // records that were left out, an NDJSON file for each file
)

// Reserved says that a file's key is under a prefix that its result may not have.
func Reserved(key string) bool {
	return strings.HasPrefix(key, Errors) || strings.HasPrefix(key, Quarantine)
}

const reportSuffix = ".report.json"

// Copy is the key of the copy of a rejected file, and Report that of its report.
// A copy is not called what the report of another file may be.
func Copy(key string) string {
	if strings.HasSuffix(key, reportSuffix) {
		return Errors + sum(key)
	}
	return fit(Errors, key, "")
}

func Report(key string) string { return fit(Errors, key, reportSuffix) }

// LeftOut is the key of the records of a file that were left out.
func LeftOut(key string) string { return fit(Quarantine, key, ".ndjson") }

// LongestKey is the most bytes of a key (S3 User Guide, naming objects).
const LongestKey = 1024

// fit is a key made of another, or of its SHA-256 sum if it were too long.
func fit(prefix, key, suffix string) string {
	if len(prefix)+len(key)+len(suffix) > LongestKey {
		key = sum(key)
	}
	return prefix + key + suffix
}

func sum(key string) string {
	s := sha256.Sum256([]byte(key))
	return hex.EncodeToString(s[:])
}

// RuleMetadata is the metadata of a file that names its rule (x-amz-meta-rule).
const RuleMetadata = "rule"

// Metadata of a result, of a report and of a copy of a rejected file: what they
// were made of, and by what. Values that are not ASCII are written by Encode. What
// is as large as a part of an upload, or larger, has neither of the counts.
const (
	SourceBucket   = "source-bucket"
	SourceKey      = "source-key"
	SourceETag     = "source-etag"     // without its quotes
	SourceModified = "source-modified" // as 20261121T090000Z, in UTC; a copy has none
	SourceVersion  = "source-version"  // the version's id, where the bucket has versions
	RuleID         = "rule-id"         // none for a file that needed no rule
	RuleVersion    = "rule-version"
	Records        = "records"     // written to the result
	LeftOutCount   = "quarantined" // records
)

// Folder is the first folder of a key, "" if it has none: the rule of a file that
// does not name one, if there is a rule of that id.
func Folder(key string) string {
	folder, _, ok := strings.Cut(key, "/")
	if !ok {
		return ""
	}
	return folder
}

// A Notice is what became of a file: what the topic is told, what the report of
// a rejected file holds, and what GET /upload/{key} answers with.
type Notice struct {
	Status string  `json:"status"` // Pending, Succeeded or Failed
	Source Object  `json:"source"`
	Rule   *RuleOf `json:"rule,omitempty"`
	// Result is the JSON, of a file that succeeded.
	Result *Object `json:"result,omitempty"`
	*rule.Summary
	// LeftOut are the records that were left out, if there are any.
	LeftOut *Object `json:"quarantine,omitempty"`
	// Copy and Report are of a file that failed.
	Copy   *Object `json:"copy,omitempty"`
	Report *Object `json:"report,omitempty"`
	Reason string  `json:"reason,omitempty"`
	// Failures are the first of them.
	Failures []rule.Failure `json:"failures,omitempty"`
}

// The states of a file.
const (
	Pending   = "pending"
	Succeeded = "succeeded"
	Failed    = "failed"
)

// An Object is one in a bucket.
type Object struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	ETag    string `json:"etag,omitempty"`
	Version string `json:"version,omitempty"`
	Size    int64  `json:"size,omitempty"`

	// Modified is of a file: the same content may be put once more, for a
	// rule that was changed.
	Modified time.Time `json:"-"`
}

// ObjectOf is an object as S3 tells of it: the ETag in quotes, and the version
// "null", or none, in a bucket that has no versions.
func ObjectOf(bucket, key string, etag, version *string, size int64) Object {
	o := Object{Bucket: bucket, Key: key, ETag: strings.Trim(aws.ToString(etag), `"`), Size: size}
	if v := aws.ToString(version); v != "null" {
		o.Version = v
	}
	return o
}

// A RuleOf is the rule that a file was converted by.
type RuleOf struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}
