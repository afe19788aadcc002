package runnel_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
)

// A gate stands between a function and S3. Requests of one kind wait before it
// until they are let through, or it is opened for those that are yet to come.
type gate struct {
	waiting chan visitor
	open    chan struct{} // closed when it is
}

// A visitor is a request that waits.
type visitor struct {
	key string
	let chan struct{} // closed to let it through
}

// hold has the function that converts reach S3 through a gate, at which the
// requests of a method for a bucket wait.
func (x *xmlPipeline) hold(method, bucket string) *gate {
	x.Helper()
	g := &gate{make(chan visitor), make(chan struct{})}
	to := must(url.Parse(x.endpoint))(x)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, ok := strings.CutPrefix(r.URL.Path, "/"+bucket+"/"); ok && r.Method == method {
			ctx, cancel := context.WithCancel(r.Context())
			context.AfterFunc(x.Context(), cancel) // a test that has failed lets nobody through
			g.stop(ctx, key)
			cancel()
		}
		pass.ServeHTTP(w, r)
	}))
	x.Cleanup(server.Close)
	x.setenv("AWS_ENDPOINT_URL_S3", server.URL)
	return g
}

// stop has a request wait.
func (g *gate) stop(ctx context.Context, key string) {
	v := visitor{key, make(chan struct{})}
	select {
	case <-g.open:
		return
	default:
	}
	select {
	case g.waiting <- v:
	case <-ctx.Done():
		return
	}
	select {
	case <-v.let:
	case <-ctx.Done():
	}
}

// arrived waits for the next that waits.
func (g *gate) arrived(t testing.TB) (v visitor) {
	t.Helper()
	select {
	case v = <-g.waiting:
	case <-time.After(patience):
		t.Fatalf("nobody came to the gate in %v", patience)
	}
	return v
}

// TestXMLAtOnce has files converted at once: each is at its gate before any goes
// on.
func TestXMLAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		parameters []string
	}{
		{"a function for each file", nil},
		{"as many as the queue lets through", []string{"Buffered", "true", "MaximumConcurrency", "3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := startXML(t, c.parameters...)
			g := x.hold("GET", x.out["XmlBucket"])
			var links []string
			for n := range 3 {
				a := x.taken(x.ask("POST", fmt.Sprintf("/upload?file=%d.xml", n), fmt.Sprintf("<a>%d</a>", n)))
				links = append(links, a.Result)
			}
			waiting := make(map[string]visitor)
			for range links {
				v := g.arrived(t)
				waiting[v.key] = v
			}
			if len(waiting) != len(links) {
				t.Errorf("at once: %v", waiting)
			}
			for _, link := range links {
				if got := x.ask("GET", "/"+link, ""); got.status != 200 || !strings.Contains(got.body, `"status":"pending"`) {
					t.Errorf("GET %s: %d %s", link, got.status, got.body)
				}
			}
			for _, v := range waiting {
				close(v.let)
			}
			for n, link := range links {
				if f := x.ended(link); f.Status != "succeeded" || string(f.JSON) != fmt.Sprintf(`{"a":"%d"}`, n) {
					t.Errorf("%s ended as %+v", link, f)
				}
			}
		})
	}
}

// numbered are files with a number each, and what their results are.
func numbered(key string) (document, result string) {
	return "<a>" + key + "</a>", `{"a":"` + key + "\"}\n"
}

// putNumbered puts files <prefix>0, 1, ... until it is told that there are enough,
// and returns the keys of those that are there.
func (x *xmlPipeline) putNumbered(prefix string, enough func(put int) bool) (keys []string) {
	for n := 0; !enough(n); n++ {
		key := fmt.Sprint(prefix, n)
		if err := x.putIs200(x.Context(), key); err != nil {
			x.Error(err)
			return keys
		}
		keys = append(keys, key)
	}
	return keys
}

// converted waits until each file has its result, and nothing else is there.
func (x *xmlPipeline) converted(keys []string) {
	x.Helper()
	want := make(map[string]string)
	for _, key := range keys {
		_, result := numbered(key)
		want[key+".json"] = fmt.Sprintf(`"%x"`, md5.Sum([]byte(result)))
	}
	eventually(x, fmt.Sprint(len(want), " results"), func() (bool, any) {
		got := x.results()
		return len(got) >= len(want), len(got)
	})
	if got := x.results(); !maps.Equal(got, want) {
		x.Errorf("%d results of %d files are not the ones", len(got), len(keys))
	}
}

// idle waits until no message is on its way, and looks for events that failed.
func (x *xmlPipeline) idle() {
	x.Helper()
	x.awaitDepth(x.out["FileQueueUrl"], "0", "0")
	x.awaitDepth(x.out["FailedFilesUrl"], "0", "0")
}

// TestXMLBurst puts a thousand files as fast as it can. Three functions convert
// them.
func TestXMLBurst(t *testing.T) {
	t.Parallel()
	x := startXML(t, "Buffered", "true", "MaximumConcurrency", "3")
	const uploaders = 8
	files := 125
	if testing.Short() {
		files = 10
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	var keys []string
	for u := range uploaders {
		all.Go(func() {
			put := x.putNumbered(fmt.Sprintf("u%d/", u), func(n int) bool { return n == files })
			mu.Lock()
			defer mu.Unlock()
			keys = append(keys, put...)
		})
	}
	all.Wait()
	x.converted(keys)
	x.idle()
	x.awaitDepth(x.out["NoticeQueueUrl"], fmt.Sprint(uploaders*files), "0")
	streams := must(x.logs.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/aws/lambda/" + xmlConvert)}))(t)
	if n := len(streams.LogStreams); n == 0 || n > 3 { // each process of a function has one
		t.Errorf("%d functions ran, at the most three may", n)
	}
}

// TestXMLSwitch puts the queue in front of the function and takes it away again,
// while files come in.
func TestXMLSwitch(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	var mu sync.Mutex
	var keys []string
	stop, more := make(chan struct{}), make(chan struct{}, 1)
	var uploaders sync.WaitGroup
	for u := range 2 {
		uploaders.Go(func() {
			put := x.putNumbered(fmt.Sprintf("u%d/", u), func(int) bool {
				select {
				case more <- struct{}{}:
				default:
				}
				select {
				case <-stop:
					return true
				default:
					return false
				}
			})
			mu.Lock()
			defer mu.Unlock()
			keys = append(keys, put...)
		})
	}
	go func() { uploaders.Wait(); close(more) }() // nobody waits for uploads that failed
	sent := metric{"AWS/SQS", "NumberOfMessagesSent", "QueueName", "xml-transform-files"}
	for _, buffered := range []string{"", "true", "false"} {
		if buffered != "" {
			x.deployXML("Buffered", buffered)
		}
		for range 10 {
			<-more
		}
	}
	close(stop)
	uploaders.Wait()
	t.Logf("%d files", len(keys))
	x.converted(keys)
	x.idle()
	x.awaitDepth(x.out["NoticeQueueUrl"], fmt.Sprint(len(keys)), "0")
	eventually(t, "some files went through the queue, not all", func() (bool, any) {
		n := x.statistic(sent, "Sum")
		return 0 < n && n < float64(len(keys)), n
	})
}

// isLast waits for the notices of all states of the key, and looks whether what is
// there is of the last.
func (x *xmlPipeline) isLast(times int) {
	x.Helper()
	x.take(x.out["NoticeQueueUrl"], times)
	_, want := numbered(fmt.Sprint(times))
	if got := x.get(x.out["JsonBucket"], "a.json"); got != want {
		x.Errorf("the result is %s, want %s", got, want)
	}
	if all := x.results(); len(all) != 1 {
		x.Errorf("there are also %v", all)
	}
	x.idle()
}

// TestXMLOverwritten puts one key as fast as it can, bad files and good ones by
// turns.
func TestXMLOverwritten(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	const times = 50
	for n := 1; n <= times; n++ {
		document, _ := numbered(fmt.Sprint(n))
		if n%2 == 1 {
			document += "<and more>"
		}
		x.drop("a.xml", "", document)
	}
	x.isLast(times)
}

// TestXMLOverwrittenAtOnce has each state of a key read before any is written.
// The last is written first.
func TestXMLOverwrittenAtOnce(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	g := x.hold("PUT", x.out["JsonBucket"])
	const times = 5
	var visitors []visitor
	for n := 1; n <= times; n++ {
		document, _ := numbered(fmt.Sprint(n))
		x.drop("a.xml", "", document)
		visitors = append(visitors, g.arrived(t))
	}
	close(g.open)
	for _, v := range slices.Backward(visitors) {
		close(v.let)
		if f := x.ended("upload/a.xml"); f.Status != "succeeded" { // of the last, in any case
			t.Errorf("it ended as %+v", f)
		}
	}
	x.isLast(times)
}

// TestXMLLargeFile converts a file record by record whose result takes several
// parts. The topic tells how many records it has; the result itself cannot.
func TestXMLLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("it is large")
	}
	t.Parallel()
	x := startXML(t)
	x.store("catalogue")
	var document strings.Builder
	if err := sampledata.Catalogue(&document, 12<<20); err != nil {
		t.Fatal(err)
	}
	products := strings.Count(document.String(), "<product ")
	x.drop("catalogue/large.xml", "", strings.Replace(document.String(), `<product id="P-`, `<product id="Q-`, 1))
	var told fate
	if err := json.Unmarshal([]byte(*x.take(x.out["NoticeQueueUrl"], 1)[0].Body), &told); err != nil || told.Records != products-1 || told.Quarantined != 1 {
		t.Errorf("of %d products: %v: %+v", products, err, told)
	}
	f := x.ended("upload/catalogue/large.xml")
	if f.Status != "succeeded" || f.Quarantine == nil || f.URL == "" {
		t.Fatalf("it ended as %+v", f)
	}
	got := x.http("GET", f.URL, "")
	if n := strings.Count(got.body, "\n"); got.status != 200 || n != products-1 || len(got.body) < 8<<20 || !strings.HasSuffix(got.body, "}\n") {
		t.Errorf("the result: %d, %d lines of %d bytes", got.status, n, len(got.body))
	}
}
