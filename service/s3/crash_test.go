package s3

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// reopen opens what a power cut left.
func reopen(t *testing.T, d *storetest.Disk) *fixture {
	t.Helper()
	st, _ := d.Open(t)
	f := fixtureOn(t, st)
	f.disk = d
	go f.svc.Run(t.Context())
	synctest.Wait() // orphans are swept
	return f
}

// checkBlobs compares the blobs on disk with those that rows name.
func (f *fixture) checkBlobs() {
	f.t.Helper()
	named := map[string]bool{}
	err := f.st.View(f.ctx, func(tx *store.Tx) error {
		for k, row := range tx.Scan(store.Prefix(store.K("s3", "object"))) {
			o, err := decodeObject(row)
			if err != nil {
				return err
			}
			p := k.Parts(store.K("s3", "object"))
			at := place{p.Str(), p.Str()}
			if o.inline != tx.Has(bodyKey(at.bucket, at.key)) {
				f.t.Errorf("%v: inline %v, and its body is not so", at, o.inline)
			}
			for _, x := range o.parts {
				named[fmt.Sprintf("%016x", uint64(x.blob))] = true
			}
		}
		for _, row := range tx.Scan(store.Prefix(store.K("s3", "part"))) {
			u, err := decodeUploaded(row)
			if err != nil {
				return err
			}
			named[fmt.Sprintf("%016x", uint64(u.blob))] = true
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	got := must(f.disk.FS.List("data/blobs"))(f.t)
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(named)); !slices.Equal(got, want) {
		f.t.Errorf("blobs on disk %v, named %v", got, want)
	}
}

// body of a version of an object: its number, padded to size.
func bodyOf(version, size int) string {
	s := fmt.Sprintf("%d ", version)
	return s + strings.Repeat("x", max(0, size-len(s)))
}

func versionOf(t testing.TB, body string) int {
	t.Helper()
	s, _, _ := strings.Cut(body, " ")
	return must(strconv.Atoi(s))(t)
}

// ledger is what was acknowledged: the version of each key.
type ledger struct {
	mu       sync.Mutex
	versions map[string]int
	gone     map[string]bool // deleted as the last thing
}

func (l *ledger) ack(key string, version int, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.versions[key], l.gone[key] = version, gone
}

func (l *ledger) snapshot() (map[string]int, map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.versions), maps.Clone(l.gone)
}

// writers write versions of their own keys, each in its own way, and report
// what was acknowledged. tick is called after each acknowledgement.
func writers(f *fixture, b string, l *ledger, rounds int, tick func()) {
	ways := map[string]func(key string, version int){
		"small": func(key string, v int) { f.put(b, key, bodyOf(v, 10)) },
		"large": func(key string, v int) { f.put(b, key, bodyOf(v, 40<<10)) },
		"mixed": func(key string, v int) { f.put(b, key, bodyOf(v, 10+v%2*40<<10)) },
		"parts": func(key string, v int) { f.multipart(b, key, bodyOf(v, 40<<10)) },
		"copy": func(key string, v int) {
			f.put(b, "source-of-"+key, bodyOf(v, 40<<10))
			must(f.CopyObject(f.ctx, &s3.CopyObjectInput{Bucket: &b, Key: &key, CopySource: ptr(b + "/source-of-" + key)}))(f.t)
		},
		"deleted": func(key string, v int) {
			f.put(b, key, bodyOf(v, 40<<10))
			must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: &key}))(f.t)
		},
		"aborted": func(key string, v int) {
			up := must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key}))(f.t)
			must(f.UploadPart(f.ctx, &s3.UploadPartInput{Bucket: &b, Key: &key, UploadId: up.UploadId, PartNumber: ptr[int32](1), Body: strings.NewReader(bodyOf(v, 40<<10))}))(f.t)
			must(f.AbortMultipartUpload(f.ctx, &s3.AbortMultipartUploadInput{Bucket: &b, Key: &key, UploadId: up.UploadId}))(f.t)
			f.put(b, key, bodyOf(v, 10))
		},
	}
	var wg sync.WaitGroup
	for key, write := range ways {
		wg.Go(func() {
			for v := 1; v <= rounds; v++ {
				write(key, v)
				l.ack(key, v, key == "deleted")
				tick()
			}
		})
	}
	wg.Wait()
}

// TestPowerCut cuts the power again and again while objects are written, and
// looks at what is left: all that was acknowledged, each object with exactly the
// events of its versions, and no blob that nothing names.
func TestPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.bucket("data")
		must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
			Bucket: &b, NotificationConfiguration: &types.NotificationConfiguration{
				QueueConfigurations:      []types.QueueConfiguration{queueRule("q", []types.Event{"s3:ObjectCreated:*"}, "", "")},
				EventBridgeConfiguration: &types.EventBridgeConfiguration{},
			},
		}))(t)
		l := &ledger{versions: map[string]int{}, gone: map[string]bool{}}
		var mu sync.Mutex
		var left []remains
		writers(f, b, l, 6, func() {
			mu.Lock()
			defer mu.Unlock()
			versions, gone := l.snapshot()
			seed := uint64(len(left))
			left = append(left, remains{f.disk.PowerCut(seed), versions, gone})
		})
		for i, r := range left {
			if i%3 == 0 || i == len(left)-1 {
				r.check(t, b)
			}
		}
	})
}

// remains are a disk after a power cut, and what had been acknowledged.
type remains struct {
	disk     *storetest.Disk
	versions map[string]int
	gone     map[string]bool
}

func (r remains) check(t *testing.T, b string) {
	t.Helper()
	f := reopen(t, r.disk)
	f.checkBlobs()
	events := map[string]int{}
	records := f.records("q")
	for _, r := range records {
		events[r.S3.Object.Key]++
	}
	if n := strings.Count(strings.Join(f.inbox("event-bus/default"), "\n"), `"Object Created"`); n != len(records) {
		t.Errorf("the event bus has %d events, the queue %d", n, len(records))
	}
	for key, acked := range r.versions {
		out, err := f.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b, Key: &key})
		if err != nil {
			if !r.gone[key] {
				t.Errorf("%s: version %d was acknowledged: %v", key, acked, err)
			}
			if events[key] < acked {
				t.Errorf("%s: %d events for %d versions", key, events[key], acked)
			}
			continue
		}
		v := versionOf(t, string(readBody(t, out.Body)))
		if v < acked || v != events[key] {
			t.Errorf("%s: version %d, acknowledged %d, events %d", key, v, acked, events[key])
		}
	}
}

// TestPowerCutEmptied: when all objects are deleted and uploads aborted, no blob
// is left, after a cut neither.
func TestPowerCutEmptied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.bucket("data")
		writers(f, b, &ledger{versions: map[string]int{}, gone: map[string]bool{}}, 2, func() {})
		up := must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: ptr("k")}))(t)
		must(f.UploadPart(f.ctx, &s3.UploadPartInput{Bucket: &b, Key: ptr("k"), UploadId: up.UploadId, PartNumber: ptr[int32](1), Body: strings.NewReader("part")}))(t)
		for _, o := range must(f.ListObjectsV2(f.ctx, &s3.ListObjectsV2Input{Bucket: &b}))(t).Contents {
			must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: o.Key}))(t)
		}
		if n := f.blobs(); n != 1 {
			t.Errorf("%d blobs are left beside that of the part", n-1)
		}
		must(f.DeleteBucket(f.ctx, &s3.DeleteBucketInput{Bucket: &b}))(t) // the upload goes with it
		for seed := range uint64(4) {
			if n := reopen(t, f.disk.PowerCut(seed)).blobs(); n != 0 {
				t.Errorf("seed %d: %d blobs are left", seed, n)
			}
		}
		f.checkRows()
	})
}

// checkRows reports rows that are left when there is no bucket.
func (f *fixture) checkRows() {
	f.t.Helper()
	_ = f.st.View(f.ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(store.Prefix(store.K("s3"))) {
			f.t.Errorf("row %q is left", k)
		}
		for k := range tx.Scan(store.Prefix(store.K("blob"))) {
			f.t.Errorf("row %q is left", k)
		}
		return nil
	})
}

// step writes something that is not an object's body; read must give want for
// ever after, whatever happens.
type step struct {
	name  string
	write func(*fixture)
	read  func(*fixture) string
	want  string
}

const somePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`

// steps follow one another on the bucket "data". They fail the test themselves
// when a request fails.
func steps() []step {
	tags := &types.Tagging{TagSet: []types.Tag{{Key: ptr("a"), Value: ptr("b")}}}
	b, k := ptr("data"), ptr("k")
	var upload *string
	return []step{
		{"CreateBucket", func(f *fixture) { f.bucket(*b) }, func(f *fixture) string {
			return fmt.Sprint(len(must(f.ListBuckets(f.ctx, nil))(f.t).Buckets))
		}, "1"},
		{"PutBucketPolicy", func(f *fixture) {
			must(f.PutBucketPolicy(f.ctx, &s3.PutBucketPolicyInput{Bucket: b, Policy: ptr(somePolicy)}))(f.t)
		}, func(f *fixture) string {
			return *must(f.GetBucketPolicy(f.ctx, &s3.GetBucketPolicyInput{Bucket: b}))(f.t).Policy
		}, somePolicy},
		{"PutBucketAcl", func(f *fixture) {
			owners := &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipObjectWriter}}}
			must(f.PutBucketOwnershipControls(f.ctx, &s3.PutBucketOwnershipControlsInput{Bucket: b, OwnershipControls: owners}))(f.t)
			must(f.PutPublicAccessBlock(f.ctx, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}}))(f.t)
			must(f.PutBucketAcl(f.ctx, &s3.PutBucketAclInput{Bucket: b, ACL: types.BucketCannedACLPublicReadWrite}))(f.t)
		}, func(f *fixture) string {
			return fmt.Sprint(len(must(f.GetBucketAcl(f.ctx, &s3.GetBucketAclInput{Bucket: b}))(f.t).Grants))
		}, "3"},
		{"PutBucketNotificationConfiguration", func(f *fixture) {
			f.notify(*b, queueRule("q", []types.Event{"s3:ObjectCreated:*"}, "", ""))
		}, func(f *fixture) string {
			out := must(f.GetBucketNotificationConfiguration(f.ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: b}))(f.t)
			return fmt.Sprint(len(out.QueueConfigurations), len(f.inbox("q")))
		}, "1 1"},
		{"PutObjectTagging", func(f *fixture) {
			f.put(*b, *k, "hello")
			must(f.PutObjectTagging(f.ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: tags}))(f.t)
		}, func(f *fixture) string {
			return fmt.Sprint(len(must(f.GetObjectTagging(f.ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k}))(f.t).TagSet))
		}, "1"},
		{"UploadPart", func(f *fixture) {
			upload = must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k}))(f.t).UploadId
			must(f.UploadPart(f.ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: upload, PartNumber: ptr[int32](1), Body: strings.NewReader("part")}))(f.t)
		}, func(f *fixture) string { return f.completeWhatIsThere(*b, *k, upload) }, "part"},
		{"DeleteBucketPolicy", func(f *fixture) {
			must(f.DeleteBucketPolicy(f.ctx, &s3.DeleteBucketPolicyInput{Bucket: b}))(f.t)
		}, func(f *fixture) string {
			_, err := f.GetBucketPolicy(f.ctx, &s3.GetBucketPolicyInput{Bucket: b})
			return code(err)
		}, "404 NoSuchBucketPolicy"},
	}
}

// completeWhatIsThere completes an upload with the parts that are listed.
func (f *fixture) completeWhatIsThere(b, k string, upload *string) string {
	f.t.Helper()
	var done types.CompletedMultipartUpload
	for _, p := range must(f.ListParts(f.ctx, &s3.ListPartsInput{Bucket: &b, Key: &k, UploadId: upload}))(f.t).Parts {
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	must(f.CompleteMultipartUpload(f.ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: &k, UploadId: upload, MultipartUpload: &done}))(f.t)
	return f.get(b, k)
}

func TestPowerCutConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		for i, s := range steps() {
			s.write(f)
			for seed := range uint64(3) {
				g := reopen(t, f.disk.PowerCut(seed+uint64(i)))
				if got := s.read(g); got != s.want {
					t.Errorf("%s: after a power cut %q, want %q", s.name, got, s.want)
				}
				g.checkBlobs()
			}
		}
	})
}
