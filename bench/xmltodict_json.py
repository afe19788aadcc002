"""Turns a document into JSON again and again with xmltodict and json, and
prints a line for each of the two steps: the seconds of the processor that each
turn took.

Usage: xmltodict_json.py FILE SECONDS, the least that each step is measured for.
With SECONDS 0 it prints the JSON instead.
"""

import json
import sys
import time

import xmltodict


def turns(step, seconds):
    taken, total = [], 0.0
    while total < seconds:
        begin = time.process_time()
        step()
        taken.append(time.process_time() - begin)
        total += taken[-1]
    return " ".join(map(str, taken))


with open(sys.argv[1], "rb") as f:
    document = f.read()
seconds = float(sys.argv[2])
if seconds == 0:
    print(json.dumps(xmltodict.parse(document)))
    sys.exit()
print(turns(lambda: xmltodict.parse(document), seconds))
print(turns(lambda: json.dumps(xmltodict.parse(document)), seconds))
