package lambda

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/wire/wiretest"
)

// TestLogs: what a function printed is in its log when Invoke returns, in order.
func TestLogs(t *testing.T) {
	r := newRig(t)
	r.create("f", "print")
	r.create("g", "print", func(in *lambda.CreateFunctionInput) {
		in.LoggingConfig = &types.LoggingConfig{LogGroup: aws.String("shared")}
	})
	client := cloudwatchlogs.NewFromConfig(wiretest.Config(t, r.mux))
	for name, group := range map[string]string{"f": "/aws/lambda/f", "g": "shared"} {
		if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name}); err != nil {
			t.Fatal(err)
		}
		out, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, e := range out.Events {
			kinds = append(kinds, strings.Fields(*e.Message)[0])
			if !regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`).MatchString(*e.LogStreamName) {
				t.Errorf("stream %s", *e.LogStreamName)
			}
		}
		if got := strings.Join(kinds, " "); !strings.HasSuffix(got, "START one two END REPORT") {
			t.Errorf("%s: %s", group, got)
		}
	}
}
