package eventbridge

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Limits of PutEvents
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html).
const (
	maxEntries = 10
	maxSize    = 256 << 10 // of all entries, in bytes
	maxDepth   = 1100      // of objects and lists in each other
)

// posted is an entry on its way: to a bus, unless it failed.
type posted struct {
	*arrival
	bus string
	err *wire.Error
}

// PutEvents brings events to their buses, all in one transaction. An event for
// a bus that is not there is accepted and forgotten, as AWS does.
func (s *Service) PutEvents(ctx context.Context, in *api.PutEventsInput) (*api.PutEventsOutput, error) {
	if err := checkEntries(in); err != nil {
		return nil, err
	}
	now := s.store.Clock().Now()
	all := make([]posted, len(in.Entries))
	for i := range in.Entries {
		all[i] = s.post(&in.Entries[i], now)
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		for _, p := range all {
			if p.err != nil {
				continue
			}
			if _, err := s.bus(tx, p.bus); err != nil {
				tx.OnCommit(func() {
					s.cfg.Logger.WarnContext(ctx, "event for a bus that does not exist", "bus", p.bus, "event", p.id)
				})
				continue
			}
			if err := s.publish(ctx, tx, p.bus, p.arrival); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &api.PutEventsOutput{}
	for _, p := range all {
		out.Entries = append(out.Entries, p.result())
		if p.err != nil {
			out.FailedEntryCount++
		}
	}
	s.countEntries(len(all), int(out.FailedEntryCount))
	return out, nil
}

func (p posted) result() types.PutEventsResultEntry {
	if p.err != nil {
		return types.PutEventsResultEntry{ErrorCode: &p.err.Code, ErrorMessage: &p.err.Message}
	}
	return types.PutEventsResultEntry{EventId: &p.id}
}

func checkEntries(in *api.PutEventsInput) error {
	switch {
	case in.EndpointId != nil:
		return errUnsupported("EndpointId")
	case len(in.Entries) == 0:
		return errValidation("1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(in.Entries) > maxEntries:
		return errValidation("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to %d", maxEntries)
	}
	size := 0
	for i := range in.Entries {
		size += entrySize(&in.Entries[i])
	}
	if size > maxSize {
		return errValidation("Total size of the entries in the request is over the limit.")
	}
	return nil
}

// entrySize counts as
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html does.
func entrySize(e *types.PutEventsRequestEntry) int {
	n := len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

func (s *Service) post(e *types.PutEventsRequestEntry, now time.Time) posted {
	for _, v := range []struct {
		name  string
		value *string
	}{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if aws.ToString(v.value) == "" {
			return posted{err: wire.Errorf("InvalidArgument", "Parameter %s is not valid. Reason: %s is a required argument.", v.name, v.name)}
		}
	}
	if strings.HasPrefix(*e.Source, "aws.") {
		return posted{err: wire.Errorf("NotAuthorizedForSourceException", "Not authorized for the source.")}
	}
	bus, err := s.busOf(e.EventBusName, "eventBusName")
	if err != nil {
		return posted{err: entryError(err)}
	}
	detail := jsontext.Value(*e.Detail)
	if detail.Kind() != '{' || !detail.IsValid(lenient) || depth(detail) > maxDepth {
		return posted{err: errDetail()}
	}
	env := envelope{Source: *e.Source, DetailType: *e.DetailType, Resources: e.Resources, Detail: detail}
	if e.Time != nil {
		env.Time = e.Time.UTC().Format(event.EnvelopeTime)
	}
	a, err := s.arrive(env, aws.ToString(e.TraceHeader), now)
	if err != nil {
		return posted{err: errDetail()}
	}
	s.foresee(bus, a)
	return posted{arrival: a, bus: bus}
}

// depth is how deep the objects and lists of a valid text are in each other.
func depth(v jsontext.Value) (most int) {
	now, quoted := 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// entryError is an error of a request as that of an entry.
func entryError(err error) *wire.Error {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return wire.Errorf("InternalFailure", "%s", err.Error())
	}
	return wire.Errorf(e.ErrorCode(), "%s", e.ErrorMessage())
}

func errDetail() *wire.Error { return wire.Errorf("MalformedDetail", "Detail is malformed.") }
