package series

import (
	"testing"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// FuzzRows reads keys and rows that nobody wrote.
func FuzzRows(f *testing.F) {
	m := Metric{"N", "a", []Dimension{{"Z", "1"}, {"A", "2"}}}
	f.Add([]byte(m.Key()[len(metricSpace):]), definition{id: 1, last: 2}.encode())
	f.Add([]byte(pointKey(1, tiers[1], 60, "Count")[len(pointSpace):]), []byte{1})
	f.Add([]byte(ageKey(1, tiers[2], 3, 4)[len(ageSpace):]), []byte{})
	f.Add([]byte{0, 1}, []byte{})
	f.Fuzz(func(t *testing.T, key, row []byte) {
		if m, err := metricOf(metricSpace.Raw(key)); err == nil && m.Key() == nil {
			t.Fatal("no key")
		}
		if s, err := stepOf(ageSpace.Raw(key)); err == nil && string(ageKey(s.due, s.tier, s.id, s.begin)) != string(ageSpace.Raw(key)) &&
			s.due >= 0 && s.begin >= 0 {
			t.Fatalf("%x became %+v", key, s)
		}
		_, _ = spotOf(pointSpace.Raw(key))
		if d, err := decodeDefinition(row); err == nil && string(d.encode()) != string(row) {
			t.Fatalf("%x became %+v", row, d)
		}
	})
}

func TestKey(t *testing.T) {
	a := Metric{"N", "a", []Dimension{{"Z", "1"}, {"A", "\x00"}}}
	b := Metric{"N", "a", []Dimension{{"A", "\x00"}, {"Z", "1"}}}
	if string(a.Key()) != string(b.Key()) {
		t.Error("the order of dimensions matters")
	}
	if a.Dimensions[0].Name != "Z" {
		t.Error("the caller's dimensions were sorted")
	}
	back, err := metricOf(a.Key())
	if err != nil || len(back.Dimensions) != 2 || back.Dimensions[0] != (Dimension{"A", "\x00"}) {
		t.Error(back, err)
	}
}

// TestDamage finds malformed rows, and says so.
func TestDamage(t *testing.T) {
	m := Metric{"N", "a", nil}
	for name, damage := range map[string]func(tx *store.Tx, def definition){
		"definition": func(tx *store.Tx, _ definition) { tx.Set(m.Key(), []byte("x")) },
		"point": func(tx *store.Tx, def definition) {
			tx.Set(pointKey(def.id, tiers[1], tx.Now().Unix()/60*60, "None"), []byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := storetest.Open(t)
			var d stat.Distribution
			d.Add(1, 1)
			put := func(tx *store.Tx) error {
				return Put(tx, []Datum{{Key: m.Key(), Time: tx.Now(), Unit: "None", Values: &d}})
			}
			if err := st.Update(t.Context(), put); err != nil {
				t.Fatal(err)
			}
			err := st.Update(t.Context(), func(tx *store.Tx) error {
				def, _, err := lookup(tx, m.Key())
				damage(tx, def)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = st.View(t.Context(), func(tx *store.Tx) error {
				return NewCollector(Query{Metric: m, Period: time.Minute, From: tx.Now().Add(-time.Hour), To: tx.Now().Add(time.Hour)}, tx.Now()).Read(tx)
			})
			if err == nil {
				t.Error("a damaged row was read")
			}
			if err := st.Update(t.Context(), put); err == nil {
				t.Error("a damaged row was written over")
			}
		})
	}
}

// TestAlign has StartTime rounded as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
// describes it (2026-11-20).
func TestAlign(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		start  string
		period time.Duration
		want   string
	}{
		{"2026-11-20T12:32:34Z", time.Minute, "2026-11-20T12:32:00Z"},
		{"2026-10-30T12:32:34Z", 5 * time.Minute, "2026-10-30T12:30:00Z"},
		{"2026-08-30T12:32:34Z", time.Hour, "2026-08-30T12:00:00Z"},
		{"2026-11-20T01:05:13Z", 10 * time.Second, "2026-11-20T01:05:10Z"},
		{"2026-11-20T15:02:17Z", 5 * time.Second, "2026-11-20T15:02:15Z"},
		{"2026-11-20T15:02:17Z", time.Second, "2026-11-20T15:02:17Z"},
		{"1969-12-31T23:59:30Z", time.Hour, "1969-12-31T23:00:00Z"},
	} {
		start, err := time.Parse(time.RFC3339, c.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := Align(start, c.period, now).Format(time.RFC3339); got != c.want {
			t.Errorf("%s by %s: %s, want %s", c.start, c.period, got, c.want)
		}
	}
}
