package cloudformation

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

const pageSize = 100

// page gives the part of a list that a token asks for, and the token of the next.
func page[T any](list []T, token *string, size int) ([]T, *string, error) {
	from := 0
	if token != nil {
		var err error
		if from, err = strconv.Atoi(*token); err != nil || from < 0 || from > len(list) {
			return nil, nil, invalid("Invalid NextToken")
		}
	}
	if from+size >= len(list) {
		return list[from:], nil, nil
	}
	return list[from : from+size], aws.String(strconv.Itoa(from + size)), nil
}

// stacks reads all stacks that f takes, the newest first.
func (s *Service) stacks(ctx context.Context, f func(*stack) bool) ([]*stack, error) {
	var list []*stack
	err := s.store.View(ctx, func(tx *store.Tx) error {
		space := store.K(keySpace, "stack")
		for key := range tx.Scan(store.Prefix(space)) {
			st := &stack{}
			if tx.GetJSON(key.Clone(), st) && f(st) {
				list = append(list, st)
			}
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b *stack) int { return b.Created.Compare(a.Created) })
	return list, err
}

// DescribeStacks describes one stack or all that are not deleted.
func (s *Service) DescribeStacks(ctx context.Context, in *cfn.DescribeStacksInput) (*cfn.DescribeStacksOutput, error) {
	out := &cfn.DescribeStacksOutput{Stacks: []types.Stack{}}
	if name := aws.ToString(in.StackName); name != "" {
		st, ok, err := s.lookup(ctx, name)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, noStack(name)
		}
		out.Stacks = append(out.Stacks, st.describe())
		return out, nil
	}
	list, err := s.stacks(ctx, (*stack).live)
	if err != nil {
		return nil, err
	}
	list, out.NextToken, err = page(list, in.NextToken, pageSize)
	for _, st := range list {
		out.Stacks = append(out.Stacks, st.describe())
	}
	return out, err
}

func (st *stack) describe() types.Stack {
	d := types.Stack{StackId: &st.ID, StackName: &st.Name, StackStatus: types.StackStatus(st.Status),
		CreationTime: &st.Created, LastUpdatedTime: timeOrNil(st.Updated), DeletionTime: timeOrNil(st.Deleted),
		DisableRollback: aws.Bool(st.DisableRollback), EnableTerminationProtection: aws.Bool(st.Protected),
		NotificationARNs: append([]string{}, st.Notify...), Tags: tagList(st.Tags), Parameters: st.shown(), RollbackConfiguration: &types.RollbackConfiguration{},
		DriftInformation: &types.StackDriftInformation{StackDriftStatus: types.StackDriftStatusNotChecked}}
	optional(&d.RoleARN, st.RoleARN)
	optional(&d.ChangeSetId, st.ChangeSet)
	optional(&d.ParentId, st.Parent)
	optional(&d.RootId, st.Root)
	optional(&d.StackStatusReason, st.Reason)
	optional(&d.Description, st.Description)
	if st.TimeoutMinutes > 0 {
		d.TimeoutInMinutes = &st.TimeoutMinutes
	}
	for _, c := range st.Capabilities {
		d.Capabilities = append(d.Capabilities, types.Capability(c))
	}
	for _, o := range st.Outputs {
		line := types.Output{OutputKey: aws.String(o.Key), OutputValue: aws.String(o.Value)}
		optional(&line.Description, o.Description)
		optional(&line.ExportName, o.Export)
		d.Outputs = append(d.Outputs, line)
	}
	return d
}

// optional sets a member of an output that is absent when empty.
func optional(to **string, text string) {
	if text != "" {
		*to = &text
	}
}

func tagList(tags map[string]string) []types.Tag {
	out := []types.Tag{}
	for _, key := range template.Keys(tags) {
		out = append(out, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out
}

// ListStacks lists stacks, deleted ones too, of the statuses asked for.
func (s *Service) ListStacks(ctx context.Context, in *cfn.ListStacksInput) (*cfn.ListStacksOutput, error) {
	list, err := s.stacks(ctx, func(st *stack) bool {
		return len(in.StackStatusFilter) == 0 || slices.Contains(in.StackStatusFilter, types.StackStatus(st.Status))
	})
	if err != nil {
		return nil, err
	}
	out := &cfn.ListStacksOutput{StackSummaries: []types.StackSummary{}}
	list, out.NextToken, err = page(list, in.NextToken, pageSize)
	for _, st := range list {
		line := types.StackSummary{StackId: &st.ID, StackName: &st.Name, StackStatus: types.StackStatus(st.Status),
			CreationTime: &st.Created, LastUpdatedTime: timeOrNil(st.Updated), DeletionTime: timeOrNil(st.Deleted),
			DriftInformation: &types.StackDriftInformationSummary{StackDriftStatus: types.StackDriftStatusNotChecked}}
		optional(&line.StackStatusReason, st.Reason)
		optional(&line.TemplateDescription, st.Description)
		optional(&line.ParentId, st.Parent)
		optional(&line.RootId, st.Root)
		out.StackSummaries = append(out.StackSummaries, line)
	}
	return out, err
}

// DescribeStackEvents tells the history of a stack, the newest event first.
func (s *Service) DescribeStackEvents(ctx context.Context, in *cfn.DescribeStackEventsInput) (*cfn.DescribeStackEventsOutput, error) {
	name := aws.ToString(in.StackName)
	out := &cfn.DescribeStackEventsOutput{StackEvents: []types.StackEvent{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, name)
		if !ok {
			return invalid("Stack [%s] does not exist", name)
		}
		space := eventsKey(st.UUID)
		r := store.Prefix(space).Backwards()
		if in.NextToken != nil {
			n, err := strconv.ParseUint(*in.NextToken, 10, 64)
			if err != nil {
				return invalid("Invalid NextToken")
			}
			r = store.Prefix(space).Before(space.Uint(n)).Backwards()
		}
		var last uint64
		for key := range tx.Scan(r) {
			if len(out.StackEvents) == pageSize {
				out.NextToken = aws.String(strconv.FormatUint(last, 10))
				break
			}
			last = key.Parts(space).Uint()
			var e stackEvent
			if tx.GetJSON(key.Clone(), &e) {
				out.StackEvents = append(out.StackEvents, e.describe(st))
			}
		}
		return nil
	})
}

func (e stackEvent) describe(st *stack) types.StackEvent {
	d := types.StackEvent{EventId: aws.String(e.ID), StackId: &st.ID, StackName: &st.Name, LogicalResourceId: aws.String(e.Logical),
		PhysicalResourceId: aws.String(e.Physical), ResourceType: aws.String(e.Type), ResourceStatus: types.ResourceStatus(e.Status),
		Timestamp: aws.Time(e.Time)}
	optional(&d.ResourceStatusReason, e.Reason)
	optional(&d.ClientRequestToken, e.Token)
	optional(&d.ResourceProperties, e.Props)
	return d
}

// resourcesOf reads the resources of a stack, in order of their logical ids.
func (s *Service) resourcesOf(ctx context.Context, name string, missing func(string) error) (*stack, []*resourceRow, error) {
	var st *stack
	var list []*resourceRow
	err := s.store.View(ctx, func(tx *store.Tx) error {
		var ok bool
		if st, ok = find(tx, name); !ok {
			return missing(name)
		}
		rows := resources(tx, st.UUID)
		for _, id := range template.Keys(rows) {
			list = append(list, rows[id])
		}
		return nil
	})
	return st, list, err
}

// DescribeStackResource describes one resource with its metadata.
func (s *Service) DescribeStackResource(ctx context.Context, in *cfn.DescribeStackResourceInput) (*cfn.DescribeStackResourceOutput, error) {
	name, logical := aws.ToString(in.StackName), aws.ToString(in.LogicalResourceId)
	st, rows, err := s.resourcesOf(ctx, name, func(n string) error { return invalid("Stack '%s' does not exist", n) })
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Logical != logical {
			continue
		}
		d := &types.StackResourceDetail{StackId: &st.ID, StackName: &st.Name, LogicalResourceId: &r.Logical, ResourceType: &r.Type,
			ResourceStatus: types.ResourceStatus(r.Status), LastUpdatedTimestamp: &r.Changed,
			DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}}
		optional(&d.PhysicalResourceId, r.ID)
		optional(&d.ResourceStatusReason, r.Reason)
		if r.Metadata != nil {
			text, err := template.JSON(map[string]any(r.Metadata))
			if err != nil {
				return nil, err
			}
			d.Metadata = &text
		}
		return &cfn.DescribeStackResourceOutput{StackResourceDetail: d}, nil
	}
	return nil, invalid("Resource %s does not exist for stack %s", logical, name)
}

// DescribeStackResources describes the resources of a stack, or of the stack
// that a physical resource is part of.
func (s *Service) DescribeStackResources(ctx context.Context, in *cfn.DescribeStackResourcesInput) (*cfn.DescribeStackResourcesOutput, error) {
	name, physical := aws.ToString(in.StackName), aws.ToString(in.PhysicalResourceId)
	switch {
	case name == "" && physical == "":
		return nil, invalid("Stack name or physical resource id must be specified")
	case name != "" && physical != "":
		return nil, invalid("Stack name and physical resource id cannot both be specified")
	case physical != "":
		var err error
		if name, err = s.owner(ctx, physical); err != nil {
			return nil, err
		}
	}
	st, rows, err := s.resourcesOf(ctx, name, noStack)
	if err != nil {
		return nil, err
	}
	out := &cfn.DescribeStackResourcesOutput{StackResources: []types.StackResource{}}
	for _, r := range rows {
		if logical := aws.ToString(in.LogicalResourceId); logical != "" && logical != r.Logical {
			continue
		}
		d := types.StackResource{StackId: &st.ID, StackName: &st.Name, LogicalResourceId: &r.Logical, ResourceType: &r.Type,
			ResourceStatus: types.ResourceStatus(r.Status), Timestamp: &r.Changed,
			DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}}
		optional(&d.PhysicalResourceId, r.ID)
		optional(&d.ResourceStatusReason, r.Reason)
		out.StackResources = append(out.StackResources, d)
	}
	return out, nil
}

// owner finds the stack that a physical resource is part of.
func (s *Service) owner(ctx context.Context, physical string) (string, error) {
	live, err := s.stacks(ctx, (*stack).live)
	if err != nil {
		return "", err
	}
	for _, st := range live {
		_, rows, err := s.resourcesOf(ctx, st.ID, noStack)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(rows, func(r *resourceRow) bool { return r.ID == physical }) {
			return st.ID, nil
		}
	}
	return "", invalid("Stack for %s does not exist", physical)
}

// ListStackResources lists the resources of a stack.
func (s *Service) ListStackResources(ctx context.Context, in *cfn.ListStackResourcesInput) (*cfn.ListStackResourcesOutput, error) {
	_, rows, err := s.resourcesOf(ctx, aws.ToString(in.StackName), noStack)
	if err != nil {
		return nil, err
	}
	out := &cfn.ListStackResourcesOutput{StackResourceSummaries: []types.StackResourceSummary{}}
	rows, out.NextToken, err = page(rows, in.NextToken, pageSize)
	for _, r := range rows {
		d := types.StackResourceSummary{LogicalResourceId: &r.Logical, ResourceType: &r.Type,
			ResourceStatus: types.ResourceStatus(r.Status), LastUpdatedTimestamp: &r.Changed,
			DriftInformation: &types.StackResourceDriftInformationSummary{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}}
		optional(&d.PhysicalResourceId, r.ID)
		optional(&d.ResourceStatusReason, r.Reason)
		out.StackResourceSummaries = append(out.StackResourceSummaries, d)
	}
	return out, err
}
