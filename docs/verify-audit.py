"""Checks an export of the audit trail with nothing of NovaOS: python3 verify-audit.py audit.jsonl [newest anchor]"""
import hashlib, json, sys
START, PLACE = {"seq": 0, "hash": "0" * 64}, {"header": 0, "anchor": 1, "root": 2, "record": 3, "head": 3, "end": 4}
anchors, anchored, closed = [], {}, set()
number, records, roots, scope, chain, before = 0, 0, 0, None, None, None
def must(holds, what):
    if not holds:
        sys.exit(f"line {number}: {what}")
def follows(line, last):
    seq, said = line["seq"], json.loads(line["bytes"])
    must(hashlib.sha256(line["bytes"].encode()).hexdigest() == line["hash"], f"record {seq}: its bytes were changed")
    must(seq == last["seq"] + 1 and said["seq"] == seq, f"record {last['seq'] + 1} is missing or out of place")
    must(said["prevHash"] == last["hash"], f"record {seq} does not follow from the one before")
    return said

for text in open(sys.argv[1], encoding="utf-8"):
    number, line = number + 1, json.loads(text)
    kind, entity = line["kind"], line.get("entity")
    must(PLACE[kind] >= PLACE.get(before, 0) and before != "end", f"a line out of place: {kind}")
    must((kind == "header") == (number == 1), "no header")
    before = kind
    if kind == "header":
        must(line["format"] == "nova-audit" and line["v"] == 1, "no header")
        scope = line["scope"]
    elif kind == "anchor":
        heads = follows(line, anchors[-1] if anchors else START)["heads"]
        anchored |= {(e, seq): hash for e, seq, hash in heads if not e.startswith("pages:") and scope in ("all", e)}
        anchors.append(line)
    elif kind == "root":
        root, roots, digest = json.loads(line["bytes"]), roots + 1, hashlib.sha256(line["bytes"].encode()).hexdigest()
        named = anchors[root["seq"] - 1]["hash"] if 0 < root["seq"] <= len(anchors) else None
        must(digest == line["hash"] and named == root["hash"], f"the root of anchor {root['seq']} is another one")
    elif kind == "record":
        must(scope in ("all", entity) and entity not in closed, f"{entity} does not belong here")
        must(chain is None or chain["entity"] == entity, "the chain before it has no head")
        must(follows(line, chain or START)["entity"] == entity, "a record of something else")
        must(anchored.pop((entity, line["seq"]), line["hash"]) == line["hash"], f"{entity} is not what was anchored")
        chain, records = line, records + 1
    elif kind == "head":
        last = chain or START
        must(entity not in closed and (chain is None or chain["entity"] == entity), f"{entity} is not in one piece")
        must(last["seq"] == line["seq"] and last["hash"] == line["hash"], f"the head of {entity} is not its last record")
        chain = closed.add(entity)  # which is None
    else:
        found = [records, len(closed), len(anchors), roots]
        must(chain is None and found == [line[n] for n in ("records", "entities", "anchors", "roots")], "wrong counts at the end")
must(before == "end", "the file ends too early")
must(not anchored, f"anchored and gone: {next(iter(anchored), '')}")
must(len(sys.argv) < 3 or (anchors and anchors[-1]["hash"] == sys.argv[2]), "the newest anchor is another one than yours")
print(f"valid: {records} records of {len(closed)} entities, {len(anchors)} anchors")
