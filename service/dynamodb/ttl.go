package dynamodb

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/store"
)

// expiry is a table's time to live. Its rows, at rowSpace(ID), are the items
// that expire: the second, then the primary key.
type expiry struct {
	Attribute string
	ID        uint64
	Filling   bool // not all items that expire have their row yet
}

// ttlTimer is the kind of the timer that fires when a table's next item expires.
const ttlTimer = "dynamodb expiry"

// expireStep is how many items expire in one transaction.
const expireStep = 100

// oldest is how long ago an item may have expired to be deleted: five years
// (Developer Guide, time-to-live-ttl-before-you-start).
const oldest = 5 * 365 * 24 * time.Hour

// expires returns the second at which item expires, if it does: the attribute
// must be a number, of seconds since 1970.
func (e *expiry) expires(item attr.Item) (second uint64, ok bool) {
	n, ok := item[e.Attribute].(*types.AttributeValueMemberN)
	if !ok {
		return 0, false
	}
	whole, _, _ := strings.Cut(n.Value, ".")
	second, err := strconv.ParseUint(whole, 10, 64)
	return second, err == nil && second < math.MaxInt64/uint64(time.Second)
}

func (e *expiry) row(second uint64, primary []byte) store.Key {
	return rowSpace(e.ID).Uint(second).Raw(primary)
}

// reexpire replaces the expiry of an item, and has the timer fire in time.
func (w *writer) reexpire(primary []byte, before, after attr.Item) {
	e := w.t.TTL
	was, had := e.expires(before)
	second, has := e.expires(after)
	if had == has && was == second {
		return
	}
	if had {
		w.tx.Delete(e.row(was, primary))
	}
	at := time.Unix(int64(second), 0)
	if !has || w.tx.Now().Sub(at) > oldest {
		return
	}
	w.tx.Set(e.row(second, primary), nil)
	id := spaceID(w.t, e.ID)
	if due, ok := w.tx.Timer(ttlTimer, id); !ok || at.Before(due) {
		w.tx.SetTimer(ttlTimer, id, at)
	}
}

// expire deletes the items of a table that have expired.
func (s *Service) expire(_ context.Context, tx *store.Tx, id string) error {
	name, n := cutSpaceID(id)
	t := s.load(tx, name)
	if t == nil || t.TTL == nil || t.TTL.ID != n {
		return nil
	}
	w := newWriter(tx, t)
	defer w.close()
	space := rowSpace(n)
	var due []store.Key
	for key := range tx.Scan(store.Prefix(space)) {
		at := time.Unix(int64(key.Parts(space).Uint()), 0)
		if at.After(tx.Now()) || len(due) == expireStep {
			tx.SetTimer(ttlTimer, id, at)
			break
		}
		due = append(due, slices.Clone(key))
	}
	for _, key := range due {
		tx.Delete(key)
		primary := key[len(space)+8:]
		if err := w.delete(primary, w.get(primary)); err != nil {
			return err
		}
	}
	return nil
}

// UpdateTimeToLive enables or disables the time to live of a table. AWS lets it
// change only about once an hour; here it may change at any time.
func (s *Service) UpdateTimeToLive(ctx context.Context, in *dynamodb.UpdateTimeToLiveInput) (*dynamodb.UpdateTimeToLiveOutput, error) {
	if err := checkTimeToLive(in); err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		t := loadOwn(tx, tableName(in.TableName))
		if t == nil {
			return errNoTable(tableName(in.TableName))
		}
		if err := s.setTTL(tx, t, aws.ToString(spec.AttributeName), aws.ToBool(spec.Enabled)); err != nil {
			return err
		}
		t.save(tx)
		return nil
	})
	return &dynamodb.UpdateTimeToLiveOutput{TimeToLiveSpecification: spec}, err
}

func checkTimeToLive(in *dynamodb.UpdateTimeToLiveInput) error {
	var c constraints
	c.table(in.TableName)
	c.present("timeToLiveSpecification", in.TimeToLiveSpecification != nil)
	if spec := in.TimeToLiveSpecification; spec != nil {
		c.present("timeToLiveSpecification.attributeName", spec.AttributeName != nil)
		c.present("timeToLiveSpecification.enabled", spec.Enabled != nil)
		if spec.AttributeName != nil {
			c.length("timeToLiveSpecification.attributeName", *spec.AttributeName, 1, 255)
		}
	}
	return c.err()
}

func (s *Service) setTTL(tx *store.Tx, t *table, attribute string, enabled bool) error {
	switch {
	case enabled && t.TTL != nil && t.TTL.Attribute != attribute:
		return invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL.Attribute)
	case enabled && t.TTL != nil:
		return invalid("TimeToLive is already enabled")
	case !enabled && t.TTL == nil:
		return invalid("TimeToLive is already disabled")
	case !enabled && t.TTL.Attribute != attribute:
		return invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL.Attribute)
	case enabled:
		t.TTL = &expiry{Attribute: attribute, ID: tx.NextID()}
		done, err := s.startFill(tx, t, t.TTL.ID)
		t.TTL.Filling = !done
		return err
	default:
		t.TTL.drop(tx, t)
		t.TTL = nil
	}
	return nil
}

// drop removes all expiries.
func (e *expiry) drop(tx *store.Tx, t *table) {
	tx.DeleteRange(store.Prefix(rowSpace(e.ID)))
	tx.Delete(fillKey(e.ID))
	tx.ClearTimer(ttlTimer, spaceID(t, e.ID))
	tx.ClearTimer(fillTimer, spaceID(t, e.ID))
}

// DescribeTimeToLive tells whether items of a table expire, and by what.
func (s *Service) DescribeTimeToLive(ctx context.Context, in *dynamodb.DescribeTimeToLiveInput) (*dynamodb.DescribeTimeToLiveOutput, error) {
	var c constraints
	c.table(in.TableName)
	if err := c.err(); err != nil {
		return nil, err
	}
	d := &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errNoTable(tableName(in.TableName))
		}
		if t.TTL != nil {
			d.TimeToLiveStatus, d.AttributeName = types.TimeToLiveStatusEnabled, aws.String(t.TTL.Attribute)
			if t.TTL.Filling {
				d.TimeToLiveStatus = types.TimeToLiveStatusEnabling
			}
		}
		return nil
	})
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: d}, err
}
