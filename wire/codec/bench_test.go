package codec_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/wire/codec"
)

// writeBatch is a BatchWriteItem of 25 items with 7 attributes each.
func writeBatch() string {
	var b strings.Builder
	b.WriteString(`{"RequestItems":{"messages":[`)
	for i := range 25 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"PutRequest":{"Item":{"date":{"S":"2019-08-27"},"time":{"S":"02:39:%02d"},"location":{"S":"lab-5"},"source":{"S":"wireless"},"local_dest":{"S":"router-1"},"local_avg":{"N":"5.93"},"remote_avg":{"N":"12.66"}}}}`, i)
	}
	return b.String() + "]}}"
}

// BenchmarkScanner only splits the BatchWriteItem into tokens.
func BenchmarkScanner(b *testing.B) {
	doc := writeBatch()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := codec.ScanJSON(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTokens does the same with jsontext and makes the strings: what decoding
// would cost at the least if it were built on it.
func BenchmarkTokens(b *testing.B) {
	doc := []byte(writeBatch())
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewReader(doc))
		for {
			t, err := d.ReadToken()
			if err == io.EOF {
				break
			}
			if t.Kind() == '"' {
				_ = t.String()
			}
		}
	}
}

// putMetrics is a PutMetricData of AWS's 1,000 metrics, with two dimensions each.
func putMetrics() *cloudwatch.PutMetricDataInput {
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("bench")}
	at := time.Unix(1795132923, 0)
	for i := range 1000 {
		in.MetricData = append(in.MetricData, types.MetricDatum{
			MetricName: aws.String(fmt.Sprint("Metric", i)), Value: aws.Float64(float64(i) / 3), Timestamp: &at, Unit: types.StandardUnitCount,
			Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("convert")}, {Name: aws.String("Stage"), Value: aws.String("prod")}},
		})
	}
	return in
}

func BenchmarkMetricsJSON(b *testing.B) {
	benchmarkMetrics(b, plain.AppendJSON(nil, putMetrics()), plain.JSON)
}

func BenchmarkMetricsCBOR(b *testing.B) {
	benchmarkMetrics(b, plain.AppendCBOR(nil, putMetrics()), plain.CBOR)
}

func benchmarkMetrics(b *testing.B, doc []byte, decode func([]byte, any) error) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		var in cloudwatch.PutMetricDataInput
		if err := decode(doc, &in); err != nil || len(in.MetricData) != 1000 {
			b.Fatal(err)
		}
	}
}
