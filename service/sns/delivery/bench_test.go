package delivery_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store/storetest"
)

// BenchmarkSend posts to a subscriber on this machine, several at a time.
func BenchmarkSend(b *testing.B) {
	for _, at := range []int{1, 16} {
		b.Run(fmt.Sprintf("attempts=%d", at), func(b *testing.B) {
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			defer srv.Close()
			s := delivery.NewSender(delivery.SenderConfig{})
			defer s.CloseIdle()
			r := notification(srv.URL)
			r.Body = make([]byte, 1024)
			b.ReportAllocs()
			var wg sync.WaitGroup
			for i := range at {
				wg.Go(func() {
					for n := i; n < b.N; n += at {
						if err := s.Send(b.Context(), r); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// BenchmarkSign is what a message costs its publisher, if a subscriber needs the
// signature.
func BenchmarkSign(b *testing.B) {
	s := delivery.NewSigner(storetest.Open(b))
	if err := s.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, version := range []string{"1", "2"} {
		b.Run("version="+version, func(b *testing.B) {
			m := messages[0].Message
			for b.Loop() {
				if _, err := s.Sign(&m, version); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode writes the envelope of a message of 1 KiB.
func BenchmarkEncode(b *testing.B) {
	m := messages[0].Message
	m.Message = strings.Repeat("0123456789abcdef", 64)
	b.ReportAllocs()
	for b.Loop() {
		m.Encode()
	}
}
