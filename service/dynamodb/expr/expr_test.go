package expr

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func s(v string) attr.Value           { return &types.AttributeValueMemberS{Value: v} }
func n(v string) attr.Value           { return &types.AttributeValueMemberN{Value: v} }
func b(v string) attr.Value           { return &types.AttributeValueMemberB{Value: []byte(v)} }
func boolean(v bool) attr.Value       { return &types.AttributeValueMemberBOOL{Value: v} }
func null() attr.Value                { return &types.AttributeValueMemberNULL{Value: true} }
func ss(v ...string) attr.Value       { return &types.AttributeValueMemberSS{Value: v} }
func ns(v ...string) attr.Value       { return &types.AttributeValueMemberNS{Value: v} }
func list(v ...attr.Value) attr.Value { return &types.AttributeValueMemberL{Value: v} }
func object(m attr.Item) attr.Value   { return &types.AttributeValueMemberM{Value: m} }

// placeholders are what all tests may use; tests do not ask whether they do.
func placeholders(t testing.TB) *Placeholders {
	t.Helper()
	p, err := NewPlaceholders(
		map[string]string{"#a": "a", "#b": "b", "#name": "name", "#dot": "x.y"},
		attr.Item{":s": s("abc"), ":t": s("abd"), ":ab": s("ab"), ":n": n("1"), ":m": n("2"), ":bin": b("a"), ":bool": boolean(true), ":null": null(),
			":ss": ss("a", "b"), ":ns": ns("1", "2"), ":l": list(n("1")), ":map": object(attr.Item{"k": s("v")}), ":S": s("S"), ":L": s("L"), ":X": s("X")},
	)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parseAny(t testing.TB, kind, text string) error {
	p := placeholders(t)
	var err error
	switch kind {
	case "condition":
		_, err = ParseCondition(ConditionExpression, text, p)
	case "filter":
		_, err = ParseCondition(FilterExpression, text, p)
	case "key":
		_, err = ParseKeyCondition(text, p)
	case "update":
		_, err = ParseUpdate(text, p)
	case "projection":
		_, err = ParseProjection(text, p)
	default:
		t.Fatalf("no such kind of expression: %q", kind)
	}
	return err
}

// TestParse reads testdata/parse.txt: a line with kind and expression, then an
// indented one with what the parser says of it.
func TestParse(t *testing.T) {
	const file = "testdata/parse.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var kind, expression string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if want, ok := strings.CutPrefix(line, "\t"); ok {
			if got := verdict(parseAny(t, kind, expression)); got != want && !*rewrite {
				t.Errorf("%s: %s\n got %s\nwant %s", kind, expression, got, want)
			}
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		kind, expression, _ = strings.Cut(line, ": ")
		out.WriteString("\t" + verdict(parseAny(t, kind, expression)) + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func TestLimits(t *testing.T) {
	long := "a = :s" + strings.Repeat(" ", maxLength)
	many := "a < :n" + strings.Repeat(" OR a < :n", 300)
	wide := "a IN (:n" + strings.Repeat(", :n", 100) + ")"
	for _, c := range []struct{ text, want string }{
		{long, "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4102"},
		{many, "Invalid ConditionExpression: The expression contains too many operators; operator count: 301"},
		{wide, "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: IN, number of operands: 101"},
		{strings.Repeat("(", 2000) + "a = :s" + strings.Repeat(")", 2000), "Invalid ConditionExpression: The expression has redundant parentheses;"},
	} {
		if got := verdict(parseAny(t, "condition", c.text)); got != c.want {
			t.Errorf("%.40s...: %s, want %s", c.text, got, c.want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for _, c := range []struct {
		names  map[string]string
		values attr.Item
		want   string
	}{
		{map[string]string{}, nil, "ExpressionAttributeNames must not be empty"},
		{nil, attr.Item{}, "ExpressionAttributeValues must not be empty"},
		{map[string]string{"a": "a"}, nil, `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		{map[string]string{"#": "a"}, nil, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#"`},
		{map[string]string{"#a b": "a"}, nil, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#a b"`},
		{nil, attr.Item{"v": s("")}, `ExpressionAttributeValues contains invalid key: Syntax error; key: "v"`},
		{nil, attr.Item{":v": n("x")}, "The parameter cannot be converted to a numeric value: x"},
		{map[string]string{"#b": "b", "#a": "a"}, nil, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}"},
		{nil, attr.Item{":v": s("")}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"},
	} {
		p, err := NewPlaceholders(c.names, c.values)
		if err == nil {
			err = p.Unused()
		}
		if verdict(err) != c.want {
			t.Errorf("%v, %v: %s, want %s", c.names, c.values, verdict(err), c.want)
		}
	}
}

func sample() attr.Item {
	return attr.Item{
		"a": s("abc"), "b": n("1"), "name": s("abd"), "x.y": n("5"), "flag": boolean(true), "nothing": null(), "bin": b("abc"),
		"tags": ss("a", "b"), "nums": ns("1", "2"),
		"things": list(n("1"), s("two"), object(attr.Item{"deep": list(n("7"))})),
		"doc":    object(attr.Item{"k": s("v"), "tally": n("3"), "nested": object(attr.Item{"z": n("9")})}),
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"a = :s", true}, {"a <> :s", false}, {"a < :t", true}, {"a > :t", false}, {"a <= :s", true}, {"a >= :t", false},
		{"b = :n", true}, {"b = :s", false}, {"b <> :s", true}, {"b < :m", true}, {"b < :s", false}, {":n = b", true},
		{"gone = :s", false}, {"gone <> :s", true}, {"gone < :s", false},
		{"b BETWEEN :n AND :m", true}, {"#dot between :n and :m", false}, {"b BETWEEN b AND :m", true},
		{"a IN (:t, :s)", true}, {"a IN (:t)", false}, {"gone IN (:t)", false},
		{"attribute_exists(a)", true}, {"attribute_exists(doc.k)", true}, {"attribute_exists(doc.q)", false}, {"attribute_exists(things[2].deep[0])", true},
		{"attribute_exists(things[9])", false}, {"attribute_not_exists(gone.a[0])", true}, {"attribute_not_exists(nothing)", false},
		{"attribute_type(a, :S)", true}, {"attribute_type(things, :L)", true}, {"attribute_type(gone, :S)", false},
		{"begins_with(a, :ab)", true}, {"begins_with(bin, :bin)", true}, {"begins_with(b, :ab)", false}, {"begins_with(gone, :ab)", false},
		{"contains(a, :ab)", true}, {"contains(tags, :X)", false}, {"contains(nums, :n)", true}, {"contains(things, :n)", true}, {"contains(b, :n)", false},
		{"size(a) > :m", true}, {"size(tags) = :m", true}, {"size(things) > size(tags)", true}, {"size(doc) = size(a)", true}, {"size(b) = :n", false},
		{"NOT a = :s", false}, {"NOT (a = :s) OR b = :n", true}, {"a = :s OR b = :m AND b = :s", true}, {"(a = :s OR b = :m) AND b = :s", false},
		{"not attribute_exists(gone) and flag = :bool", true}, {"tags = :ss", true}, {"nums = :ns", true}, {"nothing = :null", true},
		{"(a) = (:s)", true}, {"doc.nested.z > doc.tally", true}, {"things[1] <> :s", true},
	} {
		cond, err := ParseCondition(ConditionExpression, c.text, placeholders(t))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := cond.Match(sample()); got != c.want {
			t.Errorf("%s is %v, want %v", c.text, got, c.want)
		}
	}
}

func TestMatchAbsentItem(t *testing.T) {
	cond, err := ParseCondition(ConditionExpression, "attribute_not_exists(a) AND NOT size(a) > :n", placeholders(t))
	if err != nil || !cond.Match(nil) {
		t.Errorf("an item that is not there does not match: %v", err)
	}
}

func TestUpdate(t *testing.T) {
	for _, c := range []struct {
		text string
		path string // what to look at afterwards, by a projection
		want attr.Item
	}{
		{"SET a = :n", "a", attr.Item{"a": n("1")}},
		{"SET b = b + :m", "b", attr.Item{"b": n("3")}},
		{"SET b = :n - b", "b", attr.Item{"b": n("0")}},
		{"SET c = (b - :m)", "c", attr.Item{"c": n("-1")}},
		{"set a = b, b = a", "a, b", attr.Item{"a": n("1"), "b": s("abc")}},
		{"SET c = if_not_exists(c, :n) + :m", "c", attr.Item{"c": n("3")}},
		{"SET b = if_not_exists(b, :m)", "b", attr.Item{"b": n("1")}},
		{"SET things = list_append(:l, things)", "things[0], things[1]", attr.Item{"things": list(n("1"), n("1"))}},
		{"SET c = list_append(if_not_exists(c, :l), :l)", "c", attr.Item{"c": list(n("1"), n("1"))}},
		{"SET doc.q.r = :n", "", nil},
		{"SET doc.nested.y = doc.nested.z", "doc.nested", attr.Item{"doc": object(attr.Item{"nested": object(attr.Item{"y": n("9"), "z": n("9")})})}},
		{"SET things[0] = :s", "things[0]", attr.Item{"things": list(s("abc"))}},
		{"SET things[9] = :s, things[5] = :n", "things[3], things[4]", attr.Item{"things": list(n("1"), s("abc"))}},
		{"REMOVE things[0], things[1]", "things[0].deep", attr.Item{"things": list(object(attr.Item{"deep": list(n("7"))}))}},
		{"REMOVE things[0] SET things[2] = :s, things[7] = :n", "things", attr.Item{"things": list(s("two"), s("abc"), n("1"))}},
		{"REMOVE a, doc.k, doc.q", "a, doc.k", attr.Item{}},
		{"REMOVE gone, things[40]", "gone", attr.Item{}},
		{"ADD b :m", "b", attr.Item{"b": n("3")}},
		{"ADD c :m", "c", attr.Item{"c": n("2")}},
		{"ADD doc.tally :m", "doc.tally", attr.Item{"doc": object(attr.Item{"tally": n("5")})}},
		{"ADD tags :ss, c :ss", "tags, c", attr.Item{"tags": ss("a", "b"), "c": ss("a", "b")}},
		{"DELETE tags :ss", "tags", attr.Item{}},
		{"DELETE gone :ss", "gone", attr.Item{}},
		{"SET a = doc DELETE tags :ss REMOVE doc.k", "a.k, doc.k, tags", attr.Item{"a": object(attr.Item{"k": s("v")})}},
	} {
		u, err := ParseUpdate(c.text, placeholders(t))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		item := sample()
		if err := u.Apply(item); err != nil {
			if c.path != "" {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		p, err := ParseProjection(c.path, placeholders(t))
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
		} else if got := p.Of(item); !attr.EqualItems(got, c.want) {
			t.Errorf("%s gives %v, want %v", c.text, got, c.want)
		}
	}
}

func TestUpdateRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"SET a = gone", errAbsent}, {"SET c = gone + :n", errAbsent}, {"SET c = list_append(gone, :l)", errAbsent},
		{"SET a = a + :n", errOperand}, {"SET c = list_append(a, :l)", errOperand}, {"ADD a :n", errOperand}, {"ADD nums :ss", errOperand}, {"DELETE a :ss", errOperand},
		{"SET gone.x = :n", errPath}, {"SET a.x = :n", errPath}, {"SET doc[0] = :n", errPath}, {"SET things.x = :n", errPath}, {"REMOVE gone.x", errPath}, {"ADD gone.x :n", errPath},
	} {
		u, err := ParseUpdate(c.text, placeholders(t))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if err := u.Apply(sample()); err != c.want {
			t.Errorf("%s: %v, want %v", c.text, err, c.want)
		}
	}
}

func TestProjection(t *testing.T) {
	for _, c := range []struct {
		text string
		want attr.Item
	}{
		{"a, #dot, gone", attr.Item{"a": s("abc"), "x.y": n("5")}},
		{"doc.k, doc.nested.z", attr.Item{"doc": object(attr.Item{"k": s("v"), "nested": object(attr.Item{"z": n("9")})})}},
		{"things[2].deep[0], things[0]", attr.Item{"things": list(n("1"), object(attr.Item{"deep": list(n("7"))}))}},
		{"things[5], doc.q, a.b", attr.Item{}},
	} {
		p, err := ParseProjection(c.text, placeholders(t))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := p.Of(sample()); !attr.EqualItems(got, c.want) {
			t.Errorf("%s gives %v, want %v", c.text, got, c.want)
		}
	}
}

func TestKeyCondition(t *testing.T) {
	keys, err := ParseKeyCondition("a = :s AND :n < b", placeholders(t))
	if err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
	if k := keys[1]; k.Name != "b" || k.Op != ">" || !k.Holds(n("2")) || k.Holds(n("1")) {
		t.Errorf("the condition is %v", k)
	}
	keys, err = ParseKeyCondition("(b BETWEEN :n AND :m) AND (a = :s)", placeholders(t))
	if err != nil || keys[0].Op != "BETWEEN" || !keys[0].Holds(n("1.5")) || keys[0].Holds(n("3")) {
		t.Errorf("the conditions are %v, %v", keys, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"a = :s AND NOT (size(b[0].c) < :n)", "SET a.b[1] = if_not_exists(a, :l) + :n REMOVE #a ADD b :n", "a, b.c[0], #name", "((", "a IN (:s,:n)", "a BETWEEN :n AND :m", "é#:["} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := placeholders(t)
		if c, err := ParseCondition(FilterExpression, text, p); err == nil {
			c.Match(sample())
			c.Match(nil)
		}
		if u, err := ParseUpdate(text, p); err == nil {
			_ = u.Apply(sample())
		}
		if q, err := ParseProjection(text, p); err == nil {
			q.Of(sample())
		}
		if keys, err := ParseKeyCondition(text, p); err == nil {
			for _, k := range keys {
				k.Holds(n("1"))
			}
		}
	})
}
