package functions

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
)

func TestHandlersOpen(t *testing.T) {
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("TABLE_NAME", "readings")
	t.Setenv("QUEUE_URL", "http://127.0.0.1:1/000000000000/readings")
	t.Setenv("XML_BUCKET", "xml")
	t.Setenv("JSON_BUCKET", "json")
	t.Setenv("RULES_TABLE", "rules")
	t.Setenv("TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:notices")
	for name, open := range Handlers {
		h, err := open(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// An event of a wrong form gets as far as the handler's own type.
		if _, err := lambda.NewHandler(h).Invoke(t.Context(), []byte(`[]`)); err == nil || !strings.Contains(err.Error(), "unmarshal") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestHandlerThatDoesNotOpen(t *testing.T) {
	t.Setenv("TABLE_NAME", "")
	t.Setenv("QUEUE_URL", "")
	t.Setenv("JSON_BUCKET", "")
	for name, open := range Handlers {
		_, err := lambda.NewHandler(handler(t.Context(), open)).Invoke(t.Context(), []byte(`{}`))
		if err == nil || !strings.Contains(err.Error(), "is not set") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStart(t *testing.T) {
	t.Setenv("_HANDLER", "iot-messages.fly")
	t.Setenv("AWS_LAMBDA_RUNTIME_API", "")
	err := Start(context.Background())
	if err == nil || !strings.Contains(err.Error(), `no handler "iot-messages.fly"; there are csv-fanout.csv-to-json, iot-messages.csv-to-queue, `) {
		t.Errorf("got %v", err)
	}
	t.Setenv("_HANDLER", "iot-messages.csv-to-queue")
	err = Start(context.Background())
	if err == nil || !strings.Contains(err.Error(), "AWS_LAMBDA_RUNTIME_API is not set") {
		t.Errorf("got %v", err)
	}
}

// Every handler that a template names is in the table.
func TestTemplates(t *testing.T) {
	templates, err := filepath.Glob("../pipelines/*/template.yaml")
	if err != nil || len(templates) == 0 {
		t.Fatalf("found %v, %v", templates, err)
	}
	named := regexp.MustCompile(`(?m)^ *Handler: (\S+)$`)
	for _, template := range templates {
		text, err := os.ReadFile(template)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllSubmatch(text, -1) {
			if name := string(match[1]); Handlers[name] == nil {
				t.Errorf("%s: no handler %q", template, name)
			}
		}
	}
}
