// Package lambda is AWS Lambda: functions, their versions and aliases, who may
// invoke them, and the three ways in which they are invoked.
//
//   - Synchronously, by Invoke and by [event.Functions]: the caller waits, and
//     is throttled when no slot is free.
//   - Asynchronously (package async), by Invoke with the type Event and by
//     [event.Target]: the invocation is a row, written in the transaction of
//     whatever caused it, and goes in the transaction that records how it
//     ended. Retries after 1 and 2 minutes, the event's greatest age,
//     destinations and dead-letter queues follow
//     https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
//   - From a queue, by an event source mapping (package source), as
//     https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html describes: a
//     batch is received and the last one's successes are deleted in one
//     transaction.
//
// What holds:
//
//   - An asynchronous invocation or a message is gone only after the function
//     has had it, or after it was handed to its destination or dead-letter
//     queue in the same transaction. A crash runs it again.
//   - Nothing polls: pollers and dispatchers wait for commits and due times.
//   - Whoever a function's policy does not name cannot invoke it on behalf of
//     another service.
//   - Code is a blob in the store. What is unpacked from it is a cache.
//
// What differs from AWS:
//
//   - Functions run as processes of this machine (package sandbox), at most
//     Config.Concurrency at a time. Backlogs take at most half of that, so that
//     callers who wait find room, and at least ten stay unreserved.
//   - A function is Active, and a mapping Enabled, as soon as it is made.
//   - A role must let Lambda assume it; what its policies permit is not judged.
//   - Architectures, EphemeralStorage and TracingConfig are kept and shown, and
//     change nothing: code runs on the machine's own architecture, and traces
//     are passed on but not collected.
//   - Code.Location is an address of this runtime, not one of S3, and is signed
//     by the function's role.
//   - What waits for a slot is not throttled, and metrics (package metrics) do
//     not count it as such.
//   - Filters look at all of a message's record, not at its body alone.
//
// Not here, and refused by name: container images, layers, VPCs, file systems,
// SnapStart, provisioned concurrency, response streaming, function URLs, code
// signing, durable functions, tenancy, capacity providers, and event sources
// other than SQS queues.
package lambda
