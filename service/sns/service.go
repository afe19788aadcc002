// Package sns is Amazon Simple Notification Service: standard and FIFO topics
// with subscriptions of queues (sqs), functions (lambda), delivery streams
// (firehose, where the runtime has them) and URLs (http, https), as
// https://docs.aws.amazon.com/sns/latest/api/ has them. E-mail, text messages,
// mobile push, encryption keys, archives, delivery status logs and data
// protection policies are refused by name.
//
// What holds:
//
//   - A message that was accepted is with all subscribers, or on its way. Queues
//     and functions get it in the publisher's transaction; what goes to a URL is
//     put in the outbox by that transaction, and stays until it arrives or has
//     gone to the dead-letter queue.
//   - A message that can never be delivered (the target is gone, or does not
//     let the topic in) goes to the subscription's dead-letter queue at once, in
//     the same transaction. SNS does not retry client-side errors.
//   - What does not arrive is told in the log, once for each subscription and
//     cause, with what to do about it.
//   - A subscriber never waits for another one.
//   - Memory holds what topics and filter policies say, each read once; it is
//     checked against the topic's row whenever it is used. See fanout.go.
//
// Where AWS is vague, Runnel is strict: messages of a FIFO topic are in one
// order for all groups, and approximate counts of subscriptions are exact.
package sns

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/service/sns/delivery"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the service is told of the runtime that it is part of.
type Config struct {
	Account   string // twelve digits
	Region    string
	Endpoint  string            // what URLs in messages begin with; "": AWS's own
	Router    *event.Router     // finds subscribed queues and functions
	Metrics   event.Metrics     // nil: event.NoMetrics{}
	Logger    *slog.Logger      // nil: slog.Default()
	Transport http.RoundTripper // reaches HTTP subscribers; nil: the network
}

// Service holds the topics of one account in one region.
type Service struct {
	store  *store.Store
	cfg    Config
	topics sync.Map // name to *topic, as last read
	signer *delivery.Signer
	sender *delivery.Sender
	outbox *outbox.Outbox
	open   *wire.Mux // answers the links in messages, which nobody signs

	warnings warnings
}

var (
	_ event.Target   = (*Service)(nil)
	_ outbox.Courier = (*courier)(nil)
)

// New binds the service to the store. Nothing runs before Run.
func New(st *store.Store, cfg Config) *Service {
	cfg.Endpoint = strings.TrimSuffix(cmp.Or(cfg.Endpoint, "https://sns."+cfg.Region+".amazonaws.com"), "/")
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	if cfg.Router == nil {
		cfg.Router = event.NewRouter()
	}
	s := &Service{store: st, cfg: cfg, signer: delivery.NewSigner(st)}
	s.sender = delivery.NewSender(delivery.SenderConfig{Transport: cfg.Transport, Self: hostOf(cfg.Endpoint)})
	s.outbox = outbox.New(st, "sns", &courier{s}, outbox.Options{Logger: cfg.Logger})
	s.open = wire.NewMux(wire.Config{Region: cfg.Region, Account: cfg.Account, Logger: cfg.Logger})
	s.open.Handle(s.links())
	st.OnTimer(tokenTimer, s.expireToken)
	st.OnTimer(dedupTimer, s.forgetDuplicates)
	s.recallKey()
	return s
}

// hostOf is the host and the port of a URL.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return ""
	case u.Port() != "":
		return u.Host
	case u.Scheme == "https":
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

// recallKey reads the key that messages are signed with, if there is anybody to
// sign for: [Service.Accept] has to find it in memory. The first Subscribe makes
// the key.
func (s *Service) recallKey() {
	ctx, needed := context.Background(), false
	err := s.store.View(ctx, func(tx *store.Tx) error {
		for range tx.Scan(store.Prefix(subscriptionSpace())) {
			needed = true
			break
		}
		return nil
	})
	if err == nil && needed {
		err = s.signer.Ready(ctx)
	}
	if err != nil {
		s.cfg.Logger.Error("signing key", "err", err)
	}
}

// Run delivers to HTTP subscribers until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	defer s.sender.CloseIdle()
	return s.outbox.Run(ctx)
}

// API is the table of operations.
func (s *Service) API() wire.API {
	api := s.api()
	api.Operations = []wire.Operation{
		wire.Op("AddPermission", s.AddPermission),
		wire.Op("ConfirmSubscription", s.ConfirmSubscription),
		wire.Op("CreateTopic", s.CreateTopic),
		wire.Op("DeleteTopic", s.DeleteTopic),
		wire.Op("GetSubscriptionAttributes", s.GetSubscriptionAttributes),
		wire.Op("GetTopicAttributes", s.GetTopicAttributes),
		wire.Op("ListSubscriptions", s.ListSubscriptions),
		wire.Op("ListSubscriptionsByTopic", s.ListSubscriptionsByTopic),
		wire.Op("ListTagsForResource", s.ListTagsForResource),
		wire.Op("ListTopics", s.ListTopics),
		wire.Op("Publish", s.Publish),
		wire.Op("PublishBatch", s.PublishBatch),
		wire.Op("RemovePermission", s.RemovePermission),
		wire.Op("SetSubscriptionAttributes", s.SetSubscriptionAttributes),
		wire.Op("SetTopicAttributes", s.SetTopicAttributes),
		wire.Op("Subscribe", s.Subscribe),
		wire.Op("TagResource", s.TagResource),
		wire.Op("Unsubscribe", s.Unsubscribe),
		wire.Op("UntagResource", s.UntagResource),
	}
	return api
}

// links is the part of the API that messages link to.
func (s *Service) links() wire.API {
	api := s.api()
	api.Operations = []wire.Operation{
		wire.Op("ConfirmSubscription", s.ConfirmSubscription),
		wire.Op("Unsubscribe", s.Unsubscribe),
	}
	return api
}

func (s *Service) api() wire.API {
	attributes := wire.Name{Key: "Name", Value: "Value"}
	return wire.API{
		ID:        "sns",
		Protocols: []wire.Protocol{wire.Query},
		Version:   "2010-03-31",
		Namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
		Names: wire.Names{
			"PublishInput.MessageAttributes":             attributes,
			"PublishBatchRequestEntry.MessageAttributes": attributes,
		},
		Status: map[string]int{
			"AuthorizationError":        http.StatusForbidden,
			"NotFound":                  http.StatusNotFound,
			"ResourceNotFound":          http.StatusNotFound,
			"SubscriptionLimitExceeded": http.StatusForbidden,
		},
	}
}

// Match reports whether a request is for what messages link to: the
// certificate of their signature, and the confirmation and the end of a
// subscription. Their requests carry no signature.
func (s *Service) Match(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
		return false
	}
	if _, ok := certificateName(r.URL.Path); ok {
		return true
	}
	q := r.URL.RawQuery
	return r.URL.Path == "/" && strings.HasPrefix(q, "Action=") && !strings.Contains(q, "Signature=") &&
		(linkTo(q, "ConfirmSubscription") || linkTo(q, "Unsubscribe"))
}

func linkTo(query, action string) bool {
	rest, ok := strings.CutPrefix(query, "Action="+action)
	return ok && (rest == "" || rest[0] == '&')
}

// Handler serves what Match matches.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := certificateName(r.URL.Path); ok {
			s.serveCertificate(w, r, name)
			return
		}
		s.open.ServeHTTP(w, r)
	})
}

func certificateName(path string) (string, bool) {
	name := strings.TrimPrefix(path, "/")
	return name, strings.HasPrefix(name, "SimpleNotificationService-") && strings.HasSuffix(name, ".pem")
}

func (s *Service) serveCertificate(w http.ResponseWriter, r *http.Request, name string) {
	pem, ok, err := s.signer.Certificate(r.Context(), name)
	switch {
	case err != nil:
		s.cfg.Logger.Error("signing certificate", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
	case !ok:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(pem) // a client that has gone needs no answer
	}
}
