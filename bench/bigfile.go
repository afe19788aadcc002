package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
)

// bigXML passes a catalogue of 1 GB through the pipeline, product by product.
func bigXML(ctx context.Context, l *lab) error {
	p, err := l.xmlPipeline(ctx, false)
	if err != nil {
		return err
	}
	defer p.stop()
	size := int64(bigFile / l.scale)
	w := watch(p.cmd.Process.Pid)
	begin := time.Now()
	err = p.uploadCatalogue(ctx, "catalogue/big.xml", size)
	uploaded := time.Now()
	if err == nil {
		err = p.awaitResult(ctx, "catalogue/big.json")
	}
	took := time.Since(uploaded)
	memory := w.stop()
	if err != nil {
		return err
	}
	peak, err := p.peak()
	if err != nil {
		return err
	}
	records, err := p.countRecords(ctx, "catalogue/big.json")
	if err != nil {
		return err
	}
	fmt.Printf("%d MiB of XML, uploaded in %v, were %d records after %v more: %.0f MB/s\n\n", size>>20,
		uploaded.Sub(begin).Round(time.Second), records, took.Round(100*time.Millisecond), float64(size)/1e6/took.Seconds())
	fmt.Printf("| runtime | functions | their memory | the largest |\n|---|---|---|---|\n| %v |\n\n", memory)
	fmt.Printf("The most that the runtime had resident, binary included: %d MiB\n\n", peak)
	return filterXML(ctx, l, size)
}

// filterXML passes the same catalogue through the command line, from standard
// input to standard output.
func filterXML(ctx context.Context, l *lab, size int64) error {
	file := filepath.Join(l.dir, "catalogue.json")
	if err := os.WriteFile(file, []byte(plainRules["catalogue"]), 0o666); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, l.binary, "transform", "--rule", file)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	begin := time.Now()
	err = errors.Join(sampledata.Catalogue(in, size), in.Close(), cmd.Wait())
	took := time.Since(begin)
	if err != nil {
		return err
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not tell what a process used")
	}
	processor := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	fmt.Printf("runnel transform: %d MiB through a pipe in %v, %v of it on a processor: %.0f MB/s; the most resident, binary included: %d MiB\n",
		size>>20, took.Round(100*time.Millisecond), processor.Round(100*time.Millisecond), float64(size)/1e6/processor.Seconds(), used.Maxrss>>10)
	return nil
}

func (p *xmlProbe) uploadCatalogue(ctx context.Context, key string, size int64) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(sampledata.Catalogue(w, size)) }()
	defer r.Close()
	return uploadStream(ctx, p.s3, xmlBucket, key, r)
}

func (p *xmlProbe) awaitResult(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	for {
		_, err := p.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(jsonBucket), Key: &key})
		if !errors.As(err, new(*s3types.NotFound)) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// countRecords reads a result: a line for each record, the last that of the
// product with the highest number.
func (p *xmlProbe) countRecords(ctx context.Context, key string) (n int, err error) {
	out, err := p.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(jsonBucket), Key: &key})
	if err != nil {
		return 0, err
	}
	defer out.Body.Close()
	lines := bufio.NewScanner(out.Body)
	var last []byte
	for ; lines.Scan(); n++ {
		last = append(last[:0], lines.Bytes()...)
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	var product struct{ ID string }
	if err := json.Unmarshal(last, &product); err != nil {
		return 0, err
	}
	if want := fmt.Sprintf("P-%07d", n); product.ID != want {
		return 0, fmt.Errorf("the last of %d records is of product %s, want %s", n, product.ID, want)
	}
	return n, nil
}
