package resource

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestTypes holds what every entry of the table must.
func TestTypes(t *testing.T) {
	for name, kind := range Types() {
		for _, p := range kind.Required {
			if kind.Properties[p] == 0 {
				t.Errorf("%s requires %s, which it does not have", name, p)
			}
		}
		if kind.NameProperty != "" && kind.Properties[kind.NameProperty] != Replaced {
			t.Errorf("%s: another %s must replace it", name, kind.NameProperty)
		}
		if kind.Create == nil {
			t.Errorf("%s cannot be created", name)
		}
		updates := false
		for _, effect := range kind.Properties {
			updates = updates || effect == Changes
		}
		if updates && kind.Update == nil && kind.Configure == nil && name != "AWS::CDK::Metadata" {
			t.Errorf("%s has properties that change and no way to change them", name)
		}
	}
}

func TestChooseName(t *testing.T) {
	for _, c := range []struct {
		kind           Type
		stack, logical string
		prefix         string
	}{
		{Type{NameProperty: "N"}, "stack", "Queue", "stack-Queue-"},
		{Type{NameProperty: "N", MaxName: 63, Lower: true}, "Stack", "Bucket", "stack-bucket-"},
		{Type{NameProperty: "N", MaxName: 40}, strings.Repeat("s", 60), "Queue", strings.Repeat("s", 21) + "-Queue-"},
		{Type{NameProperty: "N", MaxName: 40}, "stack", strings.Repeat("L", 60), "stack-" + strings.Repeat("L", 13) + "-"},
		{Type{NameProperty: "N", MaxName: 40}, strings.Repeat("s", 60), strings.Repeat("L", 60), strings.Repeat("s", 13) + "-" + strings.Repeat("L", 13) + "-"},
	} {
		name, own := c.kind.ChooseName(c.stack, c.logical, nil)
		limit := c.kind.MaxName
		if limit == 0 {
			limit = 64
		}
		if own || !strings.HasPrefix(name, c.prefix) || len(name) > limit {
			t.Errorf("%s: want %s and at most %d characters", name, c.prefix, limit)
		}
		if again, _ := c.kind.ChooseName(c.stack, c.logical, nil); again == name {
			t.Errorf("%s twice", name)
		}
	}
	fifo := Type{NameProperty: "N", MaxName: 40, FIFOProperty: "Fifo"}
	for value, suffix := range map[any]string{true: ".fifo", "true": ".fifo", false: "", "false": "", nil: ""} {
		name, own := fifo.ChooseName(strings.Repeat("s", 60), "Queue", map[string]any{"Fifo": value})
		if own || strings.HasSuffix(name, ".fifo") != (suffix != "") || len(name) > 40 {
			t.Errorf("%v: %s", value, name)
		}
	}
	if name, own := (&Type{NameProperty: "N"}).ChooseName("s", "L", map[string]any{"N": "mine"}); name != "mine" || !own {
		t.Errorf("%s %v", name, own)
	}
}

func TestAssign(t *testing.T) {
	var in lambda.CreateEventSourceMappingInput
	err := assign(&in, map[string]any{"functionName": "f", "BatchSize": "10", "Enabled": "true", "MaximumBatchingWindowInSeconds": json.Number("5"),
		"FunctionResponseTypes": "ReportBatchItemFailures", "ScalingConfig": map[string]any{"MaximumConcurrency": json.Number("2.0")},
		"FilterCriteria": map[string]any{"Filters": []any{map[string]any{"Pattern": map[string]any{"body": []any{"x"}}}}}}, "M")
	if err != nil {
		t.Fatal(err)
	}
	want := lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), BatchSize: aws.Int32(10), Enabled: aws.Bool(true),
		MaximumBatchingWindowInSeconds: aws.Int32(5), FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"},
		ScalingConfig:  &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)},
		FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":["x"]}`)}}}}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("%+v", in)
	}
	for props, words := range map[string]map[string]any{
		"unsupported property Colour in M":                 {"Colour": "red"},
		"unsupported property Nope in M/ScalingConfig":     {"ScalingConfig": map[string]any{"Nope": "1"}},
		"property M/BatchSize must be an integer":          {"BatchSize": "ten"},
		"property M/Enabled must be a boolean":             {"Enabled": "perhaps"},
		"property M/ScalingConfig must be an object":       {"ScalingConfig": "x"},
		"property M/BatchSize must be an integer ":         {"BatchSize": json.Number("99999999999")},
		"unsupported property noSmithyDocumentSerde in M":  {"noSmithyDocumentSerde": "x"},
		"property M/StartingPositionTimestamp must be an ": {"StartingPositionTimestamp": "1"},
	} {
		var in lambda.CreateEventSourceMappingInput
		if err := assign(&in, words, "M"); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(props)) {
			t.Errorf("%v: got %v, want %s", words, err, props)
		}
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{json.Number("1"), "1", true}, {true, "true", true}, {nil, nil, true}, {nil, "", false},
		{[]any{"a"}, []any{"a", "b"}, false}, {map[string]any{"a": json.Number("1")}, map[string]any{"a": "1"}, true},
		{map[string]any{"a": nil}, map[string]any{}, false}, {[]any{}, map[string]any{}, false},
	} {
		if Same(c.a, c.b) != c.want || Same(c.b, c.a) != c.want {
			t.Errorf("Same(%v, %v) is not %v", c.a, c.b, c.want)
		}
	}
}
