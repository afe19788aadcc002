package wire_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// bindings are what a file in testdata/bindings says of a service.
type bindings struct {
	options map[string][]wire.Option
	names   wire.Names
	plain   map[string]bool // fields that headers carry
}

func readBindings(t testing.TB, service string) bindings {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "bindings", service+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := bindings{options: map[string][]wire.Option{}, names: wire.Names{}, plain: map[string]bool{}}
	op := ""
	for sc := bufio.NewScanner(f); sc.Scan(); {
		w := strings.Fields(sc.Text())
		add := func(o wire.Option) { b.options[op] = append(b.options[op], o) }
		switch w[0] {
		case "op":
			op = w[1]
			add(wire.HTTP(w[2], w[3]))
		case "header":
			add(wire.Header(w[1], w[2]))
			b.plain[w[2]] = true
		case "prefix":
			add(wire.PrefixHeaders(w[1], w[2]))
			b.plain[w[2]] = true
		case "ifheader":
			add(wire.IfHeader(w[1]))
		case "query":
			add(wire.QueryParam(w[1], w[2]))
		case "status":
			add(wire.StatusField(w[1]))
		case "payload":
			add(wire.Payload(w[1]))
		case "inbody":
			add(wire.InBody(w[1]))
		case "name":
			b.names[w[1]] = readName(t, w[2:])
		}
	}
	return b
}

func readName(t testing.TB, words []string) (n wire.Name) {
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "name":
			n.Name = v
		case "item":
			n.Item = v
		case "flat":
			n.Flat = true
		case "attr":
			n.Attr = true
		case "xmlns":
			n.XMLNS = v
		case "time":
			n.Time = map[string]wire.TimeFormat{"iso8601": wire.ISO8601, "rfc822": wire.HTTPDate}[v]
		default:
			t.Fatalf("what is %q?", w)
		}
	}
	return n
}

// bound are the operations of a client that have a binding.
func (b bindings) operations(client any, p *peer, skip map[string]bool) []wire.Operation {
	var ops []wire.Operation
	typ := reflect.TypeOf(client)
	for i := range typ.NumMethod() {
		m := typ.Method(i)
		in, out, ok := shapesOf(m)
		if ok && b.options[m.Name] == nil {
			skip[m.Name] = true // newer than the model
		}
		if ok && !skip[m.Name] {
			ops = append(ops, wire.ReflectOp(m.Name, in, out, p.call, b.options[m.Name]...))
		}
	}
	return ops
}

func TestRoundTripLambda(t *testing.T) {
	p, client, skip := &peer{}, (*lambda.Client)(nil), map[string]bool{
		"InvokeWithResponseStream": true, // answers with an event stream
	}
	b := readBindings(t, "lambda")
	m := newMux(wire.API{
		ID: "lambda", Protocols: []wire.Protocol{wire.RESTJSON},
		Operations: b.operations(client, p, skip), Names: b.names,
	})
	client = lambda.NewFromConfig(wiretest.Config(t, m))
	g := newGenerator()
	g.plainFields = b.plain
	g.leave = map[string]bool{"StatusCode": true, "Status": true}
	g.leave["IncludeExecutionData"] = true // newer than the model
	g.single = map[string]bool{"TagKeys": true, "Statuses": true}
	roundTrip(t, client, p, g, skip)
}

func TestRoundTripAPIGateway(t *testing.T) {
	p, client, skip := &peer{}, (*apigateway.Client)(nil), map[string]bool{}
	b := readBindings(t, "apigateway")
	m := newMux(wire.API{
		ID: "apigateway", Protocols: []wire.Protocol{wire.RESTJSON}, LowerCamel: true,
		Operations: b.operations(client, p, skip), Names: b.names,
	})
	client = apigateway.NewFromConfig(wiretest.Config(t, m))
	g := newGenerator()
	g.plainFields = b.plain
	g.leave = map[string]bool{"Accepts": true}
	g.single = map[string]bool{"TagKeys": true, "Embed": true}
	roundTrip(t, client, p, g, skip)
}

func TestRoundTripS3(t *testing.T) {
	p, client, skip := &peer{}, (*s3.Client)(nil), map[string]bool{
		"SelectObjectContent":    true, // answers with an event stream
		"WriteGetObjectResponse": true, // goes to another host
		"CreateSession":          true,
		"ListDirectoryBuckets":   true, // S3 Express
		"UpdateObjectEncryption": true, // takes a union
		// The filters are unions, for which restXml has no form here.
		"GetBucketAnalyticsConfiguration": true, "PutBucketAnalyticsConfiguration": true, "ListBucketAnalyticsConfigurations": true,
		"GetBucketMetricsConfiguration": true, "PutBucketMetricsConfiguration": true, "ListBucketMetricsConfigurations": true,
	}
	b := readBindings(t, "s3")
	m := newMux(wire.API{
		ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
		Operations: b.operations(client, p, skip), Names: b.names,
	})
	client = s3.NewFromConfig(wiretest.Config(t, m))
	g := newGenerator()
	g.plainFields, g.second = b.plain, true
	g.plainFields["Bucket"] = true
	g.leave = map[string]bool{
		// Newer than the model.
		"AnnotationDirective": true, "ObjectLockEventHold": true, "ObjectLockEventHoldDurationDays": true,
		"ObjectLockEventHoldDurationYears": true, "EventHoldDuration": true,
		// The client sets or checks these itself.
		"ExpiresString": true, "ContentLength": true, "SSECustomerKey": true, "SSECustomerKeyMD5": true, "CopySourceSSECustomerKey": true,
		"CopySourceSSECustomerKeyMD5": true, "ContentMD5": true, "ChecksumAlgorithm": true,
		"ChecksumCRC32": true, "ChecksumCRC32C": true, "ChecksumCRC64NVME": true, "ChecksumSHA1": true, "ChecksumSHA256": true,
		"ChecksumSHA512": true, "ChecksumMD5": true, "ChecksumXXHASH64": true, "ChecksumXXHASH3": true, "ChecksumXXHASH128": true,
	}
	roundTrip(t, client, p, g, skip)
}

// sameStream compares what two readers yield.
func sameStream(a, b any) bool {
	x, okx := a.(io.Reader)
	y, oky := b.(io.Reader)
	if !okx || !oky {
		return false
	}
	q, err2 := io.ReadAll(y) // first, for then x has no other reader
	if s, ok := x.(io.Seeker); ok {
		s.Seek(0, io.SeekStart)
	}
	p, err1 := io.ReadAll(x)
	return err1 == nil && err2 == nil && bytes.Equal(p, q)
}
