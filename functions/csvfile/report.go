package csvfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/upload"
	"github.com/runnel/runnel/transform"
)

// A BadRow is a line of a report.
type BadRow struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	Row    string `json:"row"`
}

// keyBeside names what is written of one version of a file, so that a second
// attempt writes it again instead of another. The suffix is not .csv, which would
// make it a file to read.
func keyBeside(prefix, key, version, suffix string) string {
	const longest = 1024 // bytes in a key (S3 User Guide, naming objects)
	name := prefix + key + "/" + version + suffix
	if len(name) > longest {
		sum := sha256.Sum256([]byte(key))
		name = prefix + hex.EncodeToString(sum[:]) + "/" + version + suffix
	}
	return name
}

// A report is the bad rows of one part of a file as an object of
// newline-delimited JSON. It is written when it is closed, and only if there are
// any.
type report struct {
	mu   sync.Mutex // rows come from the file and from where its rows go
	rows int
	out  *upload.Upload
}

func newReport(client *s3.Client, bucket, key string) *report {
	return &report{out: upload.New(client, bucket, key, "application/x-ndjson")}
}

// add appends a row. Only every few MiB does it call S3 and can fail.
func (r *report) add(ctx context.Context, row BadRow) error {
	row.Row = strings.ToValidUTF8(row.Row, "\uFFFD")
	line, err := transform.JSON(row)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows++
	return r.out.Write(ctx, line)
}

// close writes what add has collected.
func (r *report) close(ctx context.Context) error {
	if r.rows == 0 {
		return nil
	}
	return r.out.Close(ctx)
}
