package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// maxTotal is how long all retries of a policy may take.
const maxTotal = 3600 * time.Second

// Media types that a policy may name: those of any message, and those of raw
// messages alone.
var (
	envelopeTypes = []string{"application/json", "text/plain"}
	rawTypes      = []string{
		"application/atom+xml", "application/octet-stream", "application/soap+xml",
		"application/x-www-form-urlencoded", "application/xhtml+xml", "application/xml",
		"text/css", "text/csv", "text/html", "text/xml",
	}
)

// ParseTopicPolicy reads the DeliveryPolicy of a topic; "" is none. The error
// text follows AWS's "Invalid parameter: ": "DeliveryPolicy: http. ...".
func ParseTopicPolicy(text string) (*TopicPolicy, error) {
	p := new(TopicPolicy)
	err := parse(text, func(r *reader, top members) {
		h := r.object(top, "http")
		p.retry = r.retry(h, "defaultHealthyRetryPolicy")
		p.fixed = r.boolean(h, "disableSubscriptionOverrides")
		p.perSecond = r.throttle(h, "defaultThrottlePolicy")
		p.contentType = r.request(h, "defaultRequestPolicy", envelopeTypes)
		r.unsupported(h, "defaultSicklyRetryPolicy")
		r.end(h)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ParseSubscriptionPolicy reads the DeliveryPolicy of a subscription; "" is none.
// The error text is as of ParseTopicPolicy. What only raw messages may be sent as
// is accepted; [Sender.Send] sends others as the default.
func ParseSubscriptionPolicy(text string) (*SubscriptionPolicy, error) {
	p := new(SubscriptionPolicy)
	err := parse(text, func(r *reader, top members) {
		p.retry = r.retry(top, "healthyRetryPolicy")
		p.perSecond = r.throttle(top, "throttlePolicy")
		p.contentType = r.request(top, "requestPolicy", append(envelopeTypes, rawTypes...))
		r.unsupported(top, "sicklyRetryPolicy")
		if r.boolean(top, "guaranteed") {
			r.fail("guaranteed", "is not supported")
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// parse reads the outermost object, of which nothing may be left unread.
func parse(text string, read func(*reader, members)) error {
	if text == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if _, more := d.Token(); err != nil || more != io.EOF {
		return errors.New("DeliveryPolicy: failed to parse JSON")
	}
	top, ok := v.(map[string]any)
	if !ok {
		return errors.New("DeliveryPolicy: failed to parse JSON")
	}
	var r reader
	m := members{values: top}
	read(&r, m)
	r.end(m)
	return r.err
}

// reader takes members out of objects, and keeps the first fault.
type reader struct{ err error }

// members are those of an object that were not read yet.
type members struct {
	path   string // with a full stop at its end; "" of the outermost
	values map[string]any
}

func (r *reader) fail(path, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("DeliveryPolicy: %s %s", path, fmt.Sprintf(format, args...))
	}
}

// take takes a member of one type. null is as if it were not there.
func take[T any](r *reader, m members, name, kind string) (v T, ok bool) {
	found, ok := m.values[name]
	delete(m.values, name)
	if !ok || found == nil {
		return v, false
	}
	if v, ok = found.(T); !ok {
		r.fail(m.path+name, "type mismatch, expecting %s, received %s", kind, kindOf(found))
	}
	return v, ok
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}

func (r *reader) object(m members, name string) members {
	v, _ := take[map[string]any](r, m, name, "object")
	return members{path: m.path + name + ".", values: v}
}

// end refuses what nobody read.
func (r *reader) end(m members) {
	for _, name := range slices.Sorted(maps.Keys(m.values)) {
		r.fail("invalid JSON.", "Attribute %s is unknown.", m.path+name)
	}
}

// unsupported refuses a member that AWS has and does not document.
func (r *reader) unsupported(m members, name string) {
	if _, ok := take[map[string]any](r, m, name, "object"); ok {
		r.fail(m.path+name, "is not supported")
	}
}

func (r *reader) boolean(m members, name string) bool {
	v, _ := take[bool](r, m, name, "boolean")
	return v
}

// integer reads a number into n, if it is there.
func (r *reader) integer(m members, name string, n *int, least, most int) {
	v, ok := take[json.Number](r, m, name, "integer")
	if !ok {
		return
	}
	i, err := v.Int64()
	switch {
	case err != nil && strings.ContainsAny(v.String(), ".eE"):
		r.fail(m.path+name, "type mismatch, expecting integer, received a number")
	case err != nil && v.String()[0] != '-', i > int64(most):
		r.fail(m.path+name, "must be less than or equal to %d", most)
	case err != nil, i < int64(least):
		r.fail(m.path+name, "must be greater than or equal to %d", least)
	}
	*n = int(i)
}

func (r *reader) retry(parent members, name string) *RetryPolicy {
	m := r.object(parent, name)
	if m.values == nil {
		return nil
	}
	p := defaultRetry()
	r.integer(m, "minDelayTarget", &p.MinDelayTarget, 1, 3600)
	r.integer(m, "maxDelayTarget", &p.MaxDelayTarget, 1, 3600)
	r.integer(m, "numRetries", &p.NumRetries, 0, 100)
	r.integer(m, "numNoDelayRetries", &p.NumNoDelayRetries, 0, 100)
	r.integer(m, "numMinDelayRetries", &p.NumMinDelayRetries, 0, 100)
	r.integer(m, "numMaxDelayRetries", &p.NumMaxDelayRetries, 0, 100)
	if f, ok := take[string](r, m, "backoffFunction", "string"); ok {
		p.BackoffFunction = f
	}
	r.end(m)
	if r.err != nil {
		return nil
	}
	switch {
	case !slices.Contains([]string{"linear", "arithmetic", "geometric", "exponential"}, p.BackoffFunction):
		r.fail(m.path+"backoffFunction", "must be one of [linear, arithmetic, geometric, exponential]")
	case p.MaxDelayTarget < p.MinDelayTarget:
		r.fail(m.path+"maxDelayTarget", "must be greater than or equal to minDelayTarget")
	case p.NumRetries < p.NumNoDelayRetries+p.NumMinDelayRetries+p.NumMaxDelayRetries:
		r.fail(m.path+"numRetries", "must be greater than or equal to the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries")
	case p.total() > maxTotal:
		r.fail(strings.TrimSuffix(m.path, "."), "has a total retry time greater than 3600 seconds")
	}
	return &p
}

func (r *reader) throttle(parent members, name string) int {
	m := r.object(parent, name)
	n := 0
	r.integer(m, "maxReceivesPerSecond", &n, 1, math.MaxInt32)
	r.end(m)
	return n
}

func (r *reader) request(parent members, name string, types []string) string {
	m := r.object(parent, name)
	v, ok := take[string](r, m, "headerContentType", "string")
	r.end(m)
	media, parameter, _ := strings.Cut(v, ";")
	parameter = strings.ToLower(strings.Trim(parameter, " "))
	if ok && (!slices.Contains(types, strings.Trim(media, " ")) || parameter != "" && parameter != "charset=utf-8") {
		r.fail(m.path+"headerContentType", "must be one of [%s]", strings.Join(types, ", "))
	}
	return v
}
