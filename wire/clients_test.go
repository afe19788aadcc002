package wire_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"

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
	m.Handle(echoCloudWatch())
	m.Handle(echoSNS())
	m.Handle(wire.API{
		ID: "events", Protocols: []wire.Protocol{wire.JSON11}, Target: "AWSEvents",
		Operations: []wire.Operation{wire.Op("PutEvents", func(_ context.Context, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
			out := &eventbridge.PutEventsOutput{}
			for _, e := range in.Entries {
				out.Entries = append(out.Entries, eventtypes.PutEventsResultEntry{EventId: e.Detail})
			}
			return out, nil
		})},
	})
	return m, b
}

// echoCloudWatch answers GetMetricStatistics with the time and the statistics that it
// was asked for, and ListMetrics with the number of metrics that it was last sent.
func echoCloudWatch() wire.API {
	api, count := monitoring(), 0
	api.Operations = []wire.Operation{
		wire.Op("PutMetricData", func(_ context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
			count = len(in.MetricData)
			if count == 0 {
				return nil, &cloudwatchtypes.InvalidParameterValueException{Message: aws.String("The collection MetricData must not have a size of zero.")}
			}
			return nil, nil
		}),
		wire.Op("ListMetrics", func(context.Context, *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
			return &cloudwatch.ListMetricsOutput{NextToken: aws.String(fmt.Sprint(count))}, nil
		}),
		wire.Op("GetMetricStatistics", func(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
			return &cloudwatch.GetMetricStatisticsOutput{
				Label:      in.MetricName,
				Datapoints: []cloudwatchtypes.Datapoint{{Timestamp: in.StartTime, Sum: aws.Float64(float64(*in.Period) / 8), Unit: cloudwatchtypes.StandardUnit(in.Statistics[0])}},
			}, nil
		}),
	}
	return api
}

// echoSNS answers with what it was sent, in one text.
func echoSNS() wire.API {
	return wire.API{
		ID: "sns", Protocols: []wire.Protocol{wire.Query}, Version: "2010-03-31", Namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
		Names:  wire.Names{"*.MessageAttributes": {Key: "Name", Value: "Value"}, "DeleteTopicOutput": {Wrap: "-"}},
		Status: map[string]int{"NotFound": 404},
		Operations: []wire.Operation{
			wire.Op("CreateTopic", func(_ context.Context, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
				return &sns.CreateTopicOutput{TopicArn: aws.String(fmt.Sprint(*in.Name, in.Attributes["FifoTopic"], *in.Tags[0].Key))}, nil
			}),
			wire.Op("GetTopicAttributes", func(_ context.Context, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
				return &sns.GetTopicAttributesOutput{Attributes: map[string]string{"TopicArn": *in.TopicArn, "DisplayName": "<é>"}}, nil
			}),
			wire.Op("PublishBatch", func(_ context.Context, in *sns.PublishBatchInput) (*sns.PublishBatchOutput, error) {
				out := &sns.PublishBatchOutput{}
				for _, e := range in.PublishBatchRequestEntries {
					a := e.MessageAttributes["a"]
					out.Successful = append(out.Successful, snstypes.PublishBatchResultEntry{Id: e.Id, MessageId: aws.String(*e.Message + *a.DataType + aws.ToString(a.StringValue) + string(a.BinaryValue))})
				}
				return out, nil
			}),
			wire.Op("DeleteTopic", func(_ context.Context, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
				if *in.TopicArn == "none" {
					return nil, &snstypes.NotFoundException{Message: aws.String("Topic does not exist")}
				}
				return nil, nil
			}),
		},
	}
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

// TestCompressedMetrics has the SDK compress its requests, in each protocol.
func TestCompressedMetrics(t *testing.T) {
	service := schemas.GraniteServiceVersion20100801
	for name, protocol := range map[string]smithyhttp.ClientProtocol{
		"cbor": rpcv2.NewCBOR(service), "json": awsjson.New10(service), "query": awsquery.New(service),
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := clientMux()
			var encodings []string
			cfg := configWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				encodings = append(encodings, r.Header.Get("Content-Encoding"))
				m.ServeHTTP(w, r)
			}), exampleKey, exampleSecret, "")
			cfg.RequestMinCompressSizeBytes = 10240 // what config.LoadDefaultConfig sets
			client := cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) { o.Protocol = protocol })
			in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("n")}
			for i := range 1000 {
				in.MetricData = append(in.MetricData, cloudwatchtypes.MetricDatum{MetricName: aws.String(fmt.Sprint("m", i)), Value: aws.Float64(float64(i))})
			}
			if _, err := client.PutMetricData(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			out, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{})
			if err != nil || *out.NextToken != "1000" || encodings[0] != "gzip" {
				t.Errorf("%+v, %v, %q", out, err, encodings)
			}
			in.MetricData = in.MetricData[:0]
			var invalid *cloudwatchtypes.InvalidParameterValueException
			if _, err := client.PutMetricData(t.Context(), in); !errors.As(err, &invalid) || invalid.ErrorMessage() != "The collection MetricData must not have a size of zero." {
				t.Errorf("got %v", err)
			}
		})
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
import datetime
start = datetime.datetime(2026, 11, 20, 1, 2, 3, tzinfo=datetime.timezone.utc)
cw = boto3.client('cloudwatch', **kw)
for n in 1, 1000:
    cw.put_metric_data(Namespace='n', MetricData=[{'MetricName': 'm%d' % i, 'Value': 1.5, 'Timestamp': start, 'Dimensions': [{'Name': 'd', 'Value': 'v'}]} for i in range(n)])
    assert cw.list_metrics()['NextToken'] == str(n)
got = cw.get_metric_statistics(Namespace='n', MetricName='é', StartTime=start, EndTime=start, Period=60, Statistics=['Sum'])
assert got['Label'] == 'é' and got['Datapoints'] == [{'Timestamp': start, 'Sum': 7.5, 'Unit': 'Sum'}], got
try:
    cw.put_metric_data(Namespace='n', MetricData=[])
    assert False
except cw.exceptions.InvalidParameterValueException as e:
    assert e.response['Error']['Code'] == 'InvalidParameterValue' and 'size of zero' in e.response['Error']['Message'], e.response
sns = boto3.client('sns', **kw)
assert sns.create_topic(Name='t', Attributes={'FifoTopic': 'true'}, Tags=[{'Key': 'k', 'Value': 'v'}])['TopicArn'] == 'ttruek'
assert sns.get_topic_attributes(TopicArn='a')['Attributes'] == {'TopicArn': 'a', 'DisplayName': '<é>'}
got = sns.publish_batch(TopicArn='a', PublishBatchRequestEntries=[{'Id': '1', 'Message': 'm', 'MessageAttributes': {'a': {'DataType': 'String', 'StringValue': 's'}}},
    {'Id': '2', 'Message': 'n', 'MessageAttributes': {'a': {'DataType': 'Binary', 'BinaryValue': b'b'}}}])['Successful']
assert [e['MessageId'] for e in got] == ['mStrings', 'nBinaryb'], got
sns.delete_topic(TopicArn='a')
try:
    sns.delete_topic(TopicArn='none')
    assert False
except sns.exceptions.NotFoundException as e:
    assert e.response['Error']['Code'] == 'NotFound' and e.response['ResponseMetadata']['HTTPStatusCode'] == 404, e.response
assert boto3.client('events', **kw).put_events(Entries=[{'Source': 's', 'DetailType': 't', 'Detail': '{}'}])['Entries'] == [{'EventId': '{}'}]
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
	if got := run("cloudwatch", "get-metric-statistics", "--namespace", "n", "--metric-name", "m", "--start-time", "2026-11-20T01:02:03Z", "--end-time", "2026-11-21T00:00:00Z", "--period", "60", "--statistics", "Sum", "--query", "Datapoints[0].[Sum,Unit]"); got != "7.5\tSum" {
		t.Errorf("statistics %q", got)
	}
	run("cloudwatch", "put-metric-data", "--namespace", "n", "--metric-name", "m", "--value", "1")
	if got := run("sns", "create-topic", "--name", "t", "--attributes", "FifoTopic=true", "--tags", "Key=k,Value=v", "--query", "TopicArn"); got != "ttruek" {
		t.Errorf("topic %q", got)
	}
	if got := run("events", "put-events", "--entries", `[{"Source":"s","DetailType":"t","Detail":"{}"}]`, "--query", "Entries[0].EventId"); got != "{}" {
		t.Errorf("event %q", got)
	}
	if got := run("dynamodb", "get-item", "--table-name", "table", "--key", `{"a":{"S":"x"}}`, "--query", "Item.echo.M.a.S"); got != "x" {
		t.Errorf("item %q", got)
	}
}
