package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// follow tells what happens to the stack until it is at rest. CloudFormation
// has no call that waits, so this asks again, less and less often.
func (d *deployment) follow(ctx context.Context, id string) (*types.Stack, error) {
	for wait := newBackoff(); ; wait.next(ctx) {
		stack, err := d.describe(ctx, id)
		if err != nil {
			return nil, err
		}
		news, err := d.tellEvents(ctx, id)
		if err != nil {
			return nil, err
		}
		if news {
			wait.reset()
		}
		if stack == nil {
			return nil, fmt.Errorf("stack %s is gone", d.Stack)
		}
		if status := string(stack.StackStatus); !strings.HasSuffix(status, "_IN_PROGRESS") {
			return stack, d.verdict(stack)
		}
	}
}

// verdict is an error unless the stack ended as was asked.
func (d *deployment) verdict(stack *types.Stack) error {
	switch stack.StackStatus {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusDeleteComplete:
		return nil
	}
	text := fmt.Sprintf("stack %s: %s", d.Stack, stack.StackStatus)
	if reason := aws.ToString(stack.StackStatusReason); reason != "" {
		text += ": " + reason
	}
	return errors.Join(append([]error{errors.New(text)}, d.reasons...)...)
}

// tellEvents tells the events that are new, oldest first.
func (d *deployment) tellEvents(ctx context.Context, id string) (news bool, err error) {
	events, err := d.newEvents(ctx, id)
	if err != nil {
		return false, err
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		reason := aws.ToString(e.ResourceStatusReason)
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && !cancelled(reason) {
			d.reasons = append(d.reasons, fmt.Errorf("%s (%s): %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceType), reason))
		}
		if d.Progress != nil {
			d.Progress(e)
		}
	}
	return len(events) > 0, nil
}

// cancelled recognises a resource that failed only because another one did.
func cancelled(reason string) bool {
	return reason == "Resource creation cancelled" || reason == "Resource update cancelled"
}

// newEvents returns the events not seen before, newest first.
func (d *deployment) newEvents(ctx context.Context, id string) ([]types.StackEvent, error) {
	if d.seen == nil {
		d.seen = make(map[string]bool)
	}
	var events []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(d.cfn, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.StackEvents {
			if d.seen[aws.ToString(e.EventId)] {
				return events, nil
			}
			d.seen[aws.ToString(e.EventId)] = true
			events = append(events, e)
		}
	}
	return events, nil
}

// skipEvents passes over what happened to the stack before this run.
func (d *deployment) skipEvents(ctx context.Context, id string) error {
	_, err := d.newEvents(ctx, id)
	return err
}

// backoff spaces the questions of a client that must ask again.
type backoff struct{ d time.Duration }

const (
	firstWait = 10 * time.Millisecond
	lastWait  = time.Second
)

func newBackoff() *backoff { return &backoff{firstWait} }

func (b *backoff) reset() { b.d = firstWait }

// next waits, or returns at once when ctx ends: the next question will say so.
func (b *backoff) next(ctx context.Context) {
	t := time.NewTimer(b.d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	b.d = min(lastWait, b.d*3/2)
}
