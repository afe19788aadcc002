package event

// Envelope is an event as event buses take it, see it and pass it on. JSON of it
// is the Body of an [Event] that is sent to one
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html).
type Envelope[Detail any] struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"` // see EnvelopeTime
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     Detail   `json:"detail"`
}

// EnvelopeTime is the layout of an envelope's time, which is in UTC.
const EnvelopeTime = "2006-01-02T15:04:05Z"
