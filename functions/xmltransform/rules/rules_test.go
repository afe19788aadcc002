package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	tables "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/transform/rule"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

func newTable(t testing.TB) *Table {
	t.Helper()
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(tables.New(storetest.Open(t), tables.Config{Account: "000000000000", Region: "us-east-1"}).API())
	db := dynamodb.NewFromConfig(wiretest.Config(t, mux))
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("rules"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return New(db, "rules")
}

func (t *Table) mustCreate(tb testing.TB, document string) *Stored {
	tb.Helper()
	s, err := t.Create(tb.Context(), "", []byte(document))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestOf(t *testing.T) {
	table := newTable(t)
	for _, id := range []string{"named", "folder", "fallback"} {
		table.mustCreate(t, fmt.Sprintf(`{"id": %q}`, id))
	}
	for _, c := range []struct{ named, key, fallback, want string }{
		{"named", "folder/a.xml", "fallback", "named"},
		{"", "folder/a.xml", "fallback", "folder"},
		{"", "folder/b/a.xml", "", "folder"},
		{"", "other/a.xml", "fallback", "fallback"},
		{"", "folder", "", ""},
		{"", "folder", "fallback", "fallback"},
		{"", "/a.xml", "", ""},
		{"", "Not an id/a.xml", "", ""},
		{"", strings.Repeat("x", 1000) + "/a.xml", "", ""},
		{"", "other/a.xml", "", ""},
		{"none", "folder/a.xml", "fallback", "not found"},
		{"../x", "folder/a.xml", "fallback", "not found"},
		{"", "a.xml", "none", "not found"},
	} {
		s, err := table.Of(t.Context(), c.named, c.key, c.fallback)
		got := "not found"
		if err == nil {
			got = s.ID
			if s.Rule == nil || s.Rule.ID != s.ID || s.Rule.Version != s.Version {
				t.Errorf("%+v: the rule is %+v", c, s.Rule)
			}
		} else if !errors.Is(err, ErrNotFound) {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// What is compiled is the table's: a rule that is changed, or deleted and made
// anew under the same version, is compiled again, and others are not.
func TestGetKeepsWhatIsTheTables(t *testing.T) {
	table, ctx := newTable(t), t.Context()
	get := func() *Stored {
		t.Helper()
		s, err := table.Get(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	table.mustCreate(t, `{"id": "a", "description": "one"}`)
	first := get()
	if again := get(); again.Rule != first.Rule || again.Version != 1 || again.Updated.IsZero() {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if _, err := table.Replace(ctx, "a", []int{1}, []byte(`{"description": "two"}`)); err != nil {
		t.Fatal(err)
	}
	if second := get(); second.Description != "two" || second.Version != 2 || second.Rule.Version != 2 || second.Rule.ID != "a" {
		t.Errorf("got %+v", second)
	}
	if err := table.Delete(ctx, "a", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Get(ctx, "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	table.mustCreate(t, `{"id": "a", "description": "new"}`)
	if anew := get(); anew.Description != "new" || anew.Version != 1 {
		t.Errorf("got %+v", anew)
	}
}

func TestVersions(t *testing.T) {
	table, ctx := newTable(t), t.Context()
	table.mustCreate(t, `{"id": "a"}`)
	for _, over := range [][]int{{2}, {}, {0}, {3, 4, 5}} {
		_, err := table.Replace(ctx, "a", over, []byte(`{}`))
		var present *VersionError
		if !errors.As(err, &present) || present.Present != 1 {
			t.Errorf("%v: got %v", over, err)
		}
		if err := table.Delete(ctx, "a", over); !errors.As(err, &present) || present.Present != 1 {
			t.Errorf("%v: got %v", over, err)
		}
	}
	if s, err := table.Replace(ctx, "a", []int{7, 1}, []byte(`{}`)); err != nil || s.Version != 2 || s.Rule.Version != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := table.Replace(ctx, "b", nil, []byte(`{}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := table.Delete(ctx, "b", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := table.Create(ctx, "a", []byte(`{}`)); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
}

// A long description does not take the room of a rule, and is cut between
// characters.
func TestDescription(t *testing.T) {
	table := newTable(t)
	long := strings.Repeat("ü", 85_000)
	table.mustCreate(t, `{"id": "a", "description": "`+long+`"}`)
	page, err := table.List(t.Context(), 10, "")
	if want := strings.Repeat("ü", 500) + "…"; err != nil || len(page.Rules) != 1 || page.Rules[0].Description != want {
		t.Errorf("got %v, %v", page, err)
	}
	if s, err := table.Get(t.Context(), "a"); err != nil || s.Description != long {
		t.Errorf("got %v", err)
	}
}

// Cases that never end do not hold up the one who asks, and the rule is not
// stored.
func TestCreateInTime(t *testing.T) {
	table := newTable(t)
	one := `{"name": "x", "input": "<a/>", "output": {}}`
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := table.Create(ctx, "", []byte(`{"id": "a", "map": {"x": "[range(infinite)]"}, "cases": [`+one+strings.Repeat(","+one, 20)+`]}`))
	var failed *Failed
	if !errors.As(err, &failed) || len(failed.Cases) != 21 {
		t.Errorf("got %v", err)
	}
	if _, err := table.Read(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestKeepIsBounded(t *testing.T) {
	var c compiled
	large := []byte(`{"description": "` + strings.Repeat("x", 300<<10) + `"}`)
	for i := range 50 {
		if _, err := c.compile(&Stored{ID: fmt.Sprint("r", i), Version: 1, Document: large}); err != nil {
			t.Fatal(err)
		}
		if c.bytes > keepBytes {
			t.Fatalf("%d bytes are kept", c.bytes)
		}
	}
	if len(c.rules) != keepBytes/len(large) {
		t.Errorf("%d rules are kept", len(c.rules))
	}
	if _, err := c.compile(&Stored{ID: "r0", Document: []byte("{")}); !errors.As(err, new(rule.Problems)) {
		t.Errorf("got %v", err)
	}
}

func TestText(t *testing.T) {
	for document, want := range map[string]string{
		`{}`:                                     `{"id": "a","version": 7}`,
		` { } `:                                  ` { "id": "a", "version": 7 } `,
		`{"id":"a"}`:                             `{"version": 7,"id":"a"}`,
		"{\n  \"id\": \"a\",\n  \"version\": 1}": "{\n  \"id\": \"a\",\n  \"version\": 7}",
		`{"id":"b","map":{"version":1},"version":  {"id":2} ,"x":[]}`: `{"id":"a","map":{"version":1},"version":  7 ,"x":[]}`,
		"{\n  \"map\": {}\n}": "{\n  \"id\": \"a\",\n  \"version\": 7,\n  \"map\": {}\n}",
		`{"map": "version"}`:  `{"id": "a","version": 7,"map": "version"}`,
		`{"map": `:            `{"map": `,
		`[]`:                  `[]`,
		``:                    ``,
		`{"a":1`:              `{"a":1`,
	} {
		if got := string((&Stored{ID: "a", Version: 7, Document: []byte(document)}).Text()); got != want {
			t.Errorf("%s: got %s, want %s", document, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add(`{"id":"b","version":1,"map":{}}`)
	f.Add(` { } `)
	f.Fuzz(func(t *testing.T, document string) {
		var was, is map[string]json.RawMessage
		if json.Unmarshal([]byte(document), &was) != nil || was == nil {
			return
		}
		text := (&Stored{ID: "a", Version: 7, Document: []byte(document)}).Text()
		if err := json.Unmarshal(text, &is); err != nil {
			t.Fatalf("%s: %s: %v", document, text, err)
		}
		for name, value := range was {
			if name != "id" && name != "version" && string(is[name]) != string(value) {
				t.Errorf("%s: %s", document, text)
			}
		}
	})
}

func TestToken(t *testing.T) {
	for _, id := range []string{"a", "orders.v2", strings.Repeat("x", 2048)} {
		if got, err := readToken(writeToken(id)); got != id || err != nil {
			t.Errorf("%q: got %q, %v", id, got, err)
		}
	}
	for _, token := range []string{"", "*", writeToken("\xff"), "YQ==", "YR", writeToken(strings.Repeat("x", 2049))} {
		if got, err := readToken(token); err != ErrToken {
			t.Errorf("%q: got %q, %v", token, got, err)
		}
	}
}
