package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/transform/rule"
)

// ErrExists is a rule that is to be created and is there already.
var ErrExists = errors.New("there is such a rule already")

// A VersionError is a rule that has another version than the one that was to be
// replaced or deleted.
type VersionError struct{ Present int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("the rule has version %d now", e.Present)
}

// maxMatch is how many versions a condition names (an IN of DynamoDB takes 100).
const maxMatch = 100

// Create stores a new rule under an id, or under its own if that is "". The error
// is ErrExists, or that of the check.
func (t *Table) Create(ctx context.Context, id string, document []byte) (*Stored, error) {
	r, err := check(ctx, id, document)
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = r.ID
	}
	s := changed(id, 1, document, r)
	i := s.attributes()
	i["id"], i["version"] = text(id), number(1)
	_, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: i,
		ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	var there *types.ConditionalCheckFailedException
	if errors.As(err, &there) {
		return nil, fmt.Errorf("rule %q: %w", id, ErrExists)
	}
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", id, err)
	}
	return s, nil
}

// Replace stores a rule in the place of one of the versions given, of any if
// that is nil. The error is ErrNotFound, a *VersionError, or that of the check.
func (t *Table) Replace(ctx context.Context, id string, versions []int, document []byte) (*Stored, error) {
	r, err := check(ctx, id, document)
	if err != nil {
		return nil, err
	}
	s := changed(id, 0, document, r)
	c := newCondition(versions)
	names, values := map[string]string{"#version": "version"}, item{":one": number(1)}
	maps.Copy(names, c.names)
	maps.Copy(values, c.values)
	var sets []string
	for name, value := range s.attributes() {
		names["#"+name], values[":"+name] = name, value
		sets = append(sets, "#"+name+" = :"+name)
	}
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: keyOf(id), ConditionExpression: &c.text,
		UpdateExpression:         aws.String("ADD #version :one SET " + strings.Join(sets, ", ")),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValues:                        types.ReturnValueUpdatedNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, unmet(id, err)
	}
	s.Version = item(out.Attributes).version()
	r.Version = s.Version
	return s, nil
}

// Delete removes one of the versions given, any if that is nil. The error is
// ErrNotFound or a *VersionError.
func (t *Table) Delete(ctx context.Context, id string, versions []int) error {
	if !ValidID(id) {
		return fmt.Errorf("rule %q: %w", clip(id, 64), ErrNotFound)
	}
	c := newCondition(versions)
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: keyOf(id), ConditionExpression: &c.text,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return unmet(id, err)
}

// changed is a rule that is about to be written.
func changed(id string, version int, document []byte, r *rule.Rule) *Stored {
	r.ID, r.Version = id, version
	return &Stored{ID: id, Version: version, Updated: time.Now().UTC().Truncate(time.Second), Document: document, Rule: r}
}

// maxDescription is how much of a description a list shows, in bytes.
const maxDescription = 1000

// attributes are those that every write sets, beside the version.
func (s *Stored) attributes() item {
	return item{
		"document":    text(string(s.Document)),
		"description": text(clip(s.Description, maxDescription)),
		"updated":     text(s.Updated.Format(time.RFC3339)),
	}
}

// A condition is one that an item exists and has one of some versions.
type condition struct {
	text   string
	names  map[string]string
	values item
}

func newCondition(versions []int) condition {
	if versions == nil {
		return condition{"attribute_exists(#id)", map[string]string{"#id": "id"}, nil}
	}
	c := condition{names: map[string]string{"#version": "version"}, values: item{":v": number(0)}}
	in := []string{":v"} // no rule has version 0, and an IN must have something in it
	for i, version := range versions[:min(len(versions), maxMatch-1)] {
		name := ":v" + strconv.Itoa(i)
		c.values[name] = number(version)
		in = append(in, name)
	}
	c.text = "#version IN (" + strings.Join(in, ", ") + ")"
	return c
}

// unmet is the error of a conditional write on what is there, or is not.
func unmet(id string, err error) error {
	var e *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return fmt.Errorf("rule %s: %w", id, err)
	case len(e.Item) == 0:
		return fmt.Errorf("rule %q: %w", id, ErrNotFound)
	}
	return fmt.Errorf("rule %s: %w", id, &VersionError{item(e.Item).version()})
}
