package runnel_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/deploy"
	xmltransform "github.com/runnel/runnel/pipelines/xml-transform"
)

var rewrite = flag.Bool("rewrite", false, "write the golden text anew")

// xmlPipeline is the deployed pipeline of system 1.
type xmlPipeline struct{ *pipeline }

const xmlConvert = "xml-transform-convert" // the function

// startXML deploys the pipeline with parameters, name and value by turns.
func startXML(t testing.TB, parameters ...string) *xmlPipeline {
	t.Helper()
	r := start(t)
	return &xmlPipeline{&pipeline{r, r.deployXML(parameters...)}}
}

// deployXML deploys the pipeline, or deploys it again with other parameters.
func (r *rig) deployXML(parameters ...string) map[string]string {
	r.Helper()
	given := make(map[string]string)
	for i := 0; i+1 < len(parameters); i += 2 {
		given[parameters[i]] = parameters[i+1]
	}
	d := xmltransform.Demo
	builtin := func(dir string) bool { return path.Clean(dir) == "functions/bootstrap" }
	return r.deployWith(d.Name, &deploy.Template{Body: d.Template, Dir: d.Dir, Builtin: builtin}, given)
}

// setenv gives a variable of the function that converts another value.
func (x *xmlPipeline) setenv(name, value string) {
	x.Helper()
	function := aws.String(xmlConvert)
	was := must(x.lambda.GetFunctionConfiguration(x.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: function}))(x)
	env := maps.Clone(was.Environment.Variables)
	env[name] = value
	must(x.lambda.UpdateFunctionConfiguration(x.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: function, Environment: &lambdatypes.Environment{Variables: env}}))(x)
}

// in is the pipeline for a subtest, which fails alone.
func (x *xmlPipeline) in(t testing.TB) *xmlPipeline {
	return &xmlPipeline{&pipeline{x.rig.in(t), x.out}}
}

// xmlFile is one of the pipeline's own: rules/order.json, sample-data/order.xml.
func xmlFile(t testing.TB, name string) string {
	t.Helper()
	return string(must(xmltransform.Files.ReadFile(name))(t))
}

// store creates rules, those of the pipeline by their names.
func (x *xmlPipeline) store(rules ...string) {
	x.Helper()
	for _, rule := range rules {
		if !strings.HasPrefix(rule, "{") {
			rule = xmlFile(x, "rules/"+rule+".json")
		}
		if got := x.ask("POST", "/rules", rule); got.status != 201 {
			x.Fatalf("%d %s: %.300s", got.status, got.body, rule)
		}
	}
}

// ask makes a request of the API, in the form that has it in the path.
func (x *xmlPipeline) ask(method, path, body string, header ...string) answer {
	x.Helper()
	return x.http(method, x.forms()[0].url+path, body, header...)
}

// send is ask for goroutines, which cannot end a test.
func (x *xmlPipeline) send(method, path, body string, header ...string) (a answer, err error) {
	req, err := http.NewRequest(method, x.forms()[0].url+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b)}, err
}

// drop puts a file into the bucket, with metadata that names its rule if one is
// named.
func (x *xmlPipeline) drop(key, rule, content string) {
	x.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String(x.out["XmlBucket"]), Key: &key, Body: strings.NewReader(content)}
	if rule != "" {
		in.Metadata = map[string]string{"rule": rule}
	}
	must(x.s3.PutObject(x.Context(), in))(x)
}

// A fate is what became of a file, as the API has it.
type fate struct {
	Status string
	Source struct{ Bucket, Key, ETag string }
	Rule   struct {
		ID      string
		Version int
	}
	Result, Quarantine, Copy, Report *struct{ Bucket, Key string }

	Records, Quarantined int
	Reason               string

	JSON json.RawMessage
	Text string
	URL  string
}

// ended waits until a file is no longer pending.
func (x *xmlPipeline) ended(link string) (f fate) {
	x.Helper()
	eventually(x, link, func() (bool, any) {
		got := x.ask("GET", "/"+link, "")
		f = fate{}
		if err := json.Unmarshal([]byte(got.body), &f); err != nil || got.status != 200 {
			x.Fatalf("GET %s: %d %.300s: %v", link, got.status, got.body, err)
		}
		return f.Status != "pending", f.Status
	})
	return f
}

// results are the ETags of all that is in the bucket of the results, by key.
func (x *xmlPipeline) results() map[string]string {
	x.Helper()
	return x.listed(x.out["JsonBucket"])
}

// files are the keys of what is in the bucket of the files.
func (x *xmlPipeline) files() []string {
	x.Helper()
	return slices.Collect(maps.Keys(x.listed(x.out["XmlBucket"])))
}

// listed are the ETags of all that is in a bucket, by key.
func (x *xmlPipeline) listed(bucket string) map[string]string {
	x.Helper()
	all := make(map[string]string)
	pages := s3.NewListObjectsV2Paginator(x.s3, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		for _, o := range must(pages.NextPage(x.Context()))(x).Contents {
			all[*o.Key] = *o.ETag
		}
	}
	return all
}

// shown is a result as text: its type, its metadata, its body, or where that
// text was seen first.
func (x *xmlPipeline) shown(key string, seen map[string]string) string {
	x.Helper()
	bucket := x.out["JsonBucket"]
	head := must(x.s3.HeadObject(x.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key}))(x)
	var b strings.Builder
	fmt.Fprintf(&b, "object %s %s", key, aws.ToString(head.ContentType))
	for _, name := range slices.Sorted(maps.Keys(head.Metadata)) {
		value := head.Metadata[name]
		if name == "source-modified" {
			value = "(a time)"
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	body := strings.TrimSuffix(x.get(bucket, key), "\n")
	if at, ok := seen[body]; ok {
		return b.String() + "\n" + at + "\n"
	}
	seen[body] = "(as " + key + ")"
	return b.String() + "\n" + body + "\n"
}

// noticed takes a notice of the topic, as text.
func (x *xmlPipeline) noticed(seen map[string]string) string {
	x.Helper()
	m := x.take(x.out["NoticeQueueUrl"], 1)[0]
	line := "notice"
	for _, name := range slices.Sorted(maps.Keys(m.MessageAttributes)) {
		line += " " + name + "=" + text(m, name)
	}
	seen[*m.Body] = "(as the notice)"
	return line + "\n" + *m.Body + "\n"
}

// xmlSteps puts files, one after the other: each changes what the next ones see.
var xmlSteps = []struct{ name, key, rule, sample string }{
	{"the folder's rule", "order/order.xml", "", "order.xml"},
	{"the rule that the metadata names", "in/order.xml", "order", "order.xml"},
	{"the metadata before the folder", "order/catalogue.xml", "catalogue", "catalogue.xml"},
	{"lines of lines", "invoice/2026/11/invoice.xml", "", "invoice.xml"},
	{"no rule: the dictionary", "elsewhere/order.XML", "", "order.xml"},
	{"no folder either", "order", "", "order.xml"},
	{"products that are left out", "catalogue/a.xml", "", "catalogue-bad.xml"},
	{"and then none", "catalogue/a.xml", "", "catalogue.xml"},
	{"a file that is not well-formed", "order/b.xml", "", "order-bad.xml"},
	{"corrected", "order/b.xml", "", "order.xml"},
	{"and bad again", "order/b.xml", "", "order-bad.xml"},
	{"a file of another rule", "order/catalogue.xml", "", "catalogue.xml"},
	{"a rule that is not there", "in/order.xml", "nobodys", "order.xml"},
	{"a key that needs escapes", "order/Zoë + 小林?&%20=\"'.xml", "", "order.xml"},
	{"and fails", "order/Zoë + 小林?&%20=\"'.xml", "", "order-bad.xml"},
	{"a key that is taken", "errors/order/b.xml", "", "order.xml"},
}

// TestXMLFiles compares all that files make, objects and notices, with the
// golden text.
func TestXMLFiles(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	x.store("order", "catalogue", "invoice")
	var got strings.Builder
	got.WriteString("# What pipelines/xml-transform makes of its sample data: notices and objects. It is\n# the pipeline's own contract; no page of AWS says it.\n")
	before, seen := x.results(), make(map[string]string)
	for _, step := range xmlSteps {
		fmt.Fprintf(&got, "--- %s: %s\n", step.name, step.key)
		content := xmlFile(t, "sample-data/"+step.sample)
		seen[strings.TrimSuffix(content, "\n")] = "(as sample-data/" + step.sample + ")"
		x.drop(step.key, step.rule, content)
		got.WriteString(x.noticed(seen))
		after := x.results()
		for _, key := range slices.Sorted(maps.Keys(before)) {
			if after[key] == "" {
				fmt.Fprintf(&got, "gone %s\n", key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(after)) {
			if after[key] != before[key] {
				got.WriteString(x.shown(key, seen))
			}
		}
		before = after
	}
	golden(t, "testdata/xml-transform.txt", got.String())

	x.drop("order/", "", "") // a folder, as the console makes one
	x.awaitLogged(xmlConvert, `"a folder is not converted"`, 1)
	for _, queue := range []string{"NoticeQueueUrl", "FailedFilesUrl", "FileQueueUrl"} {
		x.awaitDepth(x.out[queue], "0", "0")
	}
}

// golden compares a text with that of a file.
func golden(t testing.TB, file, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, want := strings.Split(got, "\n"), strings.Split(string(must(os.ReadFile(file))(t)), "\n")
	for n := range max(len(have), len(want)) {
		if n >= len(have) || n >= len(want) || have[n] != want[n] {
			t.Errorf("%s differs; go test -rewrite, and look. From line %d on it is\n%s\nwant\n%s", file, n+1,
				strings.Join(have[min(n, len(have)):min(n+3, len(have))], "\n"), strings.Join(want[min(n, len(want)):min(n+3, len(want))], "\n"))
			return
		}
	}
}

// TestXMLDefaultRule has a rule for the files that have none of their own, in
// buckets of other names.
func TestXMLDefaultRule(t *testing.T) {
	t.Parallel()
	x := startXML(t, "DefaultRule", "order", "XmlBucketName", "documents", "JsonBucketName", "documents-json")
	x.drop("in/a.xml", "", xmlFile(t, "sample-data/order.xml")) // before there is the rule
	if f := x.ended("upload/in/a.xml"); f.Status != "failed" || !strings.Contains(f.Reason, `rule "order": there is no such rule`) {
		t.Errorf("without the rule: %+v", f)
	}
	x.store("order", "catalogue")
	x.drop("in/a.xml", "", xmlFile(t, "sample-data/order.xml")+"\n")
	if f := x.ended("upload/in/a.xml"); f.Status != "succeeded" || f.Rule.ID != "order" || f.Result.Bucket != "documents-json" || !strings.HasPrefix(string(f.JSON), `{"id":"A-1001",`) {
		t.Errorf("by default: %+v", f)
	}
	x.drop("catalogue/a.xml", "", xmlFile(t, "sample-data/catalogue.xml"))
	if f := x.ended("upload/catalogue/a.xml"); f.Status != "succeeded" || f.Rule.ID != "catalogue" || f.Records != 6 {
		t.Errorf("by its folder: %+v", f)
	}
	x.drop("in/b.xml", "", xmlFile(t, "sample-data/catalogue.xml"))
	if f := x.ended("upload/in/b.xml"); f.Status != "failed" || f.Rule.ID != "order" {
		t.Errorf("no order: %+v", f)
	}
}
