package cloudformation

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// changeSet is a change set's row.
type changeSet struct {
	ID, Name       string // ID is the ARN
	UUID           string // the stack's
	Kind           string // CREATE or UPDATE
	Status, Reason string
	Execution      string
	Description    string
	Created        time.Time
	Settings       settings
	Template       templateRow
	Changes        []types.Change
}

var changeSetName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

// noChanges is the reason that clients know a change set without changes by.
const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."

// findChangeSet finds a change set by its ARN, or by its name and its stack.
func findChangeSet(tx *store.Tx, stackName, nameOrID string) (*changeSet, error) {
	uuid, name := "", nameOrID
	if strings.HasPrefix(nameOrID, "arn:") {
		at, ok := tx.Get(changeSetIDKey(nameOrID))
		if !ok {
			return nil, noChangeSet(nameOrID)
		}
		uuid, name, _ = strings.Cut(string(at), "/")
	} else {
		if stackName == "" {
			return nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
		}
		st, ok := find(tx, stackName)
		if !ok {
			return nil, noSuchStack(stackName)
		}
		uuid = st.UUID
	}
	c := &changeSet{}
	if !tx.GetJSON(changeSetKey(uuid, name), c) {
		return nil, noChangeSet(nameOrID)
	}
	return c, nil
}

func putChangeSet(tx *store.Tx, c *changeSet) {
	tx.PutJSON(changeSetKey(c.UUID, c.Name), c)
	tx.Set(changeSetIDKey(c.ID), []byte(c.UUID+"/"+c.Name))
}

func dropChangeSet(tx *store.Tx, c *changeSet) {
	tx.Delete(changeSetKey(c.UUID, c.Name))
	tx.Delete(changeSetIDKey(c.ID))
}

func changeSets(tx *store.Tx, uuid string) []*changeSet {
	var out []*changeSet
	for key := range tx.Scan(store.Prefix(changeSetsKey(uuid))) {
		c := &changeSet{}
		if tx.GetJSON(key.Clone(), c) {
			out = append(out, c)
		}
	}
	return out
}

func dropChangeSets(tx *store.Tx, uuid string) {
	for _, c := range changeSets(tx, uuid) {
		dropChangeSet(tx, c)
	}
}

// CreateChangeSet computes what an update, or the creation, of a stack would do.
// A change set of the type CREATE makes its stack, in review.
func (s *Service) CreateChangeSet(ctx context.Context, in *cfn.CreateChangeSetInput) (*cfn.CreateChangeSetOutput, error) {
	if err := refuseChangeSet(in); err != nil {
		return nil, err
	}
	st, err := s.reviewed(ctx, in)
	if err != nil {
		return nil, err
	}
	p, set, err := s.aim(ctx, st, target{template: in.TemplateBody, url: in.TemplateURL, previous: aws.ToBool(in.UsePreviousTemplate),
		parameters: in.Parameters, capabilities: in.Capabilities, tags: in.Tags, role: in.RoleARN, topics: in.NotificationARNs})
	if err != nil {
		return nil, err
	}
	if err := s.allow(p, in.Capabilities, false); err != nil {
		return nil, err
	}
	set.OnFailure = string(in.OnStackFailure)
	found, err := s.compare(ctx, st, p, set)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.ChangeSetName)
	c := &changeSet{ID: fmt.Sprintf("arn:aws:cloudformation:%s:%s:changeSet/%s/%s", s.cfg.Region, s.cfg.Account, name, event.NewID()),
		Name: name, UUID: st.UUID, Kind: kindOf(in.ChangeSetType), Status: string(types.ChangeSetStatusCreateComplete),
		Execution: string(types.ExecutionStatusAvailable), Description: aws.ToString(in.Description), Settings: set,
		Template: templateRow{Body: p.body, Processed: p.processed}, Changes: found.list}
	if !found.any() {
		c.Status, c.Reason, c.Execution = string(types.ChangeSetStatusFailed), noChanges, string(types.ExecutionStatusUnavailable)
	}
	return &cfn.CreateChangeSetOutput{Id: &c.ID, StackId: &st.ID}, s.storeChangeSet(ctx, st, c)
}

func kindOf(t types.ChangeSetType) string {
	if t == "" {
		return string(types.ChangeSetTypeUpdate)
	}
	return string(t)
}

func refuseChangeSet(in *cfn.CreateChangeSetInput) error {
	name := aws.ToString(in.ChangeSetName)
	switch {
	case !changeSetName.MatchString(name):
		return invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	case in.ChangeSetType == types.ChangeSetTypeImport || len(in.ResourcesToImport) > 0 || aws.ToBool(in.ImportExistingResources):
		return invalid("Importing resources is not supported")
	case aws.ToBool(in.IncludeNestedStacks):
		return invalid("IncludeNestedStacks is not supported")
	case in.DeploymentMode != "" || in.DeploymentConfig != nil:
		return invalid("DeploymentMode and DeploymentConfig are not supported")
	case in.ChangeSetType != types.ChangeSetTypeCreate && in.OnStackFailure != "" && in.OnStackFailure != types.OnStackFailureRollback:
		return invalid("OnStackFailure %s is not supported for updates", in.OnStackFailure)
	}
	return refuseOptions(nil, nil, in.RollbackConfiguration, in.ResourceTypes)
}

// reviewed finds the stack that a change set is for, or forms the one that it
// will create.
func (s *Service) reviewed(ctx context.Context, in *cfn.CreateChangeSetInput) (*stack, error) {
	name := aws.ToString(in.StackName)
	st, ok, err := s.lookup(ctx, name)
	if err != nil {
		return nil, err
	}
	ok = ok && st.live()
	review := ok && st.Status == string(types.StackStatusReviewInProgress)
	if in.ChangeSetType != types.ChangeSetTypeCreate {
		switch {
		case !ok:
			return nil, noSuchStack(name)
		case review:
			return nil, invalid("Stack:%s is in REVIEW_IN_PROGRESS state and can not be updated.", st.ID)
		}
		return st, checkUpdatable(st)
	}
	if ok && !review {
		return nil, invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", name, aws.ToString(in.ChangeSetName))
	}
	if review {
		return st, nil
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	uuid := event.NewID()
	return &stack{UUID: uuid, ID: s.stackARN(name, uuid), Name: name}, nil
}

func (s *Service) storeChangeSet(ctx context.Context, st *stack, c *changeSet) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if now, ok := find(tx, st.ID); st.Status != "" && (!ok || !now.live()) {
			return noSuchStack(st.Name)
		}
		// One that has failed or was executed may be made again. The CLI names
		// them by the second, and two deployments can meet in one here, as they
		// cannot in AWS.
		var old changeSet
		if tx.GetJSON(changeSetKey(c.UUID, c.Name), &old) && !old.over() {
			text := fmt.Sprintf("ChangeSet [%s] already exists", c.Name)
			return &types.AlreadyExistsException{Message: &text}
		}
		if old.ID != "" {
			dropChangeSet(tx, &old)
		}
		if st.Status == "" {
			if _, exists := find(tx, st.Name); exists {
				return stackExists(st.Name)
			}
			st.Created = tx.Now()
			st.Tags, st.Capabilities, st.Notify = c.Settings.Tags, c.Settings.Capabilities, c.Settings.Notify
			tx.Set(nameKey(st.Name), []byte(st.UUID))
			setStatus(tx, st, types.StackStatusReviewInProgress, userInitiated)
		}
		c.Created = tx.Now()
		putChangeSet(tx, c)
		return nil
	})
}

// over reports whether nothing can be done any more with the change set.
func (c *changeSet) over() bool {
	return c.Status == string(types.ChangeSetStatusFailed) || c.Execution == string(types.ExecutionStatusExecuteComplete)
}

// ExecuteChangeSet begins what a change set describes. The stack's other change
// sets are about a stack that will no longer be, and go.
func (s *Service) ExecuteChangeSet(ctx context.Context, in *cfn.ExecuteChangeSetInput) (*cfn.ExecuteChangeSetOutput, error) {
	if aws.ToBool(in.RetainExceptOnCreate) {
		return nil, retainExceptOnCreate
	}
	uuid := ""
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		c, err := findChangeSet(tx, aws.ToString(in.StackName), aws.ToString(in.ChangeSetName))
		if err != nil {
			return err
		}
		if c.Execution != string(types.ExecutionStatusAvailable) {
			text := fmt.Sprintf("ChangeSet [%s] cannot be executed in its current status of [%s]", c.ID, c.Status)
			return &types.InvalidChangeSetStatusException{Message: &text}
		}
		st := &stack{}
		if !tx.GetJSON(stackKey(c.UUID), st) {
			return noStack(c.UUID)
		}
		if err := execute(tx, st, c, in); err != nil {
			return err
		}
		for _, other := range changeSets(tx, c.UUID) {
			if other.Name != c.Name {
				dropChangeSet(tx, other)
			}
		}
		c.Execution = string(types.ExecutionStatusExecuteComplete)
		putChangeSet(tx, c)
		uuid = c.UUID
		return nil
	})
	if err == nil {
		s.linger(ctx, uuid)
	}
	return &cfn.ExecuteChangeSetOutput{}, err
}

func execute(tx *store.Tx, st *stack, c *changeSet, in *cfn.ExecuteChangeSetInput) error {
	p := &prepared{body: c.Template.Body, processed: c.Template.Processed}
	token, keep := aws.ToString(in.ClientRequestToken), aws.ToBool(in.DisableRollback)
	st.ChangeSet = c.ID
	if st.Status == string(types.StackStatusReviewInProgress) {
		c.Settings.DisableRollback = keep
		c.Settings.Template = putTemplate(tx, st.UUID, p)
		st.settings = c.Settings
		begin(tx, st, &operation{Kind: "CREATE", Token: token})
		setStatus(tx, st, types.StackStatusCreateInProgress, userInitiated)
		return nil
	}
	if keep {
		return invalid("DisableRollback is not supported for updates")
	}
	if err := checkUpdatable(st); err != nil {
		return err
	}
	beginUpdate(tx, st, p, c.Settings, token)
	return nil
}

// DescribeChangeSet tells what a change set would do.
func (s *Service) DescribeChangeSet(ctx context.Context, in *cfn.DescribeChangeSetInput) (*cfn.DescribeChangeSetOutput, error) {
	var c *changeSet
	st := &stack{}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		var err error
		if c, err = findChangeSet(tx, aws.ToString(in.StackName), aws.ToString(in.ChangeSetName)); err != nil {
			return err
		}
		tx.GetJSON(stackKey(c.UUID), st)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shown := &stack{settings: c.Settings}
	out := &cfn.DescribeChangeSetOutput{ChangeSetId: &c.ID, ChangeSetName: &c.Name, StackId: &st.ID, StackName: &st.Name,
		Status: types.ChangeSetStatus(c.Status), ExecutionStatus: types.ExecutionStatus(c.Execution), CreationTime: &c.Created,
		Parameters: shown.shown(), Tags: tagList(c.Settings.Tags), Capabilities: capabilities(c.Settings.Capabilities),
		NotificationARNs: c.Settings.Notify, RollbackConfiguration: &types.RollbackConfiguration{},
		IncludeNestedStacks: aws.Bool(false), Changes: []types.Change{}}
	optional(&out.StatusReason, c.Reason)
	optional(&out.Description, c.Description)
	out.OnStackFailure = types.OnStackFailure(c.Settings.OnFailure)
	part, next, err := page(c.Changes, in.NextToken, pageSize)
	out.Changes, out.NextToken = append(out.Changes, part...), next
	return out, err
}

// DeleteChangeSet deletes a change set; one that is not there is deleted already.
func (s *Service) DeleteChangeSet(ctx context.Context, in *cfn.DeleteChangeSetInput) (*cfn.DeleteChangeSetOutput, error) {
	return &cfn.DeleteChangeSetOutput{}, s.store.Update(ctx, func(tx *store.Tx) error {
		c, err := findChangeSet(tx, aws.ToString(in.StackName), aws.ToString(in.ChangeSetName))
		if err != nil {
			if _, gone := err.(*types.ChangeSetNotFoundException); gone {
				return nil
			}
			return err
		}
		dropChangeSet(tx, c)
		return nil
	})
}

// ListChangeSets lists the change sets of a stack, the newest first.
func (s *Service) ListChangeSets(ctx context.Context, in *cfn.ListChangeSetsInput) (*cfn.ListChangeSetsOutput, error) {
	out := &cfn.ListChangeSetsOutput{Summaries: []types.ChangeSetSummary{}}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok {
			return noSuchStack(aws.ToString(in.StackName))
		}
		list := changeSets(tx, st.UUID)
		slices.SortStableFunc(list, func(a, b *changeSet) int { return b.Created.Compare(a.Created) })
		for _, c := range list {
			line := types.ChangeSetSummary{ChangeSetId: &c.ID, ChangeSetName: &c.Name, StackId: &st.ID, StackName: &st.Name,
				Status: types.ChangeSetStatus(c.Status), ExecutionStatus: types.ExecutionStatus(c.Execution), CreationTime: &c.Created}
			optional(&line.StatusReason, c.Reason)
			optional(&line.Description, c.Description)
			out.Summaries = append(out.Summaries, line)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Summaries, out.NextToken, err = page(out.Summaries, in.NextToken, pageSize)
	return out, err
}
