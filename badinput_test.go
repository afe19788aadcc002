package runnel_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel"
)

// scope is the header by which a request finds its service, as an SDK signs it.
func scope(service string) []string {
	return []string{"X-Amz-Date", "20261120T120000Z", "Authorization", "AWS4-HMAC-SHA256 Credential=runnel/20261120/us-east-1/" + service + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000"}
}

// TestBadRequests sends each service what no client of it would send.
// The codes are meant to be those of the services' own error pages and of
// "Common Errors" in each API reference; they were written from knowledge of
// those pages, and not all were compared with them.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	r := start(t)
	must(r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	json10 := func(service, target string) []string {
		return append(scope(service), "Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", target)
	}
	form := func(service string) []string {
		return append(scope(service), "Content-Type", "application/x-www-form-urlencoded")
	}
	cbor := func(service string) []string {
		return append(scope(service), "Content-Type", "application/cbor", "Smithy-Protocol", "rpc-v2-cbor")
	}
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		answer                   string
	}{
		{"sqs unknown operation", "POST", "/", "{}", json10("sqs", "AmazonSQS.SendPigeon"), 400, "UnknownOperationException"},
		{"dynamodb unknown operation", "POST", "/", "{}", json10("dynamodb", "DynamoDB_20120810.Guess"), 400, "UnknownOperationException"},
		{"dynamodb not there yet", "POST", "/", "{}", json10("dynamodb", "DynamoDB_20120810.TransactWriteItems"), 400, "UnknownOperationException"},
		{"logs unknown operation", "POST", "/", "{}", json10("logs", "Logs_20140328.Guess"), 400, "UnknownOperationException"},
		{"sqs query unknown action", "POST", "/", "Action=SendPigeon&Version=2012-11-05", form("sqs"), 400, "<Code>InvalidAction</Code>"},
		{"iam unknown action", "POST", "/", "Action=CreatePigeon&Version=2010-05-08", form("iam"), 400, "<Code>InvalidAction</Code>"},
		{"sts unknown action", "POST", "/", "Action=CreatePigeon&Version=2011-06-15", form("sts"), 400, "<Code>InvalidAction</Code>"},
		{"cloudformation unknown action", "POST", "/", "Action=CreatePigeon&Version=2010-05-15", form("cloudformation"), 400, "<Code>InvalidAction</Code>"},
		{"lambda unknown route", "GET", "/2015-03-31/pigeons", "", scope("lambda"), 404, "UnknownOperationException"},
		{"apigateway unknown route", "GET", "/pigeons", "", scope("apigateway"), 404, "UnknownOperationException"},
		{"s3 unknown method", "PATCH", "/bucket/key", "", scope("s3"), 405, "<Code>MethodNotAllowed</Code>"},
		{"sns unknown action", "POST", "/", "Action=CreatePigeon&Version=2010-03-31", form("sns"), 400, "<Code>InvalidAction</Code>"},
		{"sns not there", "POST", "/", "Action=CreatePlatformApplication&Version=2010-03-31", form("sns"), 400, "<Code>InvalidAction</Code>"},
		{"cloudwatch unknown action", "POST", "/", "Action=CreatePigeon&Version=2010-08-01", form("monitoring"), 400, "<Code>InvalidAction</Code>"},
		{"cloudwatch unknown operation", "POST", "/", "{}", json10("monitoring", "GraniteServiceVersion20100801.Guess"), 400, "UnknownOperationException"},
		{"cloudwatch unknown operation in CBOR", "POST", "/service/GraniteServiceVersion20100801/operation/Guess", "\xa0", cbor("monitoring"), 404, "UnknownOperationException"},
		{"events unknown operation", "POST", "/", "{}", json10("events", "AWSEvents.Guess"), 400, "UnknownOperationException"},
		{"events not there yet", "POST", "/", "{}", json10("events", "AWSEvents.CreateArchive"), 400, "UnknownOperationException"},
		{"service that is not there", "POST", "/", "Action=SendEmail&Version=2010-12-01", form("ses"), 400, "SendEmail"},

		{"sqs broken JSON", "POST", "/", `{"QueueName": `, json10("sqs", "AmazonSQS.CreateQueue"), 400, "SerializationException"},
		{"dynamodb broken JSON", "POST", "/", `[[[`, json10("dynamodb", "DynamoDB_20120810.ListTables"), 400, "SerializationException"},
		{"dynamodb wrong type", "POST", "/", `{"Limit": "ten"}`, json10("dynamodb", "DynamoDB_20120810.ListTables"), 400, "SerializationException"},
		{"lambda broken JSON", "POST", "/2015-03-31/functions", `{"FunctionName"`, scope("lambda"), 400, "SerializationException"},
		{"events broken JSON", "POST", "/", `{"Entries": [`, json10("events", "AWSEvents.PutEvents"), 400, "SerializationException"},
		{"cloudwatch broken CBOR", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "\xbf\x69Names", cbor("monitoring"), 400, "SerializationException"},
		{"sns oversize message", "POST", "/", "Action=Publish&TopicArn=arn:aws:sns:us-east-1:000000000000:t&Message=" + strings.Repeat("x", 256<<10+1), form("sns"), 400, "<Code>InvalidParameter</Code>"},
		{"sns certificate that is not there", "GET", "/SimpleNotificationService-00000000000000000000000000000000.pem", "", nil, 404, ""},
		{"deep JSON", "POST", "/", strings.Repeat(`{"a":`, 100_000), json10("dynamodb", "DynamoDB_20120810.ListTables"), 400, "SerializationException"},
		{"s3 broken XML", "POST", "/bucket?delete", "<Delete><Object>", scope("s3"), 400, "<Code>MalformedXML</Code>"},
		{"s3 XML entities", "POST", "/bucket?delete", `<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>`, scope("s3"), 400, "<Code>MalformedXML</Code>"},
		{"s3 wrong digest", "PUT", "/bucket/key", "body", append(scope("s3"), "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), 400, "<Code>BadDigest</Code>"},
		{"s3 broken digest", "PUT", "/bucket/key", "body", append(scope("s3"), "Content-MD5", "x"), 400, "<Code>InvalidDigest</Code>"},
		{"s3 broken chunks", "PUT", "/bucket/key", "zz;chunk", append(scope("s3"), "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length", "4", "X-Amz-Trailer", "x-amz-checksum-crc32"), 400, "<Code>"},

		{"dynamodb oversize", "POST", "/", `{"TableName":"` + strings.Repeat("x", 17<<20) + `"}`, json10("dynamodb", "DynamoDB_20120810.GetItem"), 413, ""},
		{"lambda oversize event", "POST", "/2015-03-31/functions/f/invocations", `"` + strings.Repeat("x", 7<<20) + `"`, scope("lambda"), 413, "RequestEntityTooLargeException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.in(t).http(c.method, r.endpoint+c.path, c.body, c.header...)
			if got.status != c.status || !strings.Contains(got.body+got.header.Get("x-amzn-ErrorType"), c.answer) {
				t.Errorf("%d %v %.500s\nwant %d ... %s ...", got.status, got.header["X-Amzn-Errortype"], got.body, c.status, c.answer)
			}
		})
	}
	list := must(r.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("bucket")}))(t)
	if len(list.Contents) != 0 {
		t.Errorf("refused bodies are objects: %v", *list.Contents[0].Key)
	}
}

// TestNoise sends what is not HTTP, and looks whether the runtime still serves.
func TestNoise(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, noise := range []string{
		"", "\x16", "\x16\x03\x01\x02\x00\x01\x00\x01", "GET", "GET / HTTP/9.9\r\n\r\n", "\x00\x00\x00\x00\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "PUT /a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort",
	} {
		conn := must(net.Dial("tcp", strings.TrimPrefix(r.endpoint, "http://")))(t)
		must(conn.Write([]byte(noise)))(t)
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	must(r.s3.ListBuckets(t.Context(), &s3.ListBucketsInput{}))(t)
}

// TestBadSignatures asks a runtime that wants signatures. The codes are meant to
// be those of "Common Errors" of each service and of "Error responses" of Amazon
// S3; not all were compared with those pages.
func TestBadSignatures(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys")
	write(t, filepath.Dir(keys), map[string]string{"keys": "[a]\naws_access_key_id = AKIAOWNKEY\naws_secret_access_key = own-secret/+\n"})
	r := startWith(t, t.TempDir(), func(c *runnel.Config) { c.AccessKeys = keys })

	right := r.aws.Copy()
	right.Credentials = credentials.NewStaticCredentialsProvider("AKIAOWNKEY", "own-secret/+", "")
	own := s3.NewFromConfig(right, func(o *s3.Options) { o.UsePathStyle = true })
	must(own.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	must(own.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("body")}))(t)

	wrong := r.aws.Copy()
	wrong.Credentials = credentials.NewStaticCredentialsProvider("AKIAOWNKEY", "wrong", "")
	for name, cfg := range map[string]aws.Config{"SignatureDoesNotMatch": wrong, "InvalidAccessKeyId": r.aws} {
		if _, err := s3.NewFromConfig(cfg).ListBuckets(t.Context(), &s3.ListBucketsInput{}); code(err) != name {
			t.Errorf("ListBuckets: %v, want %s", err, name)
		}
	}
	for name, cfg := range map[string]aws.Config{"InvalidSignatureException": wrong, "UnrecognizedClientException": r.aws} {
		if _, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{}); code(err) != name {
			t.Errorf("ListTables: %v, want %s", err, name)
		}
	}

	url := must(s3.NewPresignClient(own).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")}))(t).URL
	for _, c := range []struct {
		name, url string
		header    []string
		status    int
		answer    string
	}{
		{"presigned", url, nil, 200, "body"},
		{"another key", strings.Replace(url, "/k?", "/l?", 1), nil, 403, "SignatureDoesNotMatch"},
		{"longer", strings.Replace(url, "X-Amz-Expires=900", "X-Amz-Expires=9000", 1), nil, 403, "SignatureDoesNotMatch"},
		{"unsigned", r.endpoint + "/bucket/k", nil, 403, "AccessDenied"},
		{"no scheme", r.endpoint + "/bucket/k", []string{"Authorization", "own-secret"}, 403, "AccessDenied"},
		{"basic", r.endpoint + "/bucket/k", []string{"Authorization", "Basic b3duOnNlY3JldA=="}, 403, "AccessDenied"},
		{"no signature", r.endpoint + "/bucket/k", []string{"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAOWNKEY/20261120/us-east-1/s3/aws4_request"}, 400, "AuthorizationHeaderMalformed"},
		{"no scope", r.endpoint + "/bucket/k", []string{"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAOWNKEY, SignedHeaders=host, Signature=00"}, 400, "AuthorizationHeaderMalformed"},
	} {
		if got := r.http("GET", c.url, "", c.header...); got.status != c.status || !strings.Contains(got.body, c.answer) {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, got.status, got.body, c.status, c.answer)
		}
	}
}
