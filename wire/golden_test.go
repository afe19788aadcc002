package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/fxamacker/cbor/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/runnel/runnel/wire"
)

var rewrite = flag.Bool("rewrite", false, "write what came out into testdata")

// TestGolden sends the requests of testdata/*/*.txt and compares the answers. Each
// file says where its truth comes from.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.Contains(name, "bindings") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { golden(t, name) })
	}
}

func golden(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mux := serviceMux(wire.Config{Region: "us-east-1", Account: "000000000000", Require: strings.Contains(string(ar.Comment), "Keys are required.")})
	out := &txtar.Archive{Comment: ar.Comment}
	for i, f := range ar.Files {
		if !strings.HasSuffix(f.Name, "request") {
			continue
		}
		got := []byte(answer(t, mux, f.Data))
		resp := strings.TrimSuffix(f.Name, "request") + "response"
		out.Files = append(out.Files, f, txtar.File{Name: resp, Data: got})
		if *rewrite {
			continue
		}
		if i+1 == len(ar.Files) || ar.Files[i+1].Name != resp || !bytes.Equal(ar.Files[i+1].Data, got) {
			t.Errorf("%s: got\n%s", resp, got)
		}
	}
	if *rewrite {
		if err := os.WriteFile(name, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// answer sends a request given as text and returns the answer as text, less what
// differs each time.
func answer(t *testing.T, h http.Handler, text []byte) string {
	t.Helper()
	head, body, _ := strings.Cut(string(text), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	if strings.Contains(head, "application/cbor") {
		body = unhex(t, body)
	}
	if !strings.Contains(head, "Host: ") {
		head += "\nHost: localhost:4566"
	}
	line, headers, _ := strings.Cut(head, "\n")
	raw := line + " HTTP/1.1\n" + headers + "\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n" + body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n"))))
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var b strings.Builder
	fmt.Fprintln(&b, w.Code, http.StatusText(w.Code))
	for _, k := range slices.Sorted(maps.Keys(w.Header())) {
		if k != "Date" && k != "Content-Length" {
			fmt.Fprintf(&b, "%s: %s\n", k, strings.Join(w.Header()[k], ", "))
		}
	}
	if w.Body.Len() > 0 {
		fmt.Fprintf(&b, "\n%s\n", readable(t, w))
	}
	out := b.String()
	for _, h := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id", "X-Amz-Id-2"} {
		if id := w.Header().Get(h); id != "" {
			out = strings.ReplaceAll(out, id, "ID")
		}
	}
	return out
}

// unhex makes a body of hexadecimal digits with blanks.
func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// readable is an answer's body, CBOR in its diagnostic notation.
func readable(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Type") != "application/cbor" {
		return w.Body.String()
	}
	s, err := cbor.Diagnose(w.Body.Bytes())
	if err != nil {
		t.Errorf("%v: %x", err, w.Body)
	}
	return s
}

// serviceMux has a few operations of every protocol. Most answer with an error.
func serviceMux(cfg wire.Config) *wire.Mux {
	m := wire.NewMux(cfg)
	for _, api := range []wire.API{sqsAPI(), dynamodbAPI(), logsAPI(), lambdaAPI(), apigatewayAPI(), iamAPI(), monitoringAPI(), s3API()} {
		m.Handle(api)
	}
	return m
}

func sqsAPI() wire.API {
	return wire.API{
		ID: "sqs", Protocols: []wire.Protocol{wire.JSON10, wire.Query}, Target: "AmazonSQS", Version: "2012-11-05",
		Namespace: "http://queue.amazonaws.com/doc/2012-11-05/", Shapes: "com.amazonaws.sqs", PathField: "QueueUrl",
		QueryErrors: map[string]string{"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"},
		Operations: []wire.Operation{
			wire.Op("SendMessage", func(_ context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
				switch aws.ToString(in.MessageBody) {
				case "panic":
					panic("a mistake")
				case "fail":
					return nil, io.ErrClosedPipe
				}
				return nil, &sqstypes.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
			}),
			wire.Op("GetQueueUrl", func(_ context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
				return &sqs.GetQueueUrlOutput{QueueUrl: in.QueueName}, nil
			}),
		},
	}
}

func dynamodbAPI() wire.API {
	return wire.API{
		ID: "dynamodb", Protocols: []wire.Protocol{wire.JSON10}, Target: "DynamoDB_20120810", Shapes: "com.amazonaws.dynamodb.v20120810",
		CRC32: true, Unions: []wire.Union{attributeValue}, MaxBody: 1 << 10,
		Operations: []wire.Operation{
			wire.Op("PutItem", func(_ context.Context, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
				return nil, &dynamotypes.ConditionalCheckFailedException{Message: aws.String("The conditional request failed"), Item: in.Item}
			}),
			wire.Op("Scan", func(context.Context, *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
				return nil, wire.Errorf("ValidationException", "One or more parameter values were invalid")
			}),
		},
	}
}

func logsAPI() wire.API {
	return wire.API{
		ID: "logs", Protocols: []wire.Protocol{wire.JSON11}, Target: "Logs_20140328", LowerCamel: true,
		Operations: []wire.Operation{wire.Op("CreateLogGroup", func(context.Context, *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
			return nil, &logstypes.ResourceAlreadyExistsException{Message: aws.String("The specified log group already exists")}
		})},
	}
}

func lambdaAPI() wire.API {
	return wire.API{
		ID: "lambda", Protocols: []wire.Protocol{wire.RESTJSON}, MessageMember: "Message",
		Status: map[string]int{"ResourceNotFoundException": 404},
		Operations: []wire.Operation{
			wire.Op("GetFunction", func(_ context.Context, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
				return nil, &lambdatypes.ResourceNotFoundException{Type: aws.String("User"), Message: aws.String("Function not found: " + *in.FunctionName)}
			}, wire.HTTP("GET", "/2015-03-31/functions/{FunctionName}?Qualifier={Qualifier}")),
			wire.Op("ListFunctions", func(_ context.Context, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
				return &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{}}, nil
			}, wire.HTTP("GET", "/2015-03-31/functions?MaxItems={MaxItems}")),
		},
	}
}

func apigatewayAPI() wire.API {
	return wire.API{
		ID: "apigateway", Protocols: []wire.Protocol{wire.RESTJSON}, LowerCamel: true,
		Operations: []wire.Operation{wire.Op("GetRestApi", func(context.Context, *apigateway.GetRestApiInput) (*apigateway.GetRestApiOutput, error) {
			return &apigateway.GetRestApiOutput{Id: aws.String("abc")}, nil
		}, wire.HTTP("GET", "/restapis/{RestApiId}"))},
	}
}

func iamAPI() wire.API {
	return wire.API{
		ID: "iam", Protocols: []wire.Protocol{wire.Query}, Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Status: map[string]int{"NoSuchEntity": 404},
		Operations: []wire.Operation{wire.Op("GetRole", func(_ context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
			return nil, wire.Errorf("NoSuchEntity", "The role with name %s cannot be found.", *in.RoleName)
		}), wire.Op("ListRoles", func(context.Context, *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
			return &iam.ListRolesOutput{}, nil
		})},
	}
}

func monitoringAPI() wire.API {
	api := monitoring()
	api.Operations = []wire.Operation{
		wire.Op("ListMetrics", func(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
			if in.Namespace != nil && *in.Namespace == "fail" {
				return nil, io.ErrClosedPipe
			}
			return &cloudwatch.ListMetricsOutput{Metrics: []cloudwatchtypes.Metric{{Namespace: in.Namespace}}}, nil
		}),
		wire.Op("PutMetricData", func(_ context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
			if in.Namespace == nil {
				return nil, &cloudwatchtypes.InvalidParameterValueException{Message: aws.String("The parameter Namespace is required.")}
			}
			return nil, nil
		}),
		wire.Op("PutDashboard", func(_ context.Context, in *cloudwatch.PutDashboardInput) (*cloudwatch.PutDashboardOutput, error) {
			return nil, &cloudwatchtypes.DashboardInvalidInputError{
				Message: aws.String("The dashboard is not valid"), DashboardValidationMessages: []cloudwatchtypes.DashboardValidationMessage{{Message: aws.String("no widgets"), DataPath: aws.String("/")}},
			}
		}),
		wire.Op("ListTagsForResource", func(_ context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
			return nil, &cloudwatchtypes.ResourceNotFoundException{Message: aws.String("Unknown"), ResourceId: in.ResourceARN, ResourceType: aws.String("alarm")}
		}),
	}
	return api
}

func s3API() wire.API {
	return wire.API{
		ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
		Selectors: []string{"acl", "policy", "uploadId"}, Status: map[string]int{"NoSuchKey": 404, "NoSuchBucket": 404},
		Headers: map[string]string{"ContentLength": "Content-Length", "ContentType": "Content-Type", "ETag": "ETag", "Range": "Range", "ContentRange": "Content-Range", "LastModified": "Last-Modified"},
		Names:   wire.Names{"Tagging.TagSet": {Item: "Tag"}, "CompleteMultipartUploadInput.MultipartUpload": {Name: "CompleteMultipartUpload"}, "CompletedMultipartUpload.Parts": {Name: "Part", Flat: true}, "CompleteMultipartUploadOutput": {Name: "CompleteMultipartUploadResult"}, "ListBucketsOutput": {Name: "ListAllMyBucketsResult"}, "ListBucketsOutput.Buckets": {Item: "Bucket"}},
		Operations: []wire.Operation{
			wire.Op("ListBuckets", func(context.Context, *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
				return &s3.ListBucketsOutput{}, nil
			}, wire.HTTP("GET", "/")),
			wire.Op("GetObject", getObject, wire.HTTP("GET", "/{Bucket}/{Key+}"), wire.Payload("Body"), wire.PrefixHeaders("X-Amz-Meta-", "Metadata"), wire.StatusIf("ContentRange", 206)),
			wire.Op("HeadObject", func(_ context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
				return nil, &wire.Error{Code: "NoSuchKey", Message: "The specified key does not exist."}
			}, wire.HTTP("HEAD", "/{Bucket}/{Key+}")),
			wire.Op("PutObject", func(_ context.Context, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
				b := in.Body.(*wire.Body)
				b.Want("MD5")
				if _, err := io.Copy(io.Discard, b); err != nil {
					return nil, err
				}
				return &s3.PutObjectOutput{ETag: aws.String(fmt.Sprintf("%q", fmt.Sprintf("%x", b.Sum("MD5"))))}, nil
			}, wire.HTTP("PUT", "/{Bucket}/{Key+}"), wire.Payload("Body")),
			wire.Op("CompleteMultipartUpload", func(_ context.Context, in *s3.CompleteMultipartUploadInput) (*s3.CompleteMultipartUploadOutput, error) {
				return &s3.CompleteMultipartUploadOutput{ETag: in.MultipartUpload.Parts[0].ETag, ChecksumCRC32: in.ChecksumCRC32}, nil
			}, wire.HTTP("POST", "/{Bucket}/{Key+}?uploadId&uploadId={UploadId}"), wire.Payload("MultipartUpload"), wire.Header("x-amz-checksum-crc32", "ChecksumCRC32"), wire.InBody("ETag", "ChecksumCRC32")),
			wire.Op("PutObjectTagging", func(_ context.Context, in *s3.PutObjectTaggingInput) (*s3.PutObjectTaggingOutput, error) {
				return nil, wire.Errorf("InvalidTag", "%d tags", len(in.Tagging.TagSet))
			}, wire.HTTP("PUT", "/{Bucket}/{Key+}?tagging"), wire.Payload("Tagging")),
		},
	}
}

func getObject(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	if *in.Key == "unchanged" {
		return nil, &wire.Error{Code: "NotModified", Status: 304, Headers: map[string]string{"ETag": `"e"`}}
	}
	if in.Range == nil {
		return nil, &wire.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Fields: map[string]string{"Key": *in.Key}}
	}
	return &s3.GetObjectOutput{
		Body: io.NopCloser(strings.NewReader("ell")), ContentLength: aws.Int64(3), ContentRange: aws.String("bytes 1-3/5"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"color": "red"},
	}, nil
}
