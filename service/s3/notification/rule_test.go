package notification

import "testing"

func TestRuleWants(t *testing.T) {
	r := rule{Events: []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"}, Prefix: "in/", Suffix: ".csv"}
	for _, c := range []struct {
		event, key string
		want       bool
	}{
		{Put, "in/a.csv", true},
		{Copy, "in/.csv", true},
		{Delete, "in/a.csv", true},
		{Tagged, "in/a.csv", false},
		{Put, "in/a.txt", false},
		{Put, "out/a.csv", false},
		{Put, "IN/a.csv", false},
	} {
		if got := r.wants(c.event, c.key); got != c.want {
			t.Errorf("%s %s: %v", c.event, c.key, got)
		}
	}
}

func TestRuleOverlaps(t *testing.T) {
	put, all, del := []string{"s3:ObjectCreated:Put"}, []string{"s3:ObjectCreated:*"}, []string{"s3:ObjectRemoved:*"}
	for _, c := range []struct {
		a, b rule
		want bool
	}{
		{rule{Events: put}, rule{Events: all}, true},
		{rule{Events: put}, rule{Events: del}, false},
		{rule{Events: put, Prefix: "a"}, rule{Events: all, Prefix: "b"}, false},
		{rule{Events: put, Prefix: "a"}, rule{Events: all, Prefix: "ab"}, true},
		{rule{Events: put, Prefix: "a", Suffix: ".x"}, rule{Events: all, Prefix: "ab", Suffix: ".y"}, false},
		{rule{Events: put, Prefix: "a", Suffix: "x"}, rule{Events: all, Prefix: "ab", Suffix: "xx"}, true},
		{rule{Events: put, Suffix: "x"}, rule{Events: all, Prefix: "ab"}, true},
	} {
		if c.a.overlaps(c.b) != c.want || c.b.overlaps(c.a) != c.want {
			t.Errorf("%v and %v: want %v", c.a, c.b, c.want)
		}
	}
}
