package runnel_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Uploads and rounds of TestKill.
const (
	killRounds    = 4
	killUploaders = 4
	rowsPerFile   = 20
	badPerFile    = 1
)

// TestKill kills a runtime with SIGKILL while files come in, again and again,
// and checks that every file that was acknowledged is in the table whole, and
// has its report.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a runtime several times")
	}
	t.Parallel()
	dir := t.TempDir()
	var files []string // acknowledged
	var out map[string]string
	for round := range killRounds {
		v := startVictim(t, dir)
		if round == 0 {
			out = v.deployPipeline()
		}
		files = append(files, v.writeUntilKilled(10+10*round, v.uploads(out["DataBucket"], round))...)
	}
	t.Logf("%d files acknowledged in %d rounds", len(files), killRounds)
	// What was in flight is hidden until its visibility timeout ends.
	p := &pipeline{startLater(t, dir, 180*time.Second), out}
	for _, file := range files {
		p.awaitFile(file)
	}
	p.awaitDepth(out["QueueUrl"], "0", "0")
	p.awaitDepth(out["DeadLetterQueueUrl"], "0", "0")
	p.awaitDepth(out["FailedFilesUrl"], "0", "0")
}

// victim is a runtime in a process of its own.
type victim struct {
	*rig
	cmd *exec.Cmd
}

func startVictim(t testing.TB, dir string) *victim {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t), "serve", dir)
	cmd.Stderr = t.Output()
	stdout := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &victim{&rig{TB: t, dir: dir}, cmd}
	t.Cleanup(v.kill)
	endpoint, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the runtime did not start: %v", err)
	}
	v.endpoint = strings.TrimSpace(endpoint)
	v.clients = newClients(v.endpoint, "runnel")
	return v
}

// kill is kill -9. Nothing is waited for but the process's end.
func (v *victim) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

// A writer changes something, under a name that no other change has.
type writer func(ctx context.Context, name string) error

// writeUntilKilled does all writes side by side, each again and again with names
// <key>-0, <key>-1, ..., kills the runtime after so many of them, and returns the
// names of those that were acknowledged.
func (v *victim) writeUntilKilled(killAfter int, writes map[string]writer) []string {
	v.Helper()
	var mu sync.Mutex
	var acknowledged []string
	var writers sync.WaitGroup
	enough := make(chan struct{})
	for key, write := range writes {
		writers.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%s-%d", key, n)
				if write(context.Background(), name) != nil {
					return // it was killed
				}
				mu.Lock()
				if acknowledged = append(acknowledged, name); len(acknowledged) == killAfter {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(patience):
		v.Errorf("no %d writes after %v", killAfter, patience)
	}
	v.kill()
	writers.Wait()
	return acknowledged
}

// uploads are the uploads of a round, of several clients.
func (v *victim) uploads(bucket string, round int) map[string]writer {
	writes := make(map[string]writer)
	for u := range killUploaders {
		writes[fmt.Sprintf("r%d-u%d", round, u)] = func(ctx context.Context, file string) error {
			_, err := v.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(file + ".csv"), Body: strings.NewReader(csvOf(file))})
			return err
		}
	}
	return writes
}

// csvOf is a file whose rows are an hour that no other file has.
func csvOf(file string) string {
	var b strings.Builder
	b.WriteString("timestamp,location,source,local_dest,local_avg,remote_dest,remote_avg\n")
	first := fileStart(file)
	for i := range rowsPerFile {
		fmt.Fprintf(&b, "%d,%s,wired,router-1,0.%d,device-1,8.27\n", first.Add(time.Duration(i)*time.Second).Unix(), file, i+1)
	}
	b.WriteString("never,location-01,wired,router-1,0.43,device-1,8.27\n")
	return b.String()
}

// fileStart spreads the files over days and hours, by their names.
func fileStart(file string) time.Time {
	var round, uploader, n int
	if _, err := fmt.Sscanf(file, "r%d-u%d-%d", &round, &uploader, &n); err != nil {
		panic(err)
	}
	return time.Date(2020, 1, 1+n, round*killUploaders+uploader, 0, 0, 0, time.UTC)
}

// awaitFile waits until all rows of a file are items, and its bad one is in a
// report.
func (p *pipeline) awaitFile(file string) {
	p.Helper()
	first := fileStart(file)
	eventually(p, file, func() (bool, any) {
		items := must(p.table.Query(p.Context(), &dynamodb.QueryInput{
			TableName:                aws.String(p.out["TableName"]),
			KeyConditionExpression:   aws.String("#d = :d AND begins_with(#t, :t)"),
			ExpressionAttributeNames: map[string]string{"#d": "date", "#t": "time"},
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":d": &types.AttributeValueMemberS{Value: first.Format("2006-01-02")},
				":t": &types.AttributeValueMemberS{Value: first.Format("15:")},
			},
		}))(p).Items
		whole := len(items) == rowsPerFile && !slices.ContainsFunc(items, func(i map[string]types.AttributeValue) bool {
			location, _ := i["location"].(*types.AttributeValueMemberS)
			return location == nil || location.Value != file
		})
		return whole, fmt.Sprintf("%d items", len(items))
	})
	var reports []s3types.Object
	eventually(p, "the report on "+file, func() (bool, any) {
		reports = must(p.s3.ListObjectsV2(p.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(p.out["DataBucket"]), Prefix: aws.String("errors/" + file + ".csv/")}))(p).Contents
		return len(reports) == 1, len(reports)
	})
	if report := p.get(p.out["DataBucket"], *reports[0].Key); strings.Count(report, "\n") != badPerFile {
		p.Errorf("the report on %s is %q", file, report)
	}
}
