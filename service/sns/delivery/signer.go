package delivery

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel/runnel/store"
)

// Signer signs messages with a key that the data directory keeps under
// K("sns", "signing"). The key is made when it is first needed: that takes a
// good part of a second, which no start should.
//
// Who signs may hold a transaction, in which a key could neither be kept nor
// waited for. So Sign takes the key in memory, whatever its age, and Ready,
// which is called outside of transactions, sees to it that there is one whose
// time is not over.
type Signer struct {
	store *store.Store
	key   atomic.Pointer[signingKey] // nil before the first Ready
	mu    sync.Mutex                 // held while the key is read or made
}

// NewSigner is the signer of a data directory.
func NewSigner(st *store.Store) *Signer { return &Signer{store: st} }

// signingKey is a private key and its certificate.
type signingKey struct {
	Name     string // of the certificate
	Key      []byte // PKCS #8
	NotAfter time.Time

	private *rsa.PrivateKey
}

// keyYears is how long a key signs. One that is read with less than renewYears
// left is replaced at once, so that it hardly runs out while the process does.
const (
	keyYears   = 10
	renewYears = 5
)

var signingRow = store.K("sns", "signing")

func certificateRow(name string) store.Key { return store.K("sns", "certificate", name) }

// Sign sets the message's signature, and its version: "1" (SHA1withRSA) or "2"
// (SHA256withRSA). It returns the name of the certificate, the last part of
// SigningCertURL: SimpleNotificationService-<32 hexadecimal digits>.pem. A
// signature takes a millisecond or more of a core.
func (s *Signer) Sign(m *Message, version string) (certificate string, err error) {
	k := s.key.Load()
	if k == nil {
		return "", errors.New("sign message: no key was made ready")
	}
	var hash crypto.Hash
	var sum []byte
	switch text := []byte(m.StringToSign()); version {
	case "1":
		h := sha1.Sum(text)
		hash, sum = crypto.SHA1, h[:]
	case "2":
		h := sha256.Sum256(text)
		hash, sum = crypto.SHA256, h[:]
	default:
		return "", fmt.Errorf("signature version %q is neither 1 nor 2", version)
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.private, hash, sum)
	if err != nil {
		return "", fmt.Errorf("sign message: %w", err)
	}
	m.SignatureVersion, m.Signature = version, base64.StdEncoding.EncodeToString(sig)
	return k.Name, nil
}

// Certificate is the PEM of a certificate that was ever used, by its name, and
// whether there is one.
func (s *Signer) Certificate(ctx context.Context, name string) (text []byte, ok bool, err error) {
	err = s.store.View(ctx, func(tx *store.Tx) error {
		text, ok = tx.Get(certificateRow(name))
		return nil
	})
	return text, ok, err
}

// Ready reads the key to sign with, or makes one if there is none or its time is
// over. No transaction may be open.
func (s *Signer) Ready(ctx context.Context) error {
	if s.usable() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usable() {
		return nil
	}
	now := s.store.Clock().Now()
	k, err := s.load(ctx, now)
	if err == nil && k == nil {
		k, err = s.create(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("key to sign messages with: %w", err)
	}
	s.key.Store(k)
	return nil
}

func (s *Signer) usable() bool {
	k := s.key.Load()
	return k != nil && s.store.Clock().Now().Before(k.NotAfter)
}

func (s *Signer) load(ctx context.Context, now time.Time) (*signingKey, error) {
	var k signingKey
	found := false
	err := s.store.View(ctx, func(tx *store.Tx) error {
		found = tx.GetJSON(signingRow, &k)
		return nil
	})
	if err != nil || !found || !now.Before(k.NotAfter.AddDate(-renewYears, 0, 0)) {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(k.Key)
	if err != nil {
		return nil, err
	}
	var ok bool
	if k.private, ok = private.(*rsa.PrivateKey); !ok {
		return nil, errors.New("not an RSA key")
	}
	return &k, nil
}

// create makes a key and its certificate, and keeps both.
func (s *Signer) create(ctx context.Context, now time.Time) (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	k := &signingKey{NotAfter: now.AddDate(keyYears, 0, 0), private: private}
	if k.Key, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return nil, err
	}
	der, err := newCertificate(k, now)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	k.Name = fmt.Sprintf("SimpleNotificationService-%x.pem", sum[:16])
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		tx.PutJSON(signingRow, k)
		tx.Set(certificateRow(k.Name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		return nil
	})
	return k, err
}

// newCertificate is self-signed, in the name that AWS's own bears.
func newCertificate(k *signingKey, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "sns.amazonaws.com"},
		DNSNames:     []string{"sns.amazonaws.com"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     k.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	return x509.CreateCertificate(rand.Reader, template, template, &k.private.PublicKey, k.private)
}
