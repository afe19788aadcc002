package eventbridge

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/pattern"
)

// envelope is an event whose detail is passed on as it came.
type envelope = event.Envelope[jsontext.Value]

// lenient takes JSON as the services of AWS do.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// arrival is an event that has come to a bus.
type arrival struct {
	id       string
	trace    string
	json     []byte
	value    any // json, as patterns want it
	ingested time.Time
	path     []string // the buses that it was on
	plans    map[*ruleset][]wanted
}

// arrive completes an event with what it lacks. The error says what is
// malformed in its detail.
func (s *Service) arrive(e envelope, trace string, now time.Time) (*arrival, error) {
	e.Version = "0"
	if e.ID == "" {
		e.ID = event.NewID()
	}
	if e.Account == "" {
		e.Account = s.cfg.Account
	}
	if e.Region == "" {
		e.Region = s.cfg.Region
	}
	if e.Time == "" {
		e.Time = now.UTC().Format(event.EnvelopeTime)
	}
	if e.Resources == nil {
		e.Resources = []string{}
	}
	if trace == "" {
		trace = event.NewTrace(now)
	}
	text, err := json.Marshal(e, lenient)
	if err != nil {
		return nil, err
	}
	value, err := pattern.Decode(text)
	if err != nil {
		return nil, err
	}
	return &arrival{id: e.ID, trace: trace, json: text, value: value, ingested: now}, nil
}
