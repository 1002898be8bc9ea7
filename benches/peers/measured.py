"""One measurement in a process of its own; `peers.py` starts it. The last line of output is JSON."""

import argparse
import json
import os
import time

SECONDS_MAX = 60        # for the repetitions of one mode


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("work", choices=["make", "memory", "whole"])
    arguments.add_argument("folder")
    arguments.add_argument("--engine")
    arguments.add_argument("--rules", type=int)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--repeat", type=int)
    arguments.add_argument("--threads", type=int)
    options = arguments.parse_args()
    if options.work == "make":
        print(json.dumps(make(options)))
    else:
        os.environ["POLARS_MAX_THREADS"] = str(options.threads)
        print(json.dumps(memory(options) if options.work == "memory" else whole(options)))


def make(options):
    """Writes `options.rules` rules beside the users: as trees, and as the groups of a tenant."""
    import pyarrow.parquet as parquet

    import trees as maker
    table = parquet.read_table(os.path.join(options.folder, "users.parquet"), columns=maker.READ)
    trees = maker.Maker(table, options.seed).trees(options.rules)
    groups = [{"id": f"00000000-0000-4000-8000-{at:012x}", "displayName": f"Rule {at}",
               "groupTypes": ["DynamicMembership"], "securityEnabled": True, "mailEnabled": False,
               "membershipRule": maker.rule(tree), "membershipRuleProcessingState": "On"}
              for at, tree in enumerate(trees)]
    with open(os.path.join(options.folder, "rules.json"), "w") as file:
        json.dump(trees, file)
    with open(os.path.join(options.folder, "groups.json"), "w") as file:
        json.dump({"value": groups}, file)
    return {"conditions": sum(map(maker.size, trees))}


def loaded(options):
    """The engine with users and rules, ready to compute."""
    from engines import ENGINES
    from prepared import Users
    with open(os.path.join(options.folder, "rules.json")) as file:
        trees = [tupled(tree) for tree in json.load(file)[:options.rules]]
    engine = ENGINES[options.engine](options.threads)
    start = time.perf_counter()
    engine.load(Users(os.path.join(options.folder, "users.parquet"), trees))
    load_s = time.perf_counter() - start
    engine.compile(trees)
    return engine, load_s


def tupled(tree):
    return tuple(tupled(part) if isinstance(part, list) else part for part in tree)


def memory(options):
    """What is computed again and again over users in memory."""
    engine, load_s = loaded(options)
    result = {"version": engine.version(), "load_s": load_s, "modes": {}}
    for mode in ("count", "pairs"):
        compute = getattr(engine, mode)
        found = compute()
        result.update(compared(engine, mode, found))
        result["modes"][mode] = timed(compute, options.repeat)
    return result


def whole(options):
    """Once from files to members."""
    engine, _ = loaded(options)
    return compared(engine, "pairs", engine.pairs())


def compared(engine, mode, found):
    if mode == "count":
        return {"counts": [int(count) for count in found]}
    members = engine.members(found)
    return {"counts": [len(rows) for rows in members], "checksums": [checksum(rows) for rows in members]}


def checksum(rows):
    """The sum of the squares of the row numbers, counted from 1, in 64 bits."""
    import numpy
    numbers = rows.astype(numpy.uint64) + numpy.uint64(1)
    return int((numbers * numbers).sum())


def timed(compute, repeat):
    wall_s, cpu_s = [], []
    while len(wall_s) < repeat and sum(wall_s) < SECONDS_MAX:
        start, before = time.perf_counter(), time.process_time()
        compute()
        wall_s.append(time.perf_counter() - start)
        cpu_s.append(time.process_time() - before)
    return {"wall_s": wall_s, "cpu_s": cpu_s}


if __name__ == "__main__":
    main()
