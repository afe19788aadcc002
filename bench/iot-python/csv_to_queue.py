"""The rows of a CSV object as messages on a queue: csv-to-queue in Python.

It does the work of functions/iotmessages.CSVToQueue on good files (times in Unix
seconds only, quotes as the csv module sees them) with what a Python
programmer would take: the csv module, boto3, ten messages a request and eight
requests at a time.
"""

import codecs
import csv
import json
import os
import urllib.parse
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

import boto3
from botocore.config import Config

IN_FLIGHT = 8
ATTEMPTS = 8
TEXTS = ("location", "source", "local_dest", "remote_dest")
NUMBERS = ("local_avg", "remote_avg")

config = Config(max_pool_connections=IN_FLIGHT)
s3 = boto3.client("s3", config=config)
sqs = boto3.client("sqs", config=config)
table_name = os.environ["TABLE_NAME"]
queue_url = os.environ["QUEUE_URL"]


def handler(event, context):
    return [load(record["s3"]) for record in event["Records"]]


def load(source):
    bucket = source["bucket"]["name"]
    key = urllib.parse.unquote_plus(source["object"]["key"])
    found = s3.get_object(Bucket=bucket, Key=key)
    bad = []
    sent = send_all(batches(messages(found["Body"], bad)))
    if bad:
        s3.put_object(
            Bucket=bucket,
            Key=f"errors/{key}/{found['ETag'].strip(chr(34))}.ndjson",
            ContentType="application/x-ndjson",
            Body="".join(json.dumps(row) + "\n" for row in bad).encode(),
        )
    return {"bucket": bucket, "key": key, "sent": sent, "bad": len(bad)}


def messages(body, bad):
    """The bodies of the messages of a file, and its bad rows into bad."""
    lines = codecs.getreader("utf-8-sig")(body, errors="replace")
    rows = csv.DictReader(lines)
    for row in rows:
        try:
            yield json.dumps({"TableName": table_name, "Item": item(row)})
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            bad.append({"line": rows.line_num, "reason": repr(error), "row": ",".join(map(str, row.values()))})


def item(row):
    if None in row or None in row.values():
        raise ValueError("wrong number of fields")
    at = datetime.fromtimestamp(int(row["timestamp"]), timezone.utc)
    fields = {"date": {"S": f"{at:%Y-%m-%d}"}, "time": {"S": f"{at:%H:%M:%S}"}}
    for name in TEXTS:
        if not row[name]:
            raise ValueError(f"{name} is empty")
        fields[name] = {"S": row[name]}
    for name in NUMBERS:
        if not Decimal(row[name]).is_finite():
            raise ValueError(f"{name} is not a number")
        fields[name] = {"N": row[name]}
    return fields


def batches(bodies):
    batch = []
    for body in bodies:
        batch.append(body)
        if len(batch) == 10:
            yield batch
            batch = []
    if batch:
        yield batch


def send_all(all_batches):
    """Sends batches, IN_FLIGHT at a time, and returns how many messages."""
    sent, waiting = 0, set()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for batch in all_batches:
            if len(waiting) == IN_FLIGHT:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                sent += sum(future.result() for future in done)
            waiting.add(pool.submit(send, batch))
        return sent + sum(future.result() for future in waiting)


def send(bodies):
    entries = [
        {
            "Id": str(number),
            "MessageBody": body,
            "MessageAttributes": {"Method": {"DataType": "String", "StringValue": "POST"}},
        }
        for number, body in enumerate(bodies)
    ]
    for _ in range(ATTEMPTS):
        failed = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries).get("Failed")
        if not failed:
            return len(bodies)
        refused = {failure["Id"] for failure in failed}
        entries = [entry for entry in entries if entry["Id"] in refused]
    raise RuntimeError(f"{len(entries)} messages refused: {failed[0]['Code']}")
