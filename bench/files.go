package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
	"github.com/runnel/runnel/transform/rule"
)

const (
	xmlTemplate  = "pipelines/xml-transform/template.yaml"
	xmlBucket    = "bench-xml"
	jsonBucket   = "bench-json"
	filesClients = 16 // that upload at once
	filesRounds  = 3
)

// sizes are the documents that pass, so many of each.
var sizes = []struct {
	name        string
	bytes, many int
}{
	{"4 KB", 4_000, 1000},
	{"2.5 MB", 2_500_000, 60},
}

// files measures whole files: from the first upload to the last result, with
// and without a queue in front; then many at once.
func files(ctx context.Context, l *lab) error {
	fmt.Printf("| size | files | in front | files/s | MB/s | runtime | functions | their memory | the largest |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, size := range sizes {
		for _, buffered := range []bool{false, true} {
			if err := passFiles(ctx, l, size.name, size.bytes, max(1, size.many/l.scale), buffered); err != nil {
				return fmt.Errorf("%s, buffered %v: %w", size.name, buffered, err)
			}
		}
	}
	return atOnce(ctx, l)
}

func passFiles(ctx context.Context, l *lab, name string, size, many int, buffered bool) error {
	p, err := l.xmlPipeline(ctx, buffered)
	if err != nil {
		return err
	}
	defer p.stop()
	body, err := orderOf(size)
	if err != nil {
		return err
	}
	if _, err := p.pass(ctx, "order/warm", body, 4, 4, p.put); err != nil {
		return fmt.Errorf("warming: %w", err)
	}
	front := map[bool]string{false: "nothing", true: "a queue"}[buffered]
	for round := range filesRounds {
		w := watch(p.cmd.Process.Pid)
		took, err := p.pass(ctx, fmt.Sprint("order/round-", round), body, many, filesClients, p.put)
		memory := w.stop()
		if err != nil {
			return err
		}
		perSecond := float64(many) / took.Seconds()
		fmt.Printf("| %s | %d | %s | %.1f | %.1f | %v |\n", name, many, front, perSecond, perSecond*float64(len(body))/1e6, memory)
	}
	return nil
}

func orderOf(size int) ([]byte, error) {
	var b bytes.Buffer
	err := sampledata.Order(&b, int64(size))
	return b.Bytes(), err
}

// xmlProbe is a client of xml-transform, deployed as the stack "bench", with the
// rules in plainRules.
type xmlProbe struct {
	*server
	s3  *s3.Client
	api string // the URL of the stage
}

func (l *lab) xmlPipeline(ctx context.Context, buffered bool) (*xmlProbe, error) {
	s, err := l.up(ctx, "--stack", "bench", "-p", "XmlBucketName="+xmlBucket, "-p", "JsonBucketName="+jsonBucket, "-p", fmt.Sprint("Buffered=", buffered), xmlTemplate)
	if err != nil {
		return nil, err
	}
	p := &xmlProbe{server: s, s3: s3.NewFromConfig(s.aws(), func(o *s3.Options) { o.UsePathStyle = true })}
	if p.api, err = p.stage(ctx); err == nil {
		err = p.putRules(ctx)
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// stage is where the API's stage answers.
func (p *xmlProbe) stage(ctx context.Context) (string, error) {
	out, err := cloudformation.NewFromConfig(p.aws()).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("bench")})
	if err != nil {
		return "", err
	}
	for _, o := range out.Stacks[0].Outputs {
		if aws.ToString(o.OutputKey) == "ApiId" {
			return fmt.Sprintf("%s/restapis/%s/Prod/_user_request_", p.endpoint, aws.ToString(o.OutputValue)), nil
		}
	}
	return "", errors.New("the stack has no output ApiId")
}

func (p *xmlProbe) putRules(ctx context.Context) error {
	for id, text := range plainRules {
		withID := strings.Replace(text, "{", fmt.Sprintf("{%q: %q, ", "id", id), 1)
		status, body, err := p.post(ctx, "/rules", []byte(withID))
		if err != nil {
			return err
		}
		if status != http.StatusCreated {
			return fmt.Errorf("rule %s: status %d: %s", id, status, body)
		}
	}
	return nil
}

func (p *xmlProbe) post(ctx context.Context, path string, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// put uploads a file as an object.
func (p *xmlProbe) put(ctx context.Context, key string, body []byte) error {
	_, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(xmlBucket), Key: &key, Body: bytes.NewReader(body)})
	return err
}

// pass uploads the same document many times, by some clients, and returns the
// time until all results are there. They must all be what the rule makes of the
// document.
func (p *xmlProbe) pass(ctx context.Context, folder string, body []byte, many, clients int, upload func(context.Context, string, []byte) error) (time.Duration, error) {
	var g errgroup.Group
	g.SetLimit(clients)
	begin := time.Now()
	for i := range many {
		g.Go(func() error { return upload(ctx, fmt.Sprintf("%s/%d.xml", folder, i), body) })
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if err := p.await(ctx, folder+"/", many); err != nil {
		return 0, err
	}
	return time.Since(begin), p.check(ctx, folder+"/0.json", body)
}

// await waits until there are so many results of equal content under a prefix.
func (p *xmlProbe) await(ctx context.Context, prefix string, many int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for {
		found, etags := 0, make(map[string]bool)
		for pages := s3.NewListObjectsV2Paginator(p.s3, &s3.ListObjectsV2Input{Bucket: aws.String(jsonBucket), Prefix: &prefix}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("%d of %d results came: %w", found, many, err)
			}
			for _, o := range page.Contents {
				found++
				etags[aws.ToString(o.ETag)] = true
			}
		}
		if found == many && len(etags) == 1 {
			return nil
		}
		if found >= many {
			return fmt.Errorf("%d results of %d files, %d of them different", found, many, len(etags))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// check compares a result with what the rule makes of the document.
func (p *xmlProbe) check(ctx context.Context, key string, document []byte) error {
	r, err := rule.Parse([]byte(plainRules["order"]))
	if err != nil {
		return err
	}
	var want bytes.Buffer
	if _, err := r.Run(ctx, bytes.NewReader(document), &want, rule.Options{}); err != nil {
		return err
	}
	out, err := p.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(jsonBucket), Key: &key})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if err != nil {
		return err
	}
	if !json.Valid(got) || !bytes.Equal(got, want.Bytes()) {
		return fmt.Errorf("%s is not what its rule makes of it", key)
	}
	return nil
}
