package sqs

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

const (
	moveTimer = "sqs.move" // id: as that of the retention timer

	keptTasks   = 10      // tasks of a queue that are remembered
	maxMoveRate = 500     // messages a second
	moveBatch   = 100     // messages that one transaction moves
	moveBytes   = 4 << 20 // bytes after which it moves no more: it holds up all others
)

// States of a task.
const (
	running   = "RUNNING"
	completed = "COMPLETED"
	cancelled = "CANCELLED"
	failed    = "FAILED"
)

// Reasons for which a task fails.
const (
	reasonNoSource = "CouldNotDetermineMessageSource"
	reasonNoQueue  = "AWS.SimpleQueueService.NonExistentQueue"
)

var moveSpace = store.K("sqs", "move")

// moveTask is the row of a task that moves messages out of a dead-letter
// queue. The row and the messages that it counts commit together, and a timer
// goes on with it, so that a task outlives the process.
type moveTask struct {
	seq uint64 // by which the tasks of a queue are in order

	ID          string
	Status      string
	Source      string // ARN
	Destination string `json:",omitempty"` // ARN; empty: where each message came from
	Rate        int32  `json:",omitempty"` // messages a second; 0: as fast as can be
	Moved       int64
	ToMove      int64
	Started     time.Time
	Failure     string `json:",omitempty"`
}

func (t *moveTask) save(tx *store.Tx, q *queue) { tx.PutJSON(backlog.Key(moveSpace, q.ID, t.seq), t) }

// handle is the task's handle, in AWS's form.
func (t *moveTask) handle() string {
	b, _ := json.Marshal(taskHandle{t.ID, t.Source})
	return base64.StdEncoding.EncodeToString(b)
}

type taskHandle struct {
	ID     string `json:"taskId"`
	Source string `json:"sourceArn"`
}

// tasks returns the tasks of a queue, the newest first.
func (s *Service) tasks(tx *store.Tx, q *queue) []*moveTask {
	var out []*moveTask
	for k := range tx.Scan(store.Prefix(backlog.Key(moveSpace, q.ID)).Backwards()) {
		t := &moveTask{seq: binary.BigEndian.Uint64(k[len(k)-8:])}
		if tx.GetJSON(k.Clone(), t) {
			out = append(out, t)
		}
	}
	return out
}

// StartMessageMoveTask begins to move the messages of a dead-letter queue.
func (s *Service) StartMessageMoveTask(ctx context.Context, in *api.StartMessageMoveTaskInput) (*api.StartMessageMoveTaskOutput, error) {
	if n := in.MaxNumberOfMessagesPerSecond; n != nil && (*n < 1 || *n > maxMoveRate) {
		return nil, errValue(*n, "MaxNumberOfMessagesPerSecond", "Must be between 1 and %d, if provided.", maxMoveRate)
	}
	out := &api.StartMessageMoveTaskOutput{}
	return out, s.store.Update(ctx, func(tx *store.Tx) error {
		q, err := s.parameterQueue(tx, "SourceArn", in.SourceArn)
		if err != nil {
			return err
		}
		t, err := s.newTask(tx, q, in)
		if err != nil {
			return err
		}
		out.TaskHandle = aws.String(t.handle())
		t.save(tx, q)
		tx.SetTimer(moveTimer, q.timerID(), tx.Now())
		return nil
	})
}

func (s *Service) newTask(tx *store.Tx, q *queue, in *api.StartMessageMoveTaskInput) (*moveTask, error) {
	if !s.isDeadLetterQueue(tx, q) {
		return nil, errInvalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != nil {
		to, err := s.parameterQueue(tx, "DestinationArn", in.DestinationArn)
		if err != nil {
			return nil, err
		}
		if to.ID == q.ID {
			return nil, errValue(*in.DestinationArn, "DestinationArn", "Source queue and destination queue must not be the same.")
		}
		if to.fifo != q.fifo {
			return nil, errValue(*in.DestinationArn, "DestinationArn", "Source queue and destination queue must be of the same type.")
		}
	}
	old := s.tasks(tx, q)
	if len(old) > 0 && old[0].Status == running {
		return nil, errUnsupported("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	for i := keptTasks - 1; i < len(old); i++ {
		tx.Delete(backlog.Key(moveSpace, q.ID, old[i].seq))
	}
	r := s.rowsOf(tx, q)
	return &moveTask{
		seq: tx.NextID(), ID: event.NewID(), Status: running,
		Source: *in.SourceArn, Destination: aws.ToString(in.DestinationArn),
		Rate: aws.ToInt32(in.MaxNumberOfMessagesPerSecond), ToMove: int64(r.count().visible), Started: tx.Now(),
	}, r.Err()
}

// parameterQueue is the queue of the ARN that a parameter gives.
func (s *Service) parameterQueue(tx *store.Tx, parameter string, value *string) (*queue, error) {
	if value == nil {
		return nil, errMissing(parameter)
	}
	a, err := arn.Parse(*value)
	if err != nil || a.Service != "sqs" {
		return nil, errInvalid("You must use this format to specify the %s: arn:<partition>:<service>:<region>:<account-id>:<resource-id>", parameter)
	}
	q, err := s.byARN(tx, a)
	if err != nil {
		return nil, errNoResource("The resource that you specified for the " + parameter + " parameter doesn't exist.")
	}
	return q, nil
}

func errNoResource(text string) error {
	return &types.ResourceNotFoundException{Message: aws.String(text)}
}

// CancelMessageMoveTask ends a task. What it moved stays moved.
func (s *Service) CancelMessageMoveTask(ctx context.Context, in *api.CancelMessageMoveTaskInput) (*api.CancelMessageMoveTaskOutput, error) {
	if in.TaskHandle == nil {
		return nil, errMissing("TaskHandle")
	}
	var h taskHandle
	b, err := base64.StdEncoding.DecodeString(*in.TaskHandle)
	if err != nil || json.Unmarshal(b, &h) != nil || h.ID == "" {
		return nil, errInvalid("Value for parameter TaskHandle is invalid.")
	}
	out := &api.CancelMessageMoveTaskOutput{}
	return out, s.store.Update(ctx, func(tx *store.Tx) error {
		q, err := s.parameterQueue(tx, "SourceArn", &h.Source)
		if err != nil {
			return err
		}
		for _, t := range s.tasks(tx, q) {
			if t.ID != h.ID {
				continue
			}
			if t.Status != running {
				return errUnsupported("Only active tasks can be cancelled.")
			}
			t.Status = cancelled
			t.save(tx, q)
			tx.ClearTimer(moveTimer, q.timerID())
			out.ApproximateNumberOfMessagesMoved = t.Moved
			return nil
		}
		return errNoResource("Task does not exist.")
	})
}

// ListMessageMoveTasks lists the latest tasks of a queue, up to ten.
func (s *Service) ListMessageMoveTasks(ctx context.Context, in *api.ListMessageMoveTasksInput) (*api.ListMessageMoveTasksOutput, error) {
	limit := 1
	if n := in.MaxResults; n != nil {
		if *n < 1 || *n > keptTasks {
			return nil, errValue(*n, "MaxResults", "Must be between 1 and %d, if provided.", keptTasks)
		}
		limit = int(*n)
	}
	out := &api.ListMessageMoveTasksOutput{}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		q, err := s.parameterQueue(tx, "SourceArn", in.SourceArn)
		if err != nil {
			return err
		}
		for _, t := range s.tasks(tx, q) {
			if len(out.Results) < limit {
				out.Results = append(out.Results, t.show())
			}
		}
		return nil
	})
}

func (t *moveTask) show() types.ListMessageMoveTasksResultEntry {
	e := types.ListMessageMoveTasksResultEntry{
		Status:                            aws.String(t.Status),
		SourceArn:                         aws.String(t.Source),
		DestinationArn:                    optional(t.Destination),
		FailureReason:                     optional(t.Failure),
		ApproximateNumberOfMessagesMoved:  t.Moved,
		ApproximateNumberOfMessagesToMove: aws.Int64(t.ToMove),
		StartedTimestamp:                  t.Started.UnixMilli(),
	}
	if t.Status == running {
		e.TaskHandle = aws.String(t.handle())
	}
	if t.Rate > 0 {
		e.MaxNumberOfMessagesPerSecond = aws.Int32(t.Rate)
	}
	return e
}

// moveSome moves the next messages of the running task of a queue. With a rate
// it waits for as long as these may take.
func (s *Service) moveSome(_ context.Context, tx *store.Tx, id string) error {
	q := s.byTimer(tx, id)
	if q == nil {
		return nil
	}
	list := s.tasks(tx, q)
	if len(list) == 0 || list[0].Status != running {
		return nil
	}
	t, limit, each := list[0], moveBatch, time.Duration(0)
	if t.Rate > 0 {
		limit, each = min(limit, int(t.Rate)), time.Second/time.Duration(t.Rate)
	}
	n, done, err := s.moveUpTo(tx, q, t, limit)
	if reason := (moveFailure)(""); errors.As(err, &reason) {
		t.Status, t.Failure, err = failed, string(reason), nil
		tx.OnCommit(func() { s.cfg.Logger.Warn("message move task failed", "queue", q.Name, "task", t.ID, "reason", reason) })
	} else if done {
		t.Status = completed
	} else {
		tx.SetTimer(moveTimer, id, tx.Now().Add(time.Duration(n)*each))
	}
	t.Moved += int64(n)
	t.save(tx, q)
	return err
}

// moveFailure ends a task, with the reason that clients are told.
type moveFailure string

func (f moveFailure) Error() string { return string(f) }

// moveUpTo moves visible messages, and returns how many, and whether these were
// all. With a moveFailure those before it are moved.
func (s *Service) moveUpTo(tx *store.Tx, q *queue, t *moveTask, limit int) (n int, done bool, fault error) {
	from := s.rowsOf(tx, q)
	to := map[string]*rows{}
	list, _ := from.Due(limit)
	for size := 0; n < len(list) && size < moveBytes && fault == nil; {
		var bytes int
		if bytes, fault = s.moveOne(from, to, t, list[n]); fault == nil {
			size += bytes
			n++
		}
	}
	done = n == len(list) && n < limit
	for _, r := range to {
		if err := r.Save(); err != nil {
			return n, done, err
		}
	}
	if n == 0 {
		return 0, done, cmp.Or(from.Err(), fault)
	}
	if err := from.Save(); err != nil {
		return n, done, err
	}
	return n, done, fault
}

// moveOne moves a message, and returns the size of its row. It becomes a new
// message: it has a new id and a new time of sending
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html).
func (s *Service) moveOne(from *rows, to map[string]*rows, t *moveTask, c backlog.Candidate) (size int, err error) {
	row, ok := from.Body(c.Seq)
	if !ok {
		return 0, backlog.ErrRow
	}
	m, err := decodeMessage(row)
	if err != nil {
		return 0, err
	}
	address := t.Destination
	if address == "" {
		address = m.source
	}
	r, err := s.destination(from, to, address)
	if err != nil {
		return 0, err
	}
	m.id = newMessageID()
	m.source, m.receivedThere, m.firstReceived = "", 0, time.Time{}
	from.Remove(c)
	r.insert(from.tx.NextID(), m.encode(), m.group, from.tx.Now(), 0)
	return len(row), nil
}

// destination is the queue at an ARN, opened once a transaction.
func (s *Service) destination(from *rows, to map[string]*rows, address string) (*rows, error) {
	if r := to[address]; r != nil {
		return r, nil
	}
	a, err := arn.Parse(address)
	if err != nil {
		return nil, moveFailure(reasonNoSource)
	}
	q, err := s.byARN(from.tx, a)
	if err != nil || q.ID == from.q.ID || q.fifo != from.q.fifo {
		return nil, moveFailure(reasonNoQueue)
	}
	to[address] = s.rowsOf(from.tx, q)
	return to[address], nil
}
