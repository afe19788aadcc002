"""The Lambda runtime for Python, in terms of the Lambda Runtime API.

It loads the function that _HANDLER names from LAMBDA_TASK_ROOT, asks for
events, calls it, and answers. What a function can observe (context object,
error reports, log format, the encoding of responses) is as in AWS's runtime:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
It needs Python 3.7 and nothing but the standard library, of which it imports
little, since it is loaded at each cold start.
"""

import decimal
import importlib
import json
import logging
import math
import os
import socket
import sys
import time
import traceback

API = "/2018-06-01/runtime"
BUNDLED = ("boto3", "botocore", "s3transfer")  # what AWS's runtime brings along


class Fault(Exception):
    """A failure with a type of Lambda's own instead of an exception's name."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.trace = kind, list(trace)


class Client:
    """Speaks HTTP/1.1 over one connection: http.client costs more to import
    than the rest of this file."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def request(self, method, path, body=b"", headers=()):
        head = [
            "%s %s%s HTTP/1.1" % (method, API, path),
            "Host: " + self.address,
            "Content-Length: %d" % len(body),
        ]
        head.extend("%s: %s" % field for field in headers)
        self.socket.sendall("\r\n".join(head + ["", ""]).encode("latin-1", "replace") + body)
        return self.response()

    def response(self):
        status = self.reader.readline().split(b" ", 2)
        if len(status) < 2:  # Lambda is gone
            os._exit(0)
        headers = {}
        while True:
            line = self.reader.readline()
            if line in (b"\r\n", b""):
                break
            name, _, value = line.partition(b":")
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("utf-8", "replace")
        body = self.reader.read(int(headers.get("content-length", 0)))
        return int(status[1]), headers, body

    def next(self):
        status, headers, body = self.request("GET", "/invocation/next")
        if status != 200:
            raise RuntimeError("next: status %d: %s" % (status, body.decode("utf-8", "replace")))
        return headers, body

    def post(self, path, body, headers=()):
        for stream in (sys.stdout, sys.stderr):  # the log up to here belongs to this event
            try:
                stream.flush()
            except Exception:
                pass
        status, _, reply = self.request("POST", path, body, headers)
        if status != 202:
            write_line("[ERROR] %s: status %d: %s" % (path, status, reply.decode("utf-8", "replace").strip()))


class Encoder(json.JSONEncoder):
    """Writes a Decimal as the number that it is, all digits kept. The standard
    encoder has no way to say so: a mark takes its place until the end."""

    def __init__(self):
        version = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python3.")[2]
        super().__init__(ensure_ascii=not (version.isdigit() and int(version) >= 12))
        self.numbers = []
        self.mark = "decimal-%s-" % os.urandom(12).hex()

    def default(self, value):
        if not isinstance(value, decimal.Decimal):
            return super().default(value)
        if value.is_nan():
            return math.nan
        self.numbers.append(str(value))
        return "%s%d" % (self.mark, len(self.numbers) - 1)

    def encode(self, value):
        text = super().encode(value)
        for i, number in enumerate(self.numbers):
            text = text.replace('"%s%d"' % (self.mark, i), number)
        return text


def encode(value):
    return Encoder().encode(value).encode("utf-8", "surrogatepass")


class Record:
    """An object of a JSON object's fields, None for those that are absent."""

    def __init__(self, fields, names):
        for name in names:
            setattr(self, name, fields.get(name))

    def __repr__(self):
        return repr(self.__dict__)


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, headers):
        env = os.environ.get
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._deadline = int(headers["lambda-runtime-deadline-ms"])
        self.client_context = client_context(header_json(headers, "Client Context"))
        identity = header_json(headers, "Cognito Identity") or {}
        self.identity = Record(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            },
            ("cognito_identity_id", "cognito_identity_pool_id"),
        )

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return "LambdaContext(%r)" % self.__dict__


def header_json(headers, name):
    text = headers.get("lambda-runtime-" + name.lower().replace(" ", "-"))
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as e:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (name, e))


def client_context(fields):
    if not isinstance(fields, dict):
        return None
    context = Record(fields, ("custom", "env", "client"))
    if isinstance(context.client, dict):
        context.client = Record(
            context.client,
            ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"),
        )
    return context


class LogHandler(logging.Handler):
    request_id = ""

    def emit(self, record):
        record.aws_request_id = LogHandler.request_id
        write_line(self.format(record).rstrip("\n"))


def write_line(text):
    """Writes one log event. A carriage return is a line end within it."""
    sys.stdout.write(text.replace("\n", "\r") + "\n")


def set_up_output():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        root.setLevel(level)


def load(handler):
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler,
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s%s" % (module_name, e, advice(e)))
    except SyntaxError as e:
        where = '  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, e), [where])
    try:
        return getattr(module, name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module_name))


def advice(error):
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if missing not in BUNDLED:
        return ""
    return (
        ". On AWS the runtime brings %s along; here it is taken from the machine: run '%s -m pip install boto3', "
        "or put it into the function's package" % (missing, sys.executable)
    )


def report(error, request_id):
    """The report of a failure, as the caller receives it."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        kind = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        own = [i for i, frame in enumerate(frames) if frame.filename != __file__]
        trace = traceback.format_list(frames[own[0]:] if own else frames)
    result = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    log_report(result)
    return encode(result), (("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", kind))


def log_report(result):
    lines = ["[ERROR] %s: %s" % (result["errorType"], result["errorMessage"]), "Traceback (most recent call last):"]
    for entry in result["stackTrace"]:
        for line in entry.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    write_line("\n".join(lines))


def answer(handler, headers, body):
    context = Context(headers)
    try:
        event = json.loads(body)
    except ValueError as e:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e)
    result = handler(event, context)
    if isinstance(result, bytes):
        return result, (("Content-Type", "application/unknown"),)
    try:
        return encode(result), (("Content-Type", "application/json"),)
    except Exception as e:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % e)


def serve(client, handler):
    while True:
        headers, body = client.next()
        request_id = LogHandler.request_id = headers["lambda-runtime-aws-request-id"]
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        path = "/invocation/%s/" % request_id
        try:
            result = answer(handler, headers, body)
        except Exception as e:
            client.post(path + "error", *report(e, request_id))
        else:
            client.post(path + "response", *result)


def main():
    set_up_output()
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as e:
        client.post("/init/error", *report(e, ""))
        sys.exit(1)
    serve(client, handler)


if __name__ == "__main__":
    main()
