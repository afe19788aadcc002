package runnel_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/deploy"
	iotmessages "github.com/runnel/runnel/pipelines/iot-messages"
)

// startImpatientPipeline deploys the pipeline with seconds in place of the 900
// that its first function has for a part of a file.
func startImpatientPipeline(t testing.TB, seconds int) *pipeline {
	t.Helper()
	r, d := start(t), iotmessages.Demo
	body := bytes.Replace(d.Template, []byte("Timeout: 900 "), fmt.Appendf(nil, "Timeout: %d ", seconds), 1)
	if bytes.Equal(body, d.Template) {
		t.Fatal("the template has no Timeout of 900")
	}
	builtin := func(dir string) bool { return path.Clean(dir) == "functions/bootstrap" }
	return &pipeline{r, r.deploy(d.Name, &deploy.Template{Body: body, Dir: d.Dir, Builtin: builtin})}
}

// longFile has so many rows, a second apart, and the lines of the bad ones:
// every fifth.
func longFile(rows int) (content string, bad []int) {
	var b strings.Builder
	b.WriteString("note,timestamp,location,source,local_dest,local_avg,remote_dest,remote_avg\n")
	line := 2
	for i := range rows {
		at := fmt.Sprint(978339600 + i)
		if i%5 == 4 {
			at, bad = "never", append(bad, line)
		}
		fmt.Fprintf(&b, "\"row\n%d\",%s,location-03,wireless,router-1,5.55,device-1,10.10\n", i, at)
		line += 2 // the note is on two
	}
	return b.String(), bad
}

func TestFileThatTakesLongerThanAnInvocation(t *testing.T) {
	t.Parallel()
	const function = "iot-messages-csv-to-queue"
	p := startImpatientPipeline(t, 3)
	key, rows, bad := "", 1_000, []int(nil)
	for tries := 1; p.logged(function, `"continued by a further invocation"`) == 0; tries++ {
		var content string
		rows *= 4 // a fast machine may need more than the first file to be late
		key = fmt.Sprintf("%d.csv", rows)
		content, bad = longFile(rows)
		p.put(p.out["DataBucket"], key, content)
		p.awaitLogged(function, "loaded", tries)
	}
	if n := p.logged(function, fmt.Sprintf("loaded key=%s sent=%d bad=%d", key, rows-len(bad), len(bad))); n != 1 {
		t.Errorf("%d invocations say that all rows went somewhere, want one", n)
	}
	if got := p.reportedLines(key); !slices.Equal(got, bad) {
		t.Errorf("%d rows are reported, want %d", len(got), len(bad))
	}
	p.awaitItems(p.out["TableName"], rows-len(bad))
	for _, queue := range []string{"QueueUrl", "DeadLetterQueueUrl", "FailedFilesUrl"} {
		p.awaitDepth(p.out[queue], "0", "0")
	}
}

// reportedLines are the lines that the reports on a file name, in order.
func (p *pipeline) reportedLines(file string) (lines []int) {
	p.Helper()
	bucket := p.out["DataBucket"]
	list := must(p.s3.ListObjectsV2(p.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("errors/" + file + "/")}))(p)
	for _, part := range list.Contents {
		for row := range strings.Lines(p.get(bucket, *part.Key)) {
			var bad struct{ Line int }
			if err := json.Unmarshal([]byte(row), &bad); err != nil {
				p.Fatalf("%s: %v", row, err)
			}
			lines = append(lines, bad.Line)
		}
	}
	slices.Sort(lines)
	return lines
}
