package runnel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const xmlKillRounds = 3

// TestXMLKill kills a runtime with SIGKILL while files come in over S3 and over
// the API, again and again. Every file that was acknowledged has its result in
// the next one.
func TestXMLKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a runtime several times")
	}
	t.Parallel()
	for _, c := range []struct {
		buffered string
		off      time.Duration // until what was in flight is no longer hidden
	}{{"false", 0}, {"true", 90 * time.Minute}} {
		t.Run("Buffered="+c.buffered, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var acknowledged []string
			var out map[string]string
			for round := range xmlKillRounds {
				v := startVictim(t, dir)
				if round == 0 {
					out = v.deployXML("Buffered", c.buffered)
				}
				x := &xmlPipeline{&pipeline{v.rig, out}}
				acknowledged = append(acknowledged, v.writeUntilKilled(20+20*round, x.uploads(round))...)
			}
			t.Logf("%d files acknowledged in %d rounds", len(acknowledged), xmlKillRounds)
			x := &xmlPipeline{&pipeline{startLater(t, dir, c.off), out}}
			files := x.files()
			for _, key := range acknowledged {
				if !slices.Contains(files, key) {
					t.Errorf("%s is lost", key)
				}
			}
			x.converted(files)
			x.told(files)
			x.idle()
		})
	}
}

// uploads are the uploads of a round, over S3 and over the API.
func (x *xmlPipeline) uploads(round int) map[string]writer {
	writes := make(map[string]writer)
	for u, upload := range []writer{x.putIs200, x.postIs202, x.putIs200, x.postIs202} {
		writes[fmt.Sprintf("r%d/u%d", round, u)] = upload
	}
	return writes
}

// told waits until the topic has told of each file. It may tell twice of one whose
// conversion a kill ended.
func (x *xmlPipeline) told(keys []string) {
	x.Helper()
	missing := make(map[string]bool)
	for _, key := range keys {
		missing[key] = true
	}
	eventually(x, "notices", func() (bool, any) {
		for _, m := range x.takeUpTo(x.out["NoticeQueueUrl"], 10) {
			var f fate
			if err := json.Unmarshal([]byte(*m.Body), &f); err != nil || f.Status != "succeeded" {
				x.Errorf("%v: %s", err, *m.Body)
			}
			delete(missing, f.Source.Key)
		}
		return len(missing) == 0, missing
	})
}

func (x *xmlPipeline) putIs200(ctx context.Context, key string) error {
	document, _ := numbered(key)
	_, err := x.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(x.out["XmlBucket"]), Key: &key, Body: strings.NewReader(document)})
	return err
}

func (x *xmlPipeline) postIs202(_ context.Context, key string) error {
	document, _ := numbered(key)
	got, err := x.send("POST", "/upload?file="+key, document)
	if err == nil && got.status != 202 {
		err = fmt.Errorf("%s: %d %s", key, got.status, got.body)
		x.Error(err)
	}
	return err
}
