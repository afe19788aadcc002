"""Says what xmltodict makes of documents: a JSON object a line, {"xml", "namespaces", "force"},
in; its dictionary as JSON, or {"!error": ...}, a line out."""
import json
import sys

import xmltodict

for line in sys.stdin:
    case = json.loads(line)
    options = {}
    if case.get("namespaces") is not None:
        options = {"process_namespaces": True, "namespaces": case["namespaces"]}
    if case.get("force"):
        options["force_list"] = tuple(case["force"])
    try:
        result = xmltodict.parse(case["xml"].encode("utf-8"), **options)
    except Exception as e:
        result = {"!error": str(e)}
    print(json.dumps(result, ensure_ascii=False, separators=(",", ":")))
