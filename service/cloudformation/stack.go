package cloudformation

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudformation/template"
	"github.com/runnel/runnel/store"
)

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func checkName(name string) error {
	if stackName.MatchString(name) {
		return nil
	}
	return invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: "+
		"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
}

func (s *Service) stackARN(name, uuid string) string {
	return fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", s.cfg.Region, s.cfg.Account, name, uuid)
}

// tagMap turns tags into a map. Keys that begin with aws: are AWS's own.
func tagMap(tags []types.Tag) (map[string]string, error) {
	if len(tags) > 50 {
		return nil, invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	out := make(map[string]string, len(tags))
	for _, tag := range tags {
		key := aws.ToString(tag.Key)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, invalid("aws: prefixed tag key names are not allowed for external use.")
		}
		out[key] = aws.ToString(tag.Value)
	}
	return out, nil
}

// refuseOptions names what a request asks for and is not done here.
func refuseOptions(policy, policyURL *string, rollback *types.RollbackConfiguration, kinds []string) error {
	switch {
	case policy != nil || policyURL != nil:
		return invalid("StackPolicy is not supported")
	case rollback != nil && len(rollback.RollbackTriggers) > 0:
		return invalid("RollbackConfiguration with RollbackTriggers is not supported")
	case len(kinds) > 0:
		return invalid("ResourceTypes is not supported")
	}
	return nil
}

var retainExceptOnCreate = invalid("RetainExceptOnCreate is not supported")

func refuseCreate(in *cfn.CreateStackInput) error {
	switch {
	case in.DisableRollback != nil && in.OnFailure != "":
		return invalid("You can specify either DisableRollback or OnFailure, but not both.")
	case aws.ToBool(in.RetainExceptOnCreate):
		return retainExceptOnCreate
	case in.TimeoutInMinutes != nil && *in.TimeoutInMinutes < 1:
		return invalid("1 validation error detected: Value '%d' at 'timeoutInMinutes' failed to satisfy constraint: "+
			"Member must have value greater than or equal to 1", *in.TimeoutInMinutes)
	}
	if err := checkName(aws.ToString(in.StackName)); err != nil {
		return err
	}
	return refuseOptions(in.StackPolicyBody, in.StackPolicyURL, in.RollbackConfiguration, in.ResourceTypes)
}

// CreateStack accepts a stack whose template is sound; the rest follows.
func (s *Service) CreateStack(ctx context.Context, in *cfn.CreateStackInput) (*cfn.CreateStackOutput, error) {
	if err := refuseCreate(in); err != nil {
		return nil, err
	}
	name := aws.ToString(in.StackName)
	body, err := s.body(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	values, err := parameters(in.Parameters, nil)
	if err == nil {
		err = s.checkTopics(ctx, in.NotificationARNs)
	}
	if err != nil {
		return nil, err
	}
	uuid := event.NewID()
	id := s.stackARN(name, uuid)
	p, err := s.prepare(body, values, s.env(name, id, in.NotificationARNs), nil)
	if err != nil {
		return nil, err
	}
	if err := s.allow(p, in.Capabilities, true); err != nil {
		return nil, err
	}
	set := p.settings()
	if set.Tags, err = tagMap(in.Tags); err != nil {
		return nil, err
	}
	set.RoleARN, set.Notify = aws.ToString(in.RoleARN), in.NotificationARNs
	set.Capabilities, set.TimeoutMinutes = names(in.Capabilities), aws.ToInt32(in.TimeoutInMinutes)
	set.OnFailure, set.DisableRollback = string(in.OnFailure), aws.ToBool(in.DisableRollback)
	st := &stack{UUID: uuid, ID: id, Name: name, settings: set, Protected: aws.ToBool(in.EnableTerminationProtection)}
	if err := s.create(ctx, st, p, aws.ToString(in.ClientRequestToken)); err != nil {
		return nil, err
	}
	s.linger(ctx, uuid)
	return &cfn.CreateStackOutput{StackId: &id}, nil
}

func names(capabilities []types.Capability) []string {
	var out []string
	for _, c := range capabilities {
		out = append(out, string(c))
	}
	return out
}

// create stores a new stack and begins its creation.
func (s *Service) create(ctx context.Context, st *stack, p *prepared, token string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if _, exists := find(tx, st.Name); exists {
			return stackExists(st.Name)
		}
		st.Template, st.Created = putTemplate(tx, st.UUID, p), tx.Now()
		tx.Set(nameKey(st.Name), []byte(st.UUID))
		begin(tx, st, &operation{Kind: "CREATE", Token: token})
		setStatus(tx, st, types.StackStatusCreateInProgress, userInitiated)
		return nil
	})
}

// updatable are the statuses in which a stack may be updated.
var updatable = []types.StackStatus{types.StackStatusCreateComplete, types.StackStatusUpdateComplete,
	types.StackStatusUpdateRollbackComplete, types.StackStatusCreateFailed}

func checkUpdatable(st *stack) error {
	if st.Operation == nil && slices.Contains(updatable, types.StackStatus(st.Status)) {
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", st.ID, st.Status)
}

func refuseUpdate(in *cfn.UpdateStackInput) error {
	switch {
	case aws.ToBool(in.DisableRollback):
		return invalid("DisableRollback is not supported by UpdateStack")
	case in.StackPolicyDuringUpdateBody != nil || in.StackPolicyDuringUpdateURL != nil:
		return invalid("StackPolicyDuringUpdate is not supported")
	case aws.ToBool(in.RetainExceptOnCreate):
		return retainExceptOnCreate
	}
	return refuseOptions(in.StackPolicyBody, in.StackPolicyURL, in.RollbackConfiguration, in.ResourceTypes)
}

// UpdateStack accepts an update that changes something.
func (s *Service) UpdateStack(ctx context.Context, in *cfn.UpdateStackInput) (*cfn.UpdateStackOutput, error) {
	if err := refuseUpdate(in); err != nil {
		return nil, err
	}
	name := aws.ToString(in.StackName)
	st, ok, err := s.lookup(ctx, name)
	if err != nil {
		return nil, err
	}
	if !ok || !st.live() {
		return nil, noSuchStack(name)
	}
	if err := checkUpdatable(st); err != nil {
		return nil, err
	}
	t := target{template: in.TemplateBody, url: in.TemplateURL, previous: aws.ToBool(in.UsePreviousTemplate),
		parameters: in.Parameters, capabilities: in.Capabilities, tags: in.Tags, role: in.RoleARN, topics: in.NotificationARNs}
	p, set, err := s.aim(ctx, st, t)
	if err != nil {
		return nil, err
	}
	if err := s.allow(p, in.Capabilities, true); err != nil {
		return nil, err
	}
	changes, err := s.compare(ctx, st, p, set)
	if err != nil {
		return nil, err
	}
	if !changes.any() {
		return nil, invalid("No updates are to be performed.")
	}
	if err := s.update(ctx, st.UUID, p, set, aws.ToString(in.ClientRequestToken)); err != nil {
		return nil, err
	}
	s.linger(ctx, st.UUID)
	return &cfn.UpdateStackOutput{StackId: &st.ID}, nil
}

// target is what an update or a change set asks for.
type target struct {
	template, url *string
	previous      bool
	parameters    []types.Parameter
	capabilities  []types.Capability
	tags          []types.Tag // nil keeps those that the stack has
	role          *string
	topics        []string // nil keeps those that the stack has
}

// aim prepares the template and the settings that a stack shall have.
func (s *Service) aim(ctx context.Context, st *stack, t target) (*prepared, settings, error) {
	body, err := s.aimedBody(ctx, st, t)
	if err != nil {
		return nil, settings{}, err
	}
	values, err := parameters(t.parameters, st.Parameters)
	if err != nil {
		return nil, settings{}, err
	}
	topics := st.Notify
	if t.topics != nil {
		topics = t.topics
		if err := s.checkTopics(ctx, topics); err != nil {
			return nil, settings{}, err
		}
	}
	p, err := s.prepare(body, values, s.env(st.Name, st.ID, topics), nil)
	if err != nil {
		return nil, settings{}, err
	}
	set := p.settings()
	set.Notify = topics
	set.Tags, set.RoleARN, set.Capabilities = st.Tags, st.RoleARN, names(t.capabilities)
	if t.role != nil {
		set.RoleARN = *t.role
	}
	if t.tags != nil {
		set.Tags, err = tagMap(t.tags)
	}
	return p, set, err
}

func (s *Service) aimedBody(ctx context.Context, st *stack, t target) (string, error) {
	if !t.previous {
		return s.body(ctx, t.template, t.url)
	}
	if t.template != nil || t.url != nil {
		return "", invalid("Template URL, Template Body or UsePreviousTemplate must be specified, and only one of them.")
	}
	var body string
	err := s.store.View(ctx, func(tx *store.Tx) error {
		body = templateOf(tx, st.UUID, st.Template).Body
		return nil
	})
	return body, err
}

// update begins an update.
func (s *Service) update(ctx context.Context, uuid string, p *prepared, set settings, token string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		st := &stack{}
		if !tx.GetJSON(stackKey(uuid), st) {
			return noSuchStack(uuid)
		}
		if err := checkUpdatable(st); err != nil {
			return err
		}
		beginUpdate(tx, st, p, set, token)
		return nil
	})
}

func beginUpdate(tx *store.Tx, st *stack, p *prepared, set settings, token string) {
	begin(tx, st, &operation{Kind: "UPDATE", Token: token, Before: st.settings, BeforeOut: st.Outputs})
	set.Template = putTemplate(tx, st.UUID, p)
	st.settings, st.Updated = set, tx.Now()
	setStatus(tx, st, types.StackStatusUpdateInProgress, userInitiated)
}

// DeleteStack begins the deletion of a stack; one that is not there is deleted
// already.
func (s *Service) DeleteStack(ctx context.Context, in *cfn.DeleteStackInput) (*cfn.DeleteStackOutput, error) {
	if in.DeletionMode == types.DeletionModeForceDeleteStack {
		return nil, invalid("DeletionMode FORCE_DELETE_STACK is not supported")
	}
	uuid := ""
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok || !st.live() || st.Status == string(types.StackStatusDeleteInProgress) {
			return nil
		}
		uuid = st.UUID
		if st.Protected {
			return invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.Name)
		}
		if len(in.RetainResources) > 0 && st.Status != string(types.StackStatusDeleteFailed) {
			return invalid("Invalid operation on stack [%s]. You can only specify RetainResources when the stack is in the DELETE_FAILED state.", st.ID)
		}
		if st.Operation != nil {
			return deleteRunning(tx, st)
		}
		beginDelete(tx, st, &operation{Token: aws.ToString(in.ClientRequestToken), Retain: in.RetainResources}, userInitiated)
		return nil
	})
	if err == nil && uuid != "" {
		s.linger(ctx, uuid)
	}
	return &cfn.DeleteStackOutput{}, err
}

func beginDelete(tx *store.Tx, st *stack, op *operation, why string) {
	op.Kind = "DELETE"
	begin(tx, st, op)
	setStatus(tx, st, types.StackStatusDeleteInProgress, why)
}

// deleteRunning gives up a creation in favour of the deletion of the stack.
func deleteRunning(tx *store.Tx, st *stack) error {
	if st.Operation.Kind != "CREATE" {
		return invalid("Stack [%s] cannot be deleted while in status %s", st.Name, st.Status)
	}
	st.Operation.Cancelled, st.Operation.Delete = true, true
	putStack(tx, st)
	return nil
}

// CancelUpdateStack gives up an update and rolls it back.
func (s *Service) CancelUpdateStack(ctx context.Context, in *cfn.CancelUpdateStackInput) (*cfn.CancelUpdateStackOutput, error) {
	return &cfn.CancelUpdateStackOutput{}, s.store.Update(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok || !st.live() {
			return noSuchStack(aws.ToString(in.StackName))
		}
		if st.Status != string(types.StackStatusUpdateInProgress) {
			return invalid("CancelUpdateStack cannot be called from current stack status")
		}
		st.Operation.Cancelled = true
		putStack(tx, st)
		return nil
	})
}

// ContinueUpdateRollback takes up a rollback that failed.
func (s *Service) ContinueUpdateRollback(ctx context.Context, in *cfn.ContinueUpdateRollbackInput) (*cfn.ContinueUpdateRollbackOutput, error) {
	return &cfn.ContinueUpdateRollbackOutput{}, s.store.Update(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok || !st.live() {
			return noSuchStack(aws.ToString(in.StackName))
		}
		if st.Status != string(types.StackStatusUpdateRollbackFailed) || st.Failed == nil {
			return invalid("Stack:%s is in %s state and can not continue rollback.", st.ID, st.Status)
		}
		st.Operation, st.Failed = st.Failed, nil
		st.Operation.Token, st.Operation.Skip = aws.ToString(in.ClientRequestToken), in.ResourcesToSkip
		tx.Set(runningKey(st.UUID), nil)
		tx.Wake(runningTopic)
		setStatus(tx, st, types.StackStatusUpdateRollbackInProgress, userInitiated)
		return nil
	})
}

// UpdateTerminationProtection protects a stack from deletion, or no longer.
func (s *Service) UpdateTerminationProtection(ctx context.Context, in *cfn.UpdateTerminationProtectionInput) (*cfn.UpdateTerminationProtectionOutput, error) {
	out := &cfn.UpdateTerminationProtectionOutput{}
	return out, s.store.Update(ctx, func(tx *store.Tx) error {
		st, ok := find(tx, aws.ToString(in.StackName))
		if !ok || !st.live() {
			return noSuchStack(aws.ToString(in.StackName))
		}
		st.Protected = aws.ToBool(in.EnableTerminationProtection)
		putStack(tx, st)
		out.StackId = &st.ID
		return nil
	})
}

// shown gives the parameters as they may be shown.
func (st *stack) shown() []types.Parameter {
	var out []types.Parameter
	for _, name := range template.Keys(st.Parameters) {
		value := st.Parameters[name]
		if slices.Contains(st.Hidden, name) {
			value = template.Masked
		}
		out = append(out, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	return out
}
