package lambda

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// mappingRow is an event source mapping.
type mappingRow struct {
	Config   types.EventSourceMappingConfiguration // as AWS shows it
	Function ref
	Enabled  bool
	Tags     map[string]string
	// Revision changes with the row, so that its poller is replaced.
	Revision string
}

// States of mappings. Those between are shown by the operation that begins
// them; here they are over at once.
const (
	stateEnabled  = "Enabled"
	stateDisabled = "Disabled"
)

// mappingsTopic is woken when a mapping is made, changed or deleted.
const mappingsTopic = "lambda/mappings"

var uuidRegexp = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func getMapping(tx *store.Tx, uuid string) (mappingRow, error) {
	var m mappingRow
	if !uuidRegexp.MatchString(uuid) || !tx.GetJSON(mappingKey(uuid), &m) {
		return m, fault.NoResource()
	}
	return m, nil
}

func putMapping(tx *store.Tx, m *mappingRow) {
	now := tx.Now()
	m.Revision = event.NewID()
	m.Config.LastModified = &now
	m.Config.State = aws.String(stateDisabled)
	if m.Enabled {
		m.Config.State = aws.String(stateEnabled)
	}
	tx.PutJSON(mappingKey(aws.ToString(m.Config.UUID)), m)
	tx.Wake(mappingsTopic)
}

// CreateEventSourceMapping has a function fed from a queue.
func (s *Service) CreateEventSourceMapping(ctx context.Context, in *lambda.CreateEventSourceMappingInput) (*types.EventSourceMappingConfiguration, error) {
	r, err := s.ref(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := s.checkSource(in); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	uuid := event.NewID()
	m := &mappingRow{Function: r, Enabled: in.Enabled == nil || *in.Enabled, Tags: in.Tags, Config: types.EventSourceMappingConfiguration{
		UUID: aws.String(uuid), EventSourceArn: in.EventSourceArn,
		EventSourceMappingArn: aws.String(fmt.Sprintf("arn:aws:lambda:%s:%s:event-source-mapping:%s", s.cfg.Region, s.cfg.Account, uuid)),
		BatchSize:             aws.Int32(defaultBatch), MaximumBatchingWindowInSeconds: aws.Int32(0),
		StateTransitionReason: aws.String("USER_INITIATED"), FunctionResponseTypes: []types.FunctionResponseType{},
	}}
	change := asUpdate(in)
	if err := m.change(change); err != nil {
		return nil, err
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if err := s.checkMapping(ctx, tx, m); err != nil {
			return err
		}
		putMapping(tx, m)
		return nil
	})
	return m.shown("Creating"), err
}

// shown is the mapping's configuration in the state that an operation leaves
// it in for the moment.
func (m *mappingRow) shown(state string) *types.EventSourceMappingConfiguration {
	c := m.Config
	c.State = aws.String(state)
	return &c
}

// checkMapping verifies what a mapping refers to, in AWS's order.
func (s *Service) checkMapping(ctx context.Context, tx *store.Tx, m *mappingRow) error {
	fn, err := s.getVersion(tx, m.Function)
	if err != nil {
		return err
	}
	m.Config.FunctionArn = aws.String(s.arn(m.Function))
	source := aws.ToString(m.Config.EventSourceArn)
	state, err := s.describe(ctx, tx, source)
	if isMissing(err) {
		return fault.Invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. " +
			"SQS Error Message: The specified queue does not exist for this wsdl version.")
	}
	if err != nil {
		return err
	}
	if err := checkVisibility(state, &fn.Config); err != nil {
		return err
	}
	return s.checkDuplicate(tx, m)
}

// checkVisibility verifies that a message stays hidden while the function works
// on it.
func checkVisibility(q event.QueueState, fn *types.FunctionConfiguration) error {
	timeout := time.Duration(aws.ToInt32(fn.Timeout)) * time.Second
	if q.VisibilityTimeout < timeout {
		return fault.Invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds",
			int(q.VisibilityTimeout.Seconds()), int(timeout.Seconds()))
	}
	return nil
}

// checkQueues is checkVisibility for all queues that feed $LATEST of a function.
func (s *Service) checkQueues(ctx context.Context, tx *store.Tx, name string, fn *types.FunctionConfiguration) error {
	for k := range tx.Scan(store.Prefix(key("mapping"))) {
		var m mappingRow
		if !tx.GetJSON(k, &m) || m.Function != (ref{Name: name}) {
			continue
		}
		state, err := s.describe(ctx, tx, aws.ToString(m.Config.EventSourceArn))
		if isMissing(err) {
			continue
		}
		if err == nil {
			err = checkVisibility(state, fn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkDuplicate(tx *store.Tx, m *mappingRow) error {
	for k := range tx.Scan(store.Prefix(key("mapping"))) {
		var o mappingRow
		if !tx.GetJSON(k, &o) {
			continue
		}
		same := aws.ToString(o.Config.EventSourceArn) == aws.ToString(m.Config.EventSourceArn) && o.Function == m.Function
		if same && aws.ToString(o.Config.UUID) != aws.ToString(m.Config.UUID) {
			return fault.Conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. "+
				"Please update or delete the existing mapping with UUID %s",
				aws.ToString(m.Config.EventSourceArn), m.Function.Name, aws.ToString(o.Config.UUID))
		}
	}
	return nil
}

// describe asks a queue for what its poller must know.
func (s *Service) describe(ctx context.Context, tx *store.Tx, source string) (event.QueueState, error) {
	a, q, err := s.cfg.Router.Queue(source)
	if err != nil {
		return event.QueueState{}, err
	}
	return q.Describe(ctx, tx, a)
}

// checkSource refuses event sources that are none, and those that Runnel does
// not have.
func (s *Service) checkSource(in *lambda.CreateEventSourceMappingInput) error {
	if in.EventSourceArn == nil {
		if in.SelfManagedEventSource != nil {
			return fault.NotSupported("A self-managed event source")
		}
		return fault.Invalid("Unrecognized event source.")
	}
	a, err := arn.Parse(*in.EventSourceArn)
	if err != nil {
		var v fault.Constraints
		v.Fail("eventSourceArn", *in.EventSourceArn, fault.MustMatch, `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
		return v.Err()
	}
	switch a.Service {
	case "sqs":
		return nil
	case "kinesis", "dynamodb", "kafka", "mq", "rds":
		return fault.NotSupported("An event source of the service " + a.Service)
	}
	return fault.Invalid("Unrecognized event source.")
}

// GetEventSourceMapping returns a mapping.
func (s *Service) GetEventSourceMapping(ctx context.Context, in *lambda.GetEventSourceMappingInput) (*types.EventSourceMappingConfiguration, error) {
	var m mappingRow
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { m, err = getMapping(tx, aws.ToString(in.UUID)); return })
	if err != nil {
		return nil, err
	}
	s.tellResult(&m.Config)
	return &m.Config, nil
}

// tellResult adds how the mapping's last batch went.
func (s *Service) tellResult(c *types.EventSourceMappingConfiguration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.results[aws.ToString(c.UUID)]; ok {
		c.LastProcessingResult = aws.String(r)
	}
}

func (s *Service) setResult(uuid, result string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[uuid] = result
}

// ListEventSourceMappings lists mappings, of a queue or of a function.
func (s *Service) ListEventSourceMappings(ctx context.Context, in *lambda.ListEventSourceMappingsInput) (*lambda.ListEventSourceMappingsOutput, error) {
	p, err := newPage(new(fault.Constraints), in.Marker, in.MaxItems, 10000)
	if err != nil {
		return nil, err
	}
	p.limit = 100
	if in.MaxItems != nil {
		p.limit = min(p.limit, int(*in.MaxItems))
	}
	var r ref
	if in.FunctionName != nil {
		if r, err = s.ref(in.FunctionName, nil); err != nil {
			return nil, err
		}
	}
	out := &lambda.ListEventSourceMappingsOutput{EventSourceMappings: []types.EventSourceMappingConfiguration{}}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		next, err := listRows(tx, p, key("mapping"), func(_ store.Key, m *mappingRow) bool {
			if in.EventSourceArn != nil && aws.ToString(m.Config.EventSourceArn) != *in.EventSourceArn {
				return false
			}
			if in.FunctionName != nil && m.Function != r {
				return false
			}
			s.tellResult(&m.Config)
			out.EventSourceMappings = append(out.EventSourceMappings, m.Config)
			return true
		})
		out.NextMarker = next
		return err
	})
	return out, err
}

// UpdateEventSourceMapping changes what the request says.
func (s *Service) UpdateEventSourceMapping(ctx context.Context, in *lambda.UpdateEventSourceMappingInput) (*types.EventSourceMappingConfiguration, error) {
	var function *ref
	if in.FunctionName != nil {
		r, err := s.ref(in.FunctionName, nil)
		if err != nil {
			return nil, err
		}
		function = &r
	}
	var m mappingRow
	state := "Updating"
	err := s.st.Update(ctx, func(tx *store.Tx) (err error) {
		if m, err = getMapping(tx, aws.ToString(in.UUID)); err != nil {
			return err
		}
		if err := m.change(in); err != nil {
			return err
		}
		if in.Enabled != nil && *in.Enabled != m.Enabled {
			m.Enabled = *in.Enabled
			state = map[bool]string{true: "Enabling", false: "Disabling"}[m.Enabled]
		}
		if function != nil {
			m.Function = *function
			if err := s.checkMapping(ctx, tx, &m); err != nil {
				return err
			}
		}
		putMapping(tx, &m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.shown(state), nil
}

// DeleteEventSourceMapping ends a mapping. Batches under way are finished.
func (s *Service) DeleteEventSourceMapping(ctx context.Context, in *lambda.DeleteEventSourceMappingInput) (*types.EventSourceMappingConfiguration, error) {
	var m mappingRow
	uuid := aws.ToString(in.UUID)
	err := s.st.Update(ctx, func(tx *store.Tx) (err error) {
		if m, err = getMapping(tx, uuid); err != nil {
			return err
		}
		tx.Delete(mappingKey(uuid))
		tx.Wake(mappingsTopic)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.shown("Deleting"), nil
}
