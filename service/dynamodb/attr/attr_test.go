package attr

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"
)

type (
	S    = types.AttributeValueMemberS
	N    = types.AttributeValueMemberN
	B    = types.AttributeValueMemberB
	SS   = types.AttributeValueMemberSS
	NS   = types.AttributeValueMemberNS
	BS   = types.AttributeValueMemberBS
	L    = types.AttributeValueMemberL
	M    = types.AttributeValueMemberM
	BOOL = types.AttributeValueMemberBOOL
	NULL = types.AttributeValueMemberNULL
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.000", "0"}, {"0e125", "0"},
		{"1", "1"}, {"+1", "1"}, {"001", "1"}, {"1.0", "1"}, {"-1.50", "-1.5"},
		{"1e2", "100"}, {"1E-2", "0.01"}, {".5", "0.5"}, {"5.", "5"}, {"12.3e+1", "123"},
		{"1e125", "1" + zeros(125)}, {"1e-130", "0." + zeros(129) + "1"},
		{strings.Repeat("9", 38), strings.Repeat("9", 38)},
		{strings.Repeat("9", 38) + "000", strings.Repeat("9", 38) + "000"},
		{zeros(300) + "7" + zeros(20), "7" + zeros(20)},
	} {
		if got, err := ParseNumber(c.in); err != nil || got != c.want {
			t.Errorf("ParseNumber(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestParseNumberRefused(t *testing.T) {
	const notNumeric = "The parameter cannot be converted to a numeric value: "
	for _, c := range []struct{ in, want string }{
		{"", notNumeric}, {"1e9223372036854775808", notNumeric + "1e9223372036854775808"},
		{"0e126", ErrNumberOverflow.Error()}, {"0e-131", ErrNumberUnderflow.Error()},
		{"abc", notNumeric + "abc"}, {"1e", notNumeric + "1e"}, {"-", notNumeric + "-"},
		{".", notNumeric + "."}, {"1.2.3", notNumeric + "1.2.3"}, {"1 ", notNumeric + "1 "},
		{"NaN", notNumeric + "NaN"}, {"Infinity", notNumeric + "Infinity"}, {"0x10", notNumeric + "0x10"},
		{"1_000", notNumeric + "1_000"}, {"--1", notNumeric + "--1"}, {"1e+-2", notNumeric + "1e+-2"},
		{"1e126", ErrNumberOverflow.Error()}, {"-1e126", ErrNumberOverflow.Error()}, {"1e99999999999", ErrNumberOverflow.Error()},
		{"1e-131", ErrNumberUnderflow.Error()}, {"1e-99999999999", ErrNumberUnderflow.Error()},
		{strings.Repeat("1", 39), ErrNumberPrecision.Error()}, {"0." + strings.Repeat("1", 39), ErrNumberPrecision.Error()},
	} {
		if got, err := ParseNumber(c.in); err == nil || err.Error() != c.want {
			t.Errorf("ParseNumber(%q) = %q, %v; want error %q", c.in, got, err, c.want)
		}
	}
}

// numbers draws canonical numbers over the whole range.
func numbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		d := decimal{
			negative: rapid.Bool().Draw(t, "negative"),
			digits:   strings.TrimRight(rapid.StringMatching(`[1-9][0-9]{0,37}`).Draw(t, "digits"), "0"),
			exponent: rapid.IntRange(minExponent, maxExponent).Draw(t, "exponent"),
		}
		if rapid.IntRange(0, 9).Draw(t, "zero") == 0 {
			d = decimal{}
		}
		return d.String()
	})
}

func rat(t *rapid.T, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("big.Rat does not read %q", text)
	}
	return r
}

func TestNumberModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers().Draw(t, "a"), numbers().Draw(t, "b")
		x, y := rat(t, a), rat(t, b)
		if canonical, err := ParseNumber(a); err != nil || canonical != a {
			t.Fatalf("ParseNumber(%q) = %q, %v", a, canonical, err)
		}
		if got, want := CompareNumbers(a, b), x.Cmp(y); sign(got) != want {
			t.Fatalf("CompareNumbers(%s, %s) = %d, want %d", a, b, got, want)
		}
		ka, kb := AppendKey(nil, &N{Value: a}), AppendKey(nil, &N{Value: b})
		if got, want := bytes.Compare(append(ka, 0x42), append(kb, 0x17)), x.Cmp(y); want != 0 && got != want {
			t.Fatalf("keys of %s and %s compare %d, want %d", a, b, got, want)
		}
		if v, rest, err := CutKey(append(ka, 7), "N"); err != nil || v.(*N).Value != a || len(rest) != 1 {
			t.Fatalf("CutKey of %s: %v, %v, %v", a, v, rest, err)
		}
		checkSum(t, a, b, new(big.Rat).Add(x, y), Add)
		checkSum(t, a, b, new(big.Rat).Sub(x, y), Sub)
	})
}

func checkSum(t *rapid.T, a, b string, want *big.Rat, op func(a, b string) (string, error)) {
	got, err := op(a, b)
	if err == nil {
		if rat(t, got).Cmp(want) != 0 {
			t.Fatalf("%s and %s give %s, want %s", a, b, got, want.FloatString(140))
		}
		return
	}
	if text, perr := ParseNumber(want.FloatString(200)); perr == nil {
		t.Fatalf("%s and %s: %v, want %s", a, b, err, text)
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		binary := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 0xfe, 0xff}), 0, 6)
		a, b := binary.Draw(t, "a"), binary.Draw(t, "b")
		ka, kb := AppendKey(nil, &B{Value: a}), AppendKey(nil, &B{Value: b})
		if got, want := bytes.Compare(append(ka, 0x42), append(kb, 0x17)), bytes.Compare(a, b); want != 0 && got != want {
			t.Fatalf("keys of %x and %x compare %d, want %d", a, b, got, want)
		}
		if got, want := bytes.HasPrefix(ka, AppendKeyPrefix(nil, &B{Value: b})), bytes.HasPrefix(a, b); want && !got {
			t.Fatalf("%x begins with %x, its key does not", a, b)
		}
		if v, rest, err := CutKey(append(ka, 9), "B"); err != nil || !bytes.Equal(v.(*B).Value, a) || len(rest) != 1 {
			t.Fatalf("CutKey of %x: %v, %v, %v", a, v, rest, err)
		}
	})
}

func FuzzCutKey(f *testing.F) {
	for _, v := range []Value{&S{Value: "a\x00b"}, &N{Value: "-12.5"}, &N{Value: "0"}, &B{Value: nil}} {
		f.Add(AppendKey(nil, v), byte(0))
	}
	f.Fuzz(func(t *testing.T, src []byte, which byte) {
		kind := []string{"S", "N", "B"}[which%3]
		v, rest, err := CutKey(src, kind)
		if err != nil {
			return
		}
		if got := AppendKey(nil, v); !bytes.Equal(append(got, rest...), src) {
			t.Fatalf("%x reads as %v, which writes %x", src, v, got)
		}
	})
}

// values draws attribute values of every type, in canonical form.
func values(depth int) *rapid.Generator[Value] {
	scalars := []*rapid.Generator[Value]{
		rapid.Map(rapid.String(), func(s string) Value { return &S{Value: s} }),
		rapid.Map(numbers(), func(s string) Value { return &N{Value: s} }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 9), func(b []byte) Value { return &B{Value: b} }),
		rapid.Map(rapid.Bool(), func(b bool) Value { return &BOOL{Value: b} }),
		rapid.Just[Value](&NULL{Value: true}),
		rapid.Map(rapid.SliceOfNDistinct(rapid.StringN(1, 5, -1), 1, 4, rapid.ID), func(s []string) Value { return &SS{Value: s} }),
		rapid.Map(rapid.SliceOfNDistinct(numbers(), 1, 4, rapid.ID), func(s []string) Value { return &NS{Value: s} }),
		rapid.Map(rapid.SliceOfNDistinct(rapid.StringN(1, 5, -1), 1, 4, rapid.ID), func(s []string) Value { return &BS{Value: bytesOf(s)} }),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := values(depth - 1)
	return rapid.OneOf(append(scalars,
		rapid.Map(rapid.SliceOfN(inner, 0, 3), func(l []Value) Value { return &L{Value: l} }),
		rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 3), func(m Item) Value { return &M{Value: m} }),
	)...)
}

func TestItemRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.MapOfN(rapid.StringN(1, 8, -1), values(2), 0, 6).Draw(t, "item")
		if err := NormalizeItem(item); err != nil {
			t.Fatal(err)
		}
		encoded := AppendItem(nil, item)
		got, err := DecodeItem(encoded)
		if err != nil || !EqualItems(got, item) {
			t.Fatalf("%v comes back as %v, %v", item, got, err)
		}
		if again := AppendItem(nil, CloneItem(got)); !bytes.Equal(again, encoded) {
			t.Fatal("equal items have different encodings")
		}
	})
}

func bytesOf(members []string) [][]byte {
	out := make([][]byte, len(members))
	for i, m := range members {
		out[i] = []byte(m)
	}
	return out
}

func FuzzDecodeItem(f *testing.F) {
	f.Add(AppendItem(nil, Item{"a": &S{Value: "x"}, "b": &L{Value: []Value{&N{Value: "1"}, &M{Value: Item{"c": &NULL{Value: true}}}}}, "d": &BS{Value: [][]byte{{1}}}}))
	f.Add([]byte{1, 1, 0, 'L', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, src []byte) {
		item, err := DecodeItem(src)
		if err != nil {
			return
		}
		again, err := DecodeItem(AppendItem(nil, item))
		if err != nil || !EqualItems(item, again) {
			t.Fatalf("%v comes back as %v, %v", item, again, err)
		}
	})
}

func TestNormalizeOrdersSets(t *testing.T) {
	v := &L{Value: []Value{
		&SS{Value: []string{"b", "", "a"}}, &NS{Value: []string{"10", "9.0", "-1"}}, &BS{Value: [][]byte{{2}, {}, {1}}},
	}}
	if err := Normalize(v); err != nil {
		t.Fatal(err)
	}
	want := &L{Value: []Value{
		&SS{Value: []string{"", "a", "b"}}, &NS{Value: []string{"-1", "9", "10"}}, &BS{Value: [][]byte{{}, {1}, {2}}},
	}}
	if !Equal(v, want) {
		t.Errorf("sets are in the order %v", v)
	}
}

func TestSets(t *testing.T) {
	ab, bc := &SS{Value: []string{"a", "b"}}, &SS{Value: []string{"b", "c"}}
	if got, ok := Union(ab, bc); !ok || !Equal(got, &SS{Value: []string{"a", "b", "c"}}) {
		t.Errorf("union is %v", got)
	}
	if got, ok := Difference(ab, bc); !ok || !Equal(got, &SS{Value: []string{"a"}}) {
		t.Errorf("difference is %v", got)
	}
	if got, ok := Difference(ab, ab); !ok || got != nil {
		t.Errorf("a set without itself is %v", got)
	}
	if _, ok := Union(ab, &NS{Value: []string{"1"}}); ok {
		t.Error("strings and numbers have a union")
	}
}

func TestNormalizeRefused(t *testing.T) {
	const invalid = "One or more parameter values were invalid: "
	deep := Value(&S{Value: "x"})
	for range 32 {
		deep = &L{Value: []Value{deep}}
	}
	for _, c := range []struct {
		v    Value
		want string
	}{
		{nil, ErrEmpty.Error()},
		{&NULL{}, invalid + "Null attribute value types must have the value of true"},
		{&SS{}, invalid + "An string set  may not be empty"},
		{&NS{}, invalid + "An number set  may not be empty"},
		{&BS{}, invalid + "Binary sets should not be empty"},
		{&types.UnknownUnionMember{Tag: "X"}, ErrEmpty.Error()},
		{&types.UnknownUnionMember{}, ErrSeveral.Error()},
		{&SS{Value: []string{"b", "a", "b"}}, invalid + `Input collection ["a", "b", "b"] contains duplicates.`},
		{&NS{Value: []string{"1", "1.0"}}, invalid + "Input collection contains duplicates."},
		{&BS{Value: [][]byte{{0xff}, {0}, {0}}}, invalid + `Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.`},
		{&NS{Value: []string{"b"}}, "The parameter cannot be converted to a numeric value: b"},
		{&L{Value: []Value{&M{Value: Item{"a": &N{}}}}}, "The parameter cannot be converted to a numeric value: "},
		{deep, ErrNesting.Error()},
	} {
		if err := Normalize(c.v); err == nil || err.Error() != c.want {
			t.Errorf("Normalize(%v) = %v, want %s", c.v, err, c.want)
		}
	}
}

// Sizes as the Developer Guide, page CapacityUnitCalculations, counts them.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want int
	}{
		{&S{Value: "é"}, 2}, {&S{}, 0}, {&B{Value: []byte{1, 2, 3}}, 3}, {&BOOL{}, 1}, {&NULL{Value: true}, 1},
		{&N{Value: "0"}, 1}, {&N{Value: "5"}, 2}, {&N{Value: "-5"}, 3}, {&N{Value: "12"}, 2}, {&N{Value: "1.2"}, 3},
		{&N{Value: "100"}, 2}, {&N{Value: "123456"}, 4}, {&N{Value: "3.14159"}, 5}, {&N{Value: "120"}, 2}, {&N{Value: "1" + zeros(125)}, 2}, {&N{Value: strings.Repeat("9", 38)}, 20},
		{&L{}, 3}, {&M{Value: Item{}}, 3}, {&L{Value: []Value{&BOOL{}, &S{Value: "ab"}}}, 3 + 2 + 1 + 2},
		{&M{Value: Item{"ab": &S{Value: "c"}}}, 3 + 1 + 2 + 1},
		{&SS{Value: []string{"a", "bc"}}, 3}, {&NS{Value: []string{"1", "22"}}, 4}, {&BS{Value: [][]byte{{1}, {2, 3}}}, 3},
	} {
		if got := Size(c.v); got != c.want {
			t.Errorf("Size(%s %v) = %d, want %d", TypeOf(c.v), c.v, got, c.want)
		}
	}
}

func BenchmarkItem(b *testing.B) {
	item := Item{"date": &S{Value: "2019-10-07"}, "time": &S{Value: "20:00:01"}, "location": &S{Value: "us-east"},
		"source": &S{Value: "wireless"}, "local_dest": &S{Value: "router-1"}, "local_avg": &N{Value: "3.21"},
		"remote_dest": &S{Value: "ping.example"}, "remote_avg": &N{Value: "21.6"}}
	encoded := AppendItem(nil, item)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			dst = AppendItem(dst[:0], item)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeItem(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
}
