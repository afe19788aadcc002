package wire_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/runnel/runnel/wire"
)

// bucket keeps objects in memory, for clients to put and get.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	sums    map[string]wire.Checksum
}

func (b *bucket) put(_ context.Context, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	body := in.Body.(*wire.Body)
	body.Want("MD5")
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(data)
	if !bytes.Equal(sum[:], body.Sum("MD5")) {
		return nil, fmt.Errorf("the body's MD5 is wrong")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[*in.Key] = data
	b.sums[*in.Key], _ = body.Checksum()
	return &s3.PutObjectOutput{ETag: aws.String(fmt.Sprintf("%q", fmt.Sprintf("%x", sum)))}, nil
}

func (b *bucket) get(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[*in.Key]
	if !ok {
		return nil, &s3types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(data)), ContentLength: aws.Int64(int64(len(data)))}, nil
}

func (b *bucket) api() wire.API {
	return wire.API{
		ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
		Status:  map[string]int{"NoSuchKey": 404},
		Headers: map[string]string{"ContentLength": "Content-Length", "ETag": "ETag"},
		Operations: []wire.Operation{
			wire.Op("PutObject", b.put, wire.HTTP("PUT", "/{Bucket}/{Key+}"), wire.Payload("Body")),
			wire.Op("GetObject", b.get, wire.HTTP("GET", "/{Bucket}/{Key+}"), wire.Payload("Body")),
		},
	}
}

func clientMux() (*wire.Mux, *bucket) {
	b := &bucket{objects: map[string][]byte{}, sums: map[string]wire.Checksum{}}
	m := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000", Credentials: keys{}, Require: true})
	m.Handle(b.api())
	m.Handle(wire.API{
		ID: "sqs", Protocols: []wire.Protocol{wire.JSON10, wire.Query}, Target: "AmazonSQS", Version: "2012-11-05",
		Namespace: "http://queue.amazonaws.com/doc/2012-11-05/", PathField: "QueueUrl",
		Names: wire.Names{
			"SendMessageInput.MessageAttributes":  {Name: "MessageAttribute", Flat: true, Key: "Name", Value: "Value"},
			"ReceiveMessageOutput.Messages":       {Name: "Message", Flat: true, JSON: "Messages"},
			"Message.MessageAttributes":           {Name: "MessageAttribute", Flat: true, Key: "Name", Value: "Value"},
			"Message.Attributes":                  {Name: "Attribute", Flat: true, Key: "Name", Value: "Value"},
			"ReceiveMessageInput.AttributeNames":  {Name: "AttributeName", Flat: true},
			"GetQueueAttributesOutput.Attributes": {Name: "Attribute", Flat: true, Key: "Name", Value: "Value"},
		},
		Operations: []wire.Operation{
			wire.Op("ReceiveMessage", func(_ context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
				return &sqs.ReceiveMessageOutput{Messages: []sqstypes.Message{{
					MessageId: aws.String("m"), Body: aws.String("a<b>&\r\n" + *in.QueueUrl), MD5OfBody: aws.String(fmt.Sprintf("%x", md5.Sum([]byte("a<b>&\r\n"+*in.QueueUrl)))),
					Attributes:        map[string]string{"SentTimestamp": "1"},
					MessageAttributes: map[string]sqstypes.MessageAttributeValue{"Method": {DataType: aws.String("String"), StringValue: aws.String("POST")}},
				}}}, nil
			}),
		},
	})
	m.Handle(wire.API{
		ID: "dynamodb", Protocols: []wire.Protocol{wire.JSON10}, Target: "DynamoDB_20120810", CRC32: true, Unions: []wire.Union{attributeValue},
		Operations: []wire.Operation{wire.Op("GetItem", func(_ context.Context, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			return &dynamodb.GetItemOutput{Item: map[string]dynamotypes.AttributeValue{"echo": &dynamotypes.AttributeValueMemberM{Value: in.Key}}}, nil
		})},
	})
	m.Handle(wire.API{
		ID: "sts", Protocols: []wire.Protocol{wire.Query}, Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: []wire.Operation{wire.Op("GetCallerIdentity", func(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
			p := wire.RequestOf(ctx).Principal
			return &sts.GetCallerIdentityOutput{Arn: &p.ARN, Account: &p.Account, UserId: &p.UserID}, nil
		})},
	})
	return m, b
}

// TestPutObject sends bodies in all the ways in which the SDK does.
func TestPutObject(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 20_000)
	for _, endpoint := range []string{"http://localhost:4566", "https://localhost:4566"} {
		for _, alg := range []s3types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
			for _, body := range []string{"", "hello", large} {
				t.Run(fmt.Sprintf("%s/%s/%d", endpoint[:5], alg, len(body)), func(t *testing.T) {
					m, b := clientMux()
					cfg := configWith(t, m, exampleKey, exampleSecret, "")
					cfg.BaseEndpoint = &endpoint
					client := s3.NewFromConfig(cfg)
					in := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k/1 +é"), Body: strings.NewReader(body), ChecksumAlgorithm: alg}
					if _, err := client.PutObject(t.Context(), in); err != nil {
						t.Fatal(err)
					}
					if got := b.sums["k/1 +é"]; alg != "" && got.Algorithm != string(alg) || got.Value == "" {
						t.Errorf("checksum %+v", got)
					}
					out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k/1 +é")})
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(out.Body)
					if string(got) != body || err != nil || *out.ContentLength != int64(len(body)) {
						t.Errorf("got %d bytes, %v", len(got), err)
					}
				})
			}
		}
	}
}

// TestPutUnseekable sends a stream of unknown content over TLS: the SDK puts an
// unsigned body with a trailer.
func TestPutUnseekable(t *testing.T) {
	m, b := clientMux()
	cfg := configWith(t, m, exampleKey, exampleSecret, "")
	cfg.BaseEndpoint = aws.String("https://localhost:4566")
	pr, pw := io.Pipe()
	go func() {
		fmt.Fprint(pw, strings.Repeat("x", 1<<20))
		pw.Close()
	}()
	in := &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: pr, ContentLength: aws.Int64(1 << 20)}
	if _, err := s3.NewFromConfig(cfg).PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if len(b.objects["k"]) != 1<<20 || b.sums["k"].Algorithm != "CRC32" {
		t.Errorf("%d bytes, %+v", len(b.objects["k"]), b.sums["k"])
	}
}

const botoScript = `
import boto3, sys, io, base64
from botocore.config import Config
url, https = sys.argv[1], sys.argv[1].startswith('https')
kw = dict(endpoint_url=url, region_name='us-east-1', aws_access_key_id='AKIAIOSFODNN7EXAMPLE',
          aws_secret_access_key='wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', verify=False)
s3 = boto3.client('s3', **kw)
for body in b'', b'hello', b'x' * 300000:
    for alg in None, 'CRC32', 'SHA256':
        extra = {'ChecksumAlgorithm': alg} if alg else {}
        s3.put_object(Bucket='bucket', Key='a b/+', Body=io.BytesIO(body), **extra)
        assert s3.get_object(Bucket='bucket', Key='a b/+')['Body'].read() == body
try:
    s3.get_object(Bucket='bucket', Key='none')
    assert False
except s3.exceptions.NoSuchKey as e:
    assert e.response['ResponseMetadata']['HTTPStatusCode'] == 404, e.response
import urllib.request, ssl
ctx = ssl._create_unverified_context()
for v in 's3v4', 's3':
    p = boto3.client('s3', config=Config(signature_version=v), **kw).generate_presigned_url('get_object', {'Bucket': 'bucket', 'Key': 'a b/+'})
    assert urllib.request.urlopen(p, context=ctx).read() == b'x' * 300000
item = {'s': {'S': 'é'}, 'n': {'N': '1'}, 'b': {'B': b'\0\1'}, 'l': {'L': [{'BOOL': True}, {'NULL': True}]}, 'm': {'M': {'ss': {'SS': ['a']}}}}
got = boto3.client('dynamodb', **kw).get_item(TableName='t', Key=item)['Item']['echo']['M']
assert got == item, got
m = boto3.client('sqs', **kw).receive_message(QueueUrl=url + '/000000000000/q', AttributeNames=['All'])['Messages'][0]
assert m['Body'] == 'a<b>&\r\n' + url + '/000000000000/q', m
assert m['Attributes'] == {'SentTimestamp': '1'} and m['MessageAttributes']['Method']['StringValue'] == 'POST', m
assert boto3.client('sts', **kw).get_caller_identity()['UserId'] == 'AKIAIOSFODNN7EXAMPLE'
print('ok')
`

// TestBoto drives a real server with the Python SDK, plain and over TLS.
func TestBoto(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("no python3 with boto3 on this machine")
	}
	m, _ := clientMux()
	for _, start := range []func() *httptest.Server{
		func() *httptest.Server { return httptest.NewServer(m) },
		func() *httptest.Server { return httptest.NewTLSServer(m) },
	} {
		srv := start()
		out, err := exec.CommandContext(t.Context(), "python3", "-W", "ignore", "-c", botoScript, srv.URL).CombinedOutput()
		srv.Close()
		if err != nil || strings.TrimSpace(string(out)) != "ok" {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestCLI drives a real server with the AWS CLI, in whichever versions there are.
func TestCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("the CLI takes seconds to start")
	}
	var found bool
	for _, cli := range []string{"aws", "/usr/bin/aws"} {
		path, err := exec.LookPath(cli)
		if err != nil {
			continue
		}
		found = true
		t.Run(cli, func(t *testing.T) { cliSession(t, path) })
	}
	if !found {
		t.Skip("no AWS CLI on this machine")
	}
}

func cliSession(t *testing.T, path string) {
	m, b := clientMux()
	srv := httptest.NewServer(m)
	defer srv.Close()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, append([]string{"--endpoint-url", srv.URL, "--region", "eu-west-1", "--output", "text"}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+exampleKey, "AWS_SECRET_ACCESS_KEY="+exampleSecret, "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	run("s3", "cp", file, "s3://b/a b+é")
	if got := string(b.objects["a b+é"]); got != "hello" {
		t.Errorf("copied %q", got)
	}
	if got := run("sts", "get-caller-identity", "--query", "UserId"); got != exampleKey {
		t.Errorf("caller %q", got)
	}
	if got := run("dynamodb", "get-item", "--table-name", "table", "--key", `{"a":{"S":"x"}}`, "--query", "Item.echo.M.a.S"); got != "x" {
		t.Errorf("item %q", got)
	}
}
