// Package buckets is the part of S3 that is about buckets: that they are there,
// and what is configured of them. What needs to know their objects is in package
// s3, which embeds [Service].
package buckets

import "github.com/runnel/runnel/store"

// Config is what the service must know of the runtime.
type Config struct {
	Region string // of buckets that are made without a LocationConstraint
	Owner  string // canonical user ID of the account
}

// Service is the operations on buckets, methods named as AWS names them, each
// one transaction.
type Service struct {
	st  *store.Store
	cfg Config
}

// New returns the operations on the buckets in st.
func New(st *store.Store, cfg Config) *Service { return &Service{st, cfg} }
