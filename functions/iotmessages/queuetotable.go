package iotmessages

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// QueueToTable opens the function that messages on the queue invoke. It does
// what each asks of the table and answers with the messages that failed, which
// the queue then delivers again, and no others (ReportBatchItemFailures).
//
// Messages are done in the order in which they came, POSTs next to each other in
// one request. A PUT changes an item that is there: one that arrives before its
// POST fails and succeeds when it is delivered again.
func QueueToTable(ctx context.Context) (any, error) {
	t, err := openTable(ctx)
	if err != nil {
		return nil, err
	}
	return (&queueToTable{t}).handle, nil
}

type queueToTable struct{ table table }

func (f *queueToTable) handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	fail := func(err error, ids ...string) {
		for _, id := range ids {
			slog.WarnContext(ctx, "the message failed", "messageId", id, "reason", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
	}
	var jobs []job
	for _, m := range e.Records {
		j, err := readJob(m, f.table.name)
		if err != nil {
			fail(err, m.MessageId)
			continue
		}
		jobs = append(jobs, j)
	}
	for _, run := range runs(jobs) {
		f.do(ctx, run, fail)
	}
	return answer, nil
}

// runs divides jobs, in their order, into runs of POSTs and single others.
func runs(jobs []job) [][]job {
	var out [][]job
	for i, j := range jobs {
		if i > 0 && j.method == "POST" && jobs[i-1].method == "POST" {
			out[len(out)-1] = append(out[len(out)-1], j)
			continue
		}
		out = append(out, []job{j})
	}
	return out
}

func (f *queueToTable) do(ctx context.Context, run []job, fail func(error, ...string)) {
	var err error
	switch first := run[0]; first.method {
	case "POST":
		f.table.putAll(ctx, lastPuts(run), fail)
		return
	case "PUT":
		err = f.table.update(ctx, first.key, first.request)
	case "DELETE":
		err = f.table.delete(ctx, first.key, anyItem)
	}
	if err != nil {
		fail(err, run[0].id)
	}
}

// A put is an item to write and the messages that asked for it.
type put struct {
	key  key
	item item
	ids  []string
}

// lastPuts is the puts of a run with each key once, since one request may not
// write a key twice: the last message's item stands for all of that key.
func lastPuts(run []job) []put {
	var puts []put
	at := make(map[key]int, len(run))
	for _, j := range run {
		i, ok := at[j.key]
		if !ok {
			i = len(puts)
			at[j.key] = i
			puts = append(puts, put{key: j.key})
		}
		puts[i].item = j.Item
		puts[i].ids = append(puts[i].ids, j.id)
	}
	return puts
}
