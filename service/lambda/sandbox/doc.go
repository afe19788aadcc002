// Package sandbox runs Lambda functions as processes of this machine.
//
// An [Executor] keeps a pool of processes for every function version. A
// process speaks the Lambda Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) to a
// loopback listener of its own, which is what tells processes apart: the API
// allows a host and a port, and no path. It serves one invocation at a time,
// stays for the next, and is killed with its process group when it exceeds its
// timeout or its memory, when it has been idle for long, and when the executor
// closes or dies.
//
// What holds:
//   - An invocation is handed to at most one process. One whose process died
//     before it took the invocation is given to another.
//   - All that a process wrote before it answered is in the log before Invoke
//     returns: stdout and stderr are one pipe, and the answer is accepted only
//     after what the pipe held at that moment has been read.
//   - A function sees the environment that Lambda sets, its own variables and
//     AWS_ENDPOINT_URL, and nothing of the host's.
//   - A flood of output, headers or body costs a bounded amount of memory.
//
// What differs from AWS:
//   - The file system is the host's. LAMBDA_TASK_ROOT is the function's folder,
//     not /var/task, and each process has its own TMPDIR; /tmp is the host's.
//     EphemeralStorage is not enforced.
//   - A process is not frozen between invocations.
//   - Memory is watched, not limited: resident memory of the process group is
//     sampled while it works, and a group above its limit is killed. This is
//     done on Linux alone; elsewhere memory is neither limited nor reported.
//   - The Extensions, Telemetry and SnapStart (restore) APIs answer 404.
//     Provisioned concurrency and response streaming to the caller are absent.
//   - java*, dotnet* and ruby* are refused by [Executor.Available].
package sandbox
