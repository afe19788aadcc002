package runnel

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCertificate(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	load := func(at time.Time) []byte {
		t.Helper()
		c, err := certificate(dir, at)
		if err != nil {
			t.Fatal(err)
		}
		return c.Certificate[0]
	}
	first := load(now)
	if again := load(now.AddDate(9, 0, 0)); !bytes.Equal(first, again) {
		t.Error("another start made another certificate")
	}
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	// What a crash between the two files leaves.
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	second := load(now)
	if renewed := load(now.AddDate(11, 0, 0)); bytes.Equal(second, renewed) {
		t.Error("a certificate that has ended was not renewed")
	}
	if err := os.WriteFile(certFile, []byte("garbage"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := certificate(dir, now); err == nil || !strings.Contains(err.Error(), "remove "+certFile) {
		t.Errorf("garbage: %v", err)
	}
}
