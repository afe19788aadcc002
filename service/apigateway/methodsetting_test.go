package apigateway

import (
	"strings"
	"testing"
)

// FuzzSettingKey: a key has one slash, and stands for itself.
func FuzzSettingKey(f *testing.F) {
	for _, path := range []string{"/*/*", "/~1/GET", "/~1pets~1{id}/ANY", "/pets/GET", "//GET", "/a/b/GET", "", "/", "x", "/~1~01a/GET"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		key, ok := settingKey(path)
		if !ok || strings.Contains(strings.ReplaceAll(path, "~1", ""), "~") {
			return // no part of a path of an API has a ~
		}
		if strings.Count(key, "/") != 1 {
			t.Errorf("%q: key %q", path, key)
		}
		if again, ok := settingKey("/" + key); !ok || again != key {
			t.Errorf("%q: key %q, whose own is %q", path, key, again)
		}
	})
}
