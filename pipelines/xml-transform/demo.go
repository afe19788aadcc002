// Package xmltransform is the demonstration of the pipeline in this folder, with
// its template, its rules and its sample data.
package xmltransform

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/pipelines"
)

//go:embed template.yaml
var template []byte

// Files are the rules and the sample data: rules/order.json, sample-data/order.xml.
//
//go:embed rules sample-data
var Files embed.FS

// What is in the sample data.
const (
	productsOfCatalogue = 6
	goodOfBadCatalogue  = 2
	badOfBadCatalogue   = 3
)

// Demo stores three rules, has files converted by them, good ones and bad ones,
// through the API and through the bucket, and reads what became of each.
var Demo = &pipelines.Demo{
	Name:     "xml-transform",
	About:    "XML in a bucket or an API -> function -> JSON by customers' rules, and a topic that tells",
	Template: template,
	Dir:      "pipelines/xml-transform",
	Run:      func(ctx context.Context, s *pipelines.Session) error { return newDemo(s).run(ctx) },
}

type demo struct {
	*pipelines.Session
	s3 *s3.Client
}

func newDemo(s *pipelines.Session) *demo {
	return &demo{s, s.S3()}
}

func (d *demo) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.rules, d.upload, d.files, d.bad} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := d.Messages(ctx, "files that the topic told of", d.Outputs["NoticeQueueUrl"], 5, time.Time{}); err != nil {
		return err
	}
	return d.Messages(ctx, "events that failed", d.Outputs["FailedFilesUrl"], 0, time.Time{})
}

// rules stores the rules, each of which must pass its own cases.
func (d *demo) rules(ctx context.Context) error {
	stored := 0
	for _, id := range []string{"order", "catalogue", "invoice"} {
		var reason struct{ Message string }
		status, err := d.call(ctx, "POST", "rules", "rules/"+id+".json", &reason)
		if err != nil {
			return err
		}
		if status != http.StatusCreated {
			return fmt.Errorf("rule %s: %d: %s", id, status, reason.Message)
		}
		stored++
	}
	d.Report(pipelines.Result{What: "rules that passed their cases", Where: "table " + d.Outputs["RulesTable"], Got: stored, Expected: 3})
	return nil
}

// upload has the API take a file.
func (d *demo) upload(ctx context.Context) error {
	start := time.Now()
	status, err := d.call(ctx, "POST", "upload?rule=order&file=in/order.xml", "sample-data/order.xml", nil)
	if err != nil {
		return err
	}
	if status != http.StatusAccepted {
		return fmt.Errorf("upload: status %d", status)
	}
	return d.status(ctx, "in/order.xml", "succeeded", 1, start)
}

// files puts files into the bucket. Their folders are their rules.
func (d *demo) files(ctx context.Context) error {
	for _, f := range []struct {
		rule, sample string
		records      int
	}{{"invoice", "invoice", 1}, {"catalogue", "catalogue", productsOfCatalogue}, {"catalogue", "catalogue-bad", goodOfBadCatalogue}} {
		start, key := time.Now(), f.rule+"/"+f.sample+".xml"
		if err := d.put(ctx, key, f.sample); err != nil {
			return err
		}
		if err := d.status(ctx, key, "succeeded", f.records, start); err != nil {
			return err
		}
	}
	key := "quarantine/catalogue/catalogue-bad.xml.ndjson"
	lines, err := d.Lines(ctx, d.Outputs["JsonBucket"], key)
	d.Report(pipelines.Result{What: "products of it that were left out", Where: d.where(key), Got: lines, Expected: badOfBadCatalogue})
	return err
}

// bad has a file that is not well-formed refused by the API, and puts it into the
// bucket all the same.
func (d *demo) bad(ctx context.Context) error {
	var refused struct{ Failures []struct{ Line int } }
	status, err := d.call(ctx, "POST", "upload?rule=order&file=order/bad.xml", "sample-data/order-bad.xml", &refused)
	if err != nil {
		return err
	}
	line := 0
	if status == http.StatusUnprocessableEntity && len(refused.Failures) > 0 {
		line = refused.Failures[0].Line
	}
	d.Report(pipelines.Result{What: "line of order-bad.xml that the API refuses", Where: "POST /upload", Got: line, Expected: 10})
	start := time.Now()
	if err := d.put(ctx, "order/bad.xml", "order-bad"); err != nil {
		return err
	}
	return d.status(ctx, "order/bad.xml", "failed", 0, start)
}

func (d *demo) put(ctx context.Context, key, sample string) error {
	content, err := Files.ReadFile("sample-data/" + sample + ".xml")
	if err != nil {
		return err
	}
	_, err = d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(d.Outputs["XmlBucket"]), Key: &key, Body: bytes.NewReader(content)})
	return err
}

// status waits until the API says what became of a file, and reports how many
// records its result has.
func (d *demo) status(ctx context.Context, key, want string, records int, start time.Time) error {
	var said struct {
		Status, Reason string
		Records        int
		Result, Report struct{ Key string }
	}
	_, err := d.Await(ctx, key+" is converted", 1, func(ctx context.Context) (int, error) {
		status, err := d.call(ctx, "GET", "upload/"+key, "", &said)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("GET upload/%s: status %d", key, status)
		}
		if said.Status == "pending" || err != nil {
			return 0, err
		}
		return 1, nil
	})
	if err != nil {
		return err
	}
	if said.Status != want {
		return fmt.Errorf("%s %s: %s", key, said.Status, said.Reason)
	}
	r := pipelines.Result{What: "records of " + key, Where: d.where(said.Result.Key), Got: said.Records, Expected: records, Took: time.Since(start)}
	if want == "failed" {
		r.What, r.Where = "records of it in the bucket all the same", d.where(said.Report.Key)
	}
	d.Report(r)
	return nil
}

func (d *demo) where(key string) string { return "s3://" + d.Outputs["JsonBucket"] + "/" + key }

// call sends a request to the API, its body the file if one is named, and reads
// the JSON of the answer.
func (d *demo) call(ctx context.Context, method, route, file string, answer any) (status int, err error) {
	var body []byte
	if file != "" {
		if body, err = Files.ReadFile(file); err != nil {
			return 0, err
		}
	}
	base := d.Outputs["ApiUrl"]
	if d.AWS.BaseEndpoint != nil { // none of the names under AWS's domain lead there
		base = *d.AWS.BaseEndpoint + "/restapis/" + d.Outputs["ApiId"] + "/Prod/_user_request_/"
	}
	req, err := http.NewRequestWithContext(ctx, method, base+route, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	out, err := d.AWS.HTTPClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer out.Body.Close()
	if answer == nil {
		return out.StatusCode, nil
	}
	return out.StatusCode, json.NewDecoder(out.Body).Decode(answer)
}
