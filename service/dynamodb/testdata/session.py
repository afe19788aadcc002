"""Drives DynamoDB at the URL in argv[1] with boto3's resources."""
import sys
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

session = boto3.Session("test", "test", region_name="us-east-1")
db = session.resource("dynamodb", endpoint_url=sys.argv[1])

table = db.create_table(
    TableName="messages",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[
        {"AttributeName": "date", "AttributeType": "S"},
        {"AttributeName": "time", "AttributeType": "S"},
        {"AttributeName": "location", "AttributeType": "S"},
    ],
    KeySchema=[
        {"AttributeName": "date", "KeyType": "HASH"},
        {"AttributeName": "time", "KeyType": "RANGE"},
    ],
    GlobalSecondaryIndexes=[
        {
            "IndexName": "by-location",
            "KeySchema": [{"AttributeName": "location", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
)
table.wait_until_exists()

with table.batch_writer(overwrite_by_pkeys=["date", "time"]) as batch:
    for i in range(60):
        batch.put_item(
            Item={
                "date": "2019-10-07",
                "time": f"20:00:{i:02}",
                "location": f"location-{i % 4}",
                "local_avg": Decimal("3.21") + i,
                "flags": {"even", "all"} if i % 2 == 0 else {"all"},
                "raw": b"\x00\xff",
                "nested": {"list": [1, None, True, "x"], "deep": {"n": Decimal("1E-130")}},
            }
        )

item = table.get_item(Key={"date": "2019-10-07", "time": "20:00:02"}, ConsistentRead=True)["Item"]
assert item["local_avg"] == Decimal("5.21"), item
assert item["flags"] == {"even", "all"}, item
assert item["raw"] == Binary(b"\x00\xff"), item
assert item["nested"] == {"list": [1, None, True, "x"], "deep": {"n": Decimal("1E-130")}}, item

found = table.query(
    KeyConditionExpression=Key("date").eq("2019-10-07") & Key("time").between("20:00:10", "20:00:19"),
    FilterExpression=Attr("local_avg").gt(20) & Attr("flags").contains("even") & Attr("nested.list[3]").eq("x"),
    ProjectionExpression="#t, local_avg",
    ExpressionAttributeNames={"#t": "time"},
    ScanIndexForward=False,
)
assert [i["time"] for i in found["Items"]] == ["20:00:18"], found
assert found["ScannedCount"] == 10, found

by_location = table.query(IndexName="by-location", KeyConditionExpression=Key("location").eq("location-1"))
assert by_location["Count"] == 15, by_location

scanned = list(
    page["Count"]
    for page in db.meta.client.get_paginator("scan").paginate(TableName="messages", PaginationConfig={"PageSize": 7})
)
assert sum(scanned) == 60, scanned

updated = table.update_item(
    Key={"date": "2019-10-07", "time": "20:00:02"},
    UpdateExpression="SET local_avg = local_avg + :d, nested.#l = list_append(nested.#l, :more) ADD hits :one DELETE flags :even",
    ExpressionAttributeNames={"#l": "list"},
    ExpressionAttributeValues={":d": Decimal("0.79"), ":more": ["y"], ":one": 1, ":even": {"even"}},
    ConditionExpression=Attr("hits").not_exists(),
    ReturnValues="ALL_NEW",
)["Attributes"]
assert updated["local_avg"] == 6 and updated["nested"]["list"][-1] == "y" and updated["flags"] == {"all"}, updated

try:
    table.put_item(Item={"date": "2019-10-07", "time": "20:00:02"}, ConditionExpression=Attr("date").not_exists())
    raise AssertionError("the condition does not hold")
except db.meta.client.exceptions.ConditionalCheckFailedException as e:
    assert e.response["Error"]["Message"] == "The conditional request failed", e.response

try:
    table.query(KeyConditionExpression=Key("time").eq("20:00:02"))
    raise AssertionError("the hash key is missing")
except ClientError as e:
    assert e.response["Error"]["Code"] == "ValidationException", e.response
    assert e.response["Error"]["Message"] == "Query condition missed key schema element: date", e.response

got = db.batch_get_item(RequestItems={"messages": {"Keys": [{"date": "2019-10-07", "time": f"20:00:{i:02}"} for i in range(70)]}})
assert len(got["Responses"]["messages"]) == 60 and not got["UnprocessedKeys"], got

table.delete()
table.wait_until_not_exists()
