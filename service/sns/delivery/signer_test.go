package delivery_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// certificateOf is what a subscriber has who fetched SigningCertURL.
func certificateOf(t *testing.T, s *delivery.Signer, name string) *x509.Certificate {
	t.Helper()
	text, ok, err := s.Certificate(t.Context(), name)
	if err != nil || !ok {
		t.Fatalf("certificate %s: %v, %v", name, ok, err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func nameOf(t *testing.T, s *delivery.Signer) string {
	t.Helper()
	name, err := s.CertificateName(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestSign verifies as subscribers do, with the key that survives a power cut.
func TestSign(t *testing.T) {
	disk := storetest.NewDisk()
	st, shut := disk.Open(t)
	s := delivery.NewSigner(st)
	if _, ok, err := s.Certificate(t.Context(), "SimpleNotificationService-0.pem"); ok || err != nil {
		t.Errorf("a certificate before there is one: %v, %v", ok, err)
	}
	names := make([]string, 4)
	var wg sync.WaitGroup
	for i := range names {
		wg.Go(func() { names[i] = nameOf(t, s) })
	}
	wg.Wait()
	for _, name := range names {
		if name != names[0] || !regexp.MustCompile(`^SimpleNotificationService-[0-9a-f]{32}\.pem$`).MatchString(name) {
			t.Errorf("names %q", names)
		}
	}
	cut := disk.PowerCut(1)
	shut()
	st, _ = cut.Open(t)
	s = delivery.NewSigner(st)
	if name := nameOf(t, s); name != names[0] {
		t.Errorf("after the cut the certificate is %s, it was %s", name, names[0])
	}
	cert := certificateOf(t, s, names[0])
	for version, algorithm := range map[string]x509.SignatureAlgorithm{"1": x509.SHA1WithRSA, "2": x509.SHA256WithRSA} {
		m := messages[0].Message
		if name, err := s.Sign(&m, version); err != nil || name != names[0] {
			t.Fatalf("signed as %s: %v", name, err)
		}
		sig, err := base64.StdEncoding.DecodeString(m.Signature)
		if err != nil || m.SignatureVersion != version {
			t.Errorf("version %s, %v", m.SignatureVersion, err)
		}
		if err := cert.CheckSignature(algorithm, []byte(m.StringToSign()), sig); err != nil {
			t.Errorf("version %s: %v", version, err)
		}
		m.Message += "!"
		if err := cert.CheckSignature(algorithm, []byte(m.StringToSign()), sig); err == nil {
			t.Errorf("version %s: a changed message passes", version)
		}
	}
	m := messages[0].Message
	if _, err := s.Sign(&m, "3"); err == nil {
		t.Error("version 3 is signed")
	}
}

// TestRenewal: a key of which half its time is over signs on, and is replaced by
// the next process.
func TestRenewal(t *testing.T) {
	st := storetest.Open(t)
	s := delivery.NewSigner(st)
	first := nameOf(t, s)
	st.Clock().Advance(6 * 365 * 24 * time.Hour)
	if name := nameOf(t, s); name != first {
		t.Error("a key is replaced while it is used")
	}
	s = delivery.NewSigner(st)
	if name := nameOf(t, s); name == first {
		t.Error("a key that runs out is not replaced")
	}
	certificateOf(t, s, first)
}

// TestExpiry: a certificate that is over is replaced, and still served to those
// who have an old message.
func TestExpiry(t *testing.T) {
	st := storetest.Open(t)
	s := delivery.NewSigner(st)
	first := nameOf(t, s)
	st.Clock().Advance(11 * 365 * 24 * time.Hour)
	for _, s := range []*delivery.Signer{s, delivery.NewSigner(st)} {
		second := nameOf(t, s)
		if second == first {
			t.Error("an expired certificate signs")
		}
		if cert := certificateOf(t, s, second); !cert.NotAfter.After(st.Clock().Now()) {
			t.Errorf("the new certificate ends %v", cert.NotAfter)
		}
		certificateOf(t, s, first)
	}
}

// TestSignInTransaction: who holds a transaction signs on with a key whose time
// is over, while another one waits for that transaction to end, to keep a new
// key.
func TestSignInTransaction(t *testing.T) {
	st := storetest.Open(t)
	s := delivery.NewSigner(st)
	m := messages[0].Message
	if _, err := s.Sign(&m, "1"); err == nil {
		t.Error("signed without a key")
	}
	first := nameOf(t, s)
	st.Clock().Advance(11 * 365 * 24 * time.Hour)
	var wg sync.WaitGroup
	err := st.Update(t.Context(), func(*store.Tx) error {
		wg.Go(func() {
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
		name, err := s.Sign(&m, "1")
		if name != first {
			t.Errorf("signed as %s, want %s", name, first)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if name, err := s.Sign(&m, "1"); err != nil || name == first {
		t.Errorf("afterwards signed as %s: %v", name, err)
	}
}
