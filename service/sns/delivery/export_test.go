package delivery

import (
	"context"
	"net"
)

// NewDialSender is a sender that differs from a runtime's only in that it gets
// its connections from dial.
func NewDialSender(dial func(ctx context.Context, network, addr string) (net.Conn, error), c SenderConfig) *Sender {
	c.Transport = newTransport(dial, c.Roots)
	return NewSender(c)
}

// CertificateName is that of the key that signs.
func (s *Signer) CertificateName(ctx context.Context) (string, error) {
	if err := s.Ready(ctx); err != nil {
		return "", err
	}
	return s.key.Load().Name, nil
}
