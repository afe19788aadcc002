// Package notification is how others hear of objects: the rules that a bucket
// has, and the events that go to their destinations in the transaction that
// caused them.
package notification

import (
	"log/slog"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Config is what a notifier must know of the runtime.
type Config struct {
	Account string
	Region  string // as events say it
	Owner   string // canonical user ID of the account
	Router  *event.Router
	Logger  *slog.Logger
}

// Notifier keeps the rules of buckets and acts on them.
type Notifier struct {
	st  *store.Store
	cfg Config
}

// New returns the notifier of the buckets in st.
func New(st *store.Store, cfg Config) *Notifier { return &Notifier{st, cfg} }
