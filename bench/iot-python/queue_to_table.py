"""The messages of a queue as items of a table: queue-to-table in Python.

It does the work of functions/iotmessages.QueueToTable: puts next to each other
in one request, updates and deletes one by one, and an answer that names the
messages that failed.
"""

import itertools
import json
import os
import time

import boto3
from botocore.exceptions import ClientError

ATTEMPTS = 6

dynamodb = boto3.client("dynamodb")
table_name = os.environ["TABLE_NAME"]


def handler(event, context):
    failed, jobs = [], []
    for record in event["Records"]:
        try:
            jobs.append(read(record))
        except (KeyError, TypeError, ValueError) as error:
            print(f"message {record['messageId']} failed: {error!r}")
            failed.append(record["messageId"])
    for method, run in itertools.groupby(jobs, key=lambda job: job[1]):
        failed += put(list(run)) if method == "POST" else one_by_one(run)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def read(record):
    """The message's ID, its method and its request to DynamoDB."""
    method = record["messageAttributes"]["Method"]["stringValue"]
    request = json.loads(record["body"])
    if request.setdefault("TableName", table_name) != table_name:
        raise ValueError(f"this queue is for {table_name}")
    key = request["Item" if method == "POST" else "Key"]
    if not key["date"]["S"] or not key["time"]["S"]:
        raise ValueError("empty key")
    if method not in ("POST", "PUT", "DELETE"):
        raise ValueError(f"unknown method {method}")
    return record["messageId"], method, request


def put(jobs):
    """Writes items, and returns the messages whose items were not written."""
    last = {(r["Item"]["date"]["S"], r["Item"]["time"]["S"]): r["Item"] for _, _, r in jobs}
    items = list(last.values())
    try:
        for start in range(0, len(items), 25):
            put_batch([{"PutRequest": {"Item": item}} for item in items[start : start + 25]])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            print(f"{len(jobs)} messages failed: {error}")
            return [message for message, _, _ in jobs]
        return one_by_one(jobs)
    return []


def put_batch(writes):
    for attempt in range(ATTEMPTS):
        left = dynamodb.batch_write_item(RequestItems={table_name: writes})["UnprocessedItems"]
        if not left:
            return
        writes = left[table_name]
        time.sleep(0.1 * 2**attempt)
    raise ClientError({"Error": {"Code": "Unprocessed", "Message": "items left unprocessed"}}, "BatchWriteItem")


def one_by_one(jobs):
    calls = {"POST": dynamodb.put_item, "PUT": dynamodb.update_item, "DELETE": dynamodb.delete_item}
    failed = []
    for message, method, request in jobs:
        try:
            calls[method](**request)
        except ClientError as error:
            print(f"message {message} failed: {error}")
            failed.append(message)
    return failed
