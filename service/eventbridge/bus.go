package eventbridge

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/store"
)

// Limits of buses
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
const (
	maxBuses       = 100
	maxDescription = 512
)

// CreateEventBus makes a bus of the account's own.
func (s *Service) CreateEventBus(ctx context.Context, in *api.CreateEventBusInput) (*api.CreateEventBusOutput, error) {
	if err := checkNewBus(in); err != nil {
		return nil, err
	}
	b := &busRow{Name: *in.Name, Description: aws.ToString(in.Description), DeadLetter: deadLetterARN(in.DeadLetterConfig)}
	var err error
	if b.Tags, err = addTags(nil, in.Tags); err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if b.Name == defaultBus || tx.Has(busKey(b.Name)) {
			return errBusExists(b.Name)
		}
		if count(tx, store.Prefix(busSpace)) >= maxBuses {
			return errLimit()
		}
		b.Created, b.Modified = tx.Now(), tx.Now()
		tx.PutJSON(busKey(b.Name), b)
		touch(tx, b.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateEventBusOutput{
		EventBusArn: aws.String(s.busARN(b.Name)), Description: in.Description, DeadLetterConfig: in.DeadLetterConfig,
	}, nil
}

func checkNewBus(in *api.CreateEventBusInput) error {
	if err := checkText(in.Name, "name", busName, "/", maxBusName); err != nil {
		return err
	}
	switch {
	case in.EventSourceName != nil:
		return errUnsupported("A partner event source")
	case strings.Contains(*in.Name, "/"):
		return errValidation("Event bus name must not contain '/'.")
	}
	return checkBus(in.Description, in.KmsKeyIdentifier, in.DeadLetterConfig, in.LogConfig)
}

// checkBus checks what may be changed of a bus.
func checkBus(description, key *string, dead *types.DeadLetterConfig, logging *types.LogConfig) error {
	if err := checkLength(description, "description", maxDescription); err != nil {
		return err
	}
	switch {
	case aws.ToString(key) != "":
		return errUnsupported("KmsKeyIdentifier")
	case logging != nil && logging.Level != "" && logging.Level != types.LevelOff:
		return errUnsupported("LogConfig of an event bus")
	}
	return checkDeadLetter(dead)
}

func deadLetterARN(c *types.DeadLetterConfig) string {
	if c == nil {
		return ""
	}
	return aws.ToString(c.Arn)
}

func deadLetterConfig(queue string) *types.DeadLetterConfig {
	if queue == "" {
		return nil
	}
	return &types.DeadLetterConfig{Arn: &queue}
}

// count is the number of rows in a span.
func count(tx *store.Tx, span store.Range) (n int) {
	for range tx.Scan(span) {
		n++
	}
	return n
}

// DeleteEventBus removes a bus that has no rules. One that is not there is
// removed already.
func (s *Service) DeleteEventBus(ctx context.Context, in *api.DeleteEventBusInput) (*api.DeleteEventBusOutput, error) {
	name, err := s.busOf(in.Name, "name")
	if in.Name == nil {
		err = errConstraint("null", "name", "Member must not be null")
	}
	if err != nil {
		return nil, err
	}
	if name == defaultBus {
		return nil, errValidation("Cannot delete event bus default.")
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		for range tx.Scan(store.Prefix(ruleSpace.Str(name))) {
			return errValidation("EventBus can't be deleted since it has rules.")
		}
		tx.Delete(busKey(name))
		tx.Delete(versionSpace.Str(name))
		tx.OnCommit(func() { s.cache.Delete(name) })
		return nil
	})
}

// UpdateEventBus changes what is told of a bus.
func (s *Service) UpdateEventBus(ctx context.Context, in *api.UpdateEventBusInput) (*api.UpdateEventBusOutput, error) {
	name, err := s.busOf(in.Name, "name")
	if err != nil {
		return nil, err
	}
	if err := checkBus(in.Description, in.KmsKeyIdentifier, in.DeadLetterConfig, in.LogConfig); err != nil {
		return nil, err
	}
	err = s.changeBus(ctx, name, func(b *busRow) error {
		b.Description, b.DeadLetter = aws.ToString(in.Description), deadLetterARN(in.DeadLetterConfig)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateEventBusOutput{
		Arn: aws.String(s.busARN(name)), Name: &name, Description: in.Description, DeadLetterConfig: in.DeadLetterConfig,
	}, nil
}

// changeBus changes a bus in a transaction.
func (s *Service) changeBus(ctx context.Context, name string, change func(b *busRow) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.bus(tx, name)
		if err != nil {
			return err
		}
		if err := change(b); err != nil {
			return err
		}
		b.Modified = tx.Now()
		tx.PutJSON(busKey(name), b)
		return nil
	})
}

// DescribeEventBus tells of a bus.
func (s *Service) DescribeEventBus(ctx context.Context, in *api.DescribeEventBusInput) (*api.DescribeEventBusOutput, error) {
	name, err := s.busOf(in.Name, "name")
	if err != nil {
		return nil, err
	}
	var b *busRow
	err = s.store.View(ctx, func(tx *store.Tx) error {
		b, err = s.bus(tx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeEventBusOutput{
		Arn: aws.String(s.busARN(name)), Name: &name, Policy: optional(b.Policy), Description: optional(b.Description),
		CreationTime: moment(b.Created), LastModifiedTime: moment(b.Modified), DeadLetterConfig: deadLetterConfig(b.DeadLetter),
	}, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ListEventBuses lists buses by name, the default one among them.
func (s *Service) ListEventBuses(ctx context.Context, in *api.ListEventBusesInput) (*api.ListEventBusesOutput, error) {
	prefix := aws.ToString(in.NamePrefix)
	p, err := pageOf(store.Prefix(busSpace.StrPrefix(prefix)), in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListEventBusesOutput{EventBuses: []types.EventBus{}}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		if in.NextToken == nil && strings.HasPrefix(defaultBus, prefix) {
			b, err := s.bus(tx, defaultBus)
			if err != nil {
				return err
			}
			out.EventBuses = append(out.EventBuses, s.listed(b))
			p.limit--
		}
		out.NextToken, err = p.read(tx, func(k store.Key, row []byte) (bool, error) {
			b, err := decode[busRow](k, row)
			if err != nil || b.Name == defaultBus {
				return false, err
			}
			out.EventBuses = append(out.EventBuses, s.listed(b))
			return true, nil
		})
		return err
	})
	return out, err
}

func (s *Service) listed(b *busRow) types.EventBus {
	return types.EventBus{
		Arn: aws.String(s.busARN(b.Name)), Name: &b.Name, Policy: optional(b.Policy), Description: optional(b.Description),
		CreationTime: moment(b.Created), LastModifiedTime: moment(b.Modified),
	}
}
