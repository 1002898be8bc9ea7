#!/usr/bin/env python3
"""Measures dyngroup beside Polars, DuckDB and DataFusion: who are the members of each group?

    pip install -r benches/peers/requirements.txt
    python benches/peers/peers.py --users 100000 --rules 100,1000,5000

Users are made by `dyngroup synth`, rules from the same seed. All engines work on the same files, one at
a time, each in a process of its own, and all have to find the same members of each group: if they do
not, the groups are named and the exit code is 1. What the columns of the tables mean is told in
benches/peers/README.md.
"""

# Needs the standard library alone: what this process takes in memory would count for those it starts.
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NOW = "2026-01-15T00:00:00Z"
PEERS = ["polars", "duckdb", "datafusion"]


def main():
    options = arguments()
    programs = built()
    threads = len(os.sched_getaffinity(0)) if options.threads is None else options.threads
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        rules = [int(number) for number in options.rules.split(",")]
        conditions = make(programs, folder, options, max(rules))
        print(f"{options.users:,} users, seed {options.seed}, {conditions:,} conditions in {max(rules):,} rules; "
              f"{threads} threads, {platform.machine()}, Python {platform.python_version()}", flush=True)
        runs, faults = [], []
        for count in rules:
            results = {}
            for engine in ["dyngroup", *options.peers]:
                results[engine] = measured(engine, programs, folder, count, options, threads)
            faults += disagreements(count, results)
            table(count, results)
            runs.append({"users": options.users, "rules": count, "results": results})
        if options.json:
            with open(options.json, "w") as file:
                json.dump({"options": vars(options), "threads": threads, "runs": runs}, file)
    for fault in faults:
        print(f"disagreement: {fault}", file=sys.stderr)
    if faults:
        return 1
    print("\nAll agree on the members of each group.")
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rules", default="100,1000,5000", help="how many, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5, help="the median of so many runs is shown")
    parser.add_argument("--threads", type=int, help="all cores, if not given")
    parser.add_argument("--peers", type=lambda text: [name for name in text.split(",") if name],
                        default=available(), help="of polars,duckdb,datafusion; those installed, if not given")
    parser.add_argument("--folder", help="keep the files here: a new folder, or one of a run with the same numbers")
    parser.add_argument("--json", help="write all that was measured into this file too")
    return parser.parse_args()


def available():
    """Those that can be imported, found out without importing them."""
    from importlib.util import find_spec
    return [name for name in PEERS if find_spec(name)]


def built():
    """The programs, built if they are not yet: their paths by name."""
    command = ["cargo", "build", "--release", "--bin", "dyngroup", "--example", "peer", "--message-format", "json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    return {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}


def make(programs, folder, options, rules):
    """Users and rules in `folder`; how many conditions the rules have."""
    if not os.path.exists(os.path.join(folder, "users.parquet")):
        command = [programs["dyngroup"], "synth", "--format", "parquet", "--users", str(options.users),
                   "--groups", "0", "--seed", str(options.seed), "--out", folder]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return run(python("make", folder, rules=rules, seed=options.seed))["result"]["conditions"]


def python(work, folder, **options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, os.path.join(HERE, "measured.py"), work, folder, *words]


def measured(engine, programs, folder, rules, options, threads):
    """One engine: whole processes, then in memory."""
    if engine == "dyngroup":
        memory = [programs["peer"], "--users", os.path.join(folder, "users.parquet"),
                  "--groups", os.path.join(folder, "groups.json"), "--now", NOW, "--rules", str(rules)]
        whole = [*memory, "--once"]
        memory += ["--repeat", str(options.repeat)]
    else:
        common = {"engine": engine, "rules": rules, "threads": threads}
        whole = python("whole", folder, **common)
        memory = python("memory", folder, repeat=options.repeat, **common)
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    print(f"  {engine}, {rules:,} rules", file=sys.stderr, flush=True)
    runs = [run(whole) for _ in range(min(options.repeat, 3))]
    return {"whole_s": statistics.median(one["wall_s"] for one in runs),
            "processor_s": statistics.median(one["processor_s"] for one in runs),
            "peak_bytes": max(one["peak_bytes"] for one in runs),
            "whole": runs[-1]["result"], "memory": run(memory)["result"]}


def run(command):
    """Runs a process to its end; the last line of its output is JSON."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        wall_s = time.perf_counter() - start
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\nexit code {process.returncode}\n{errors.read().decode()[-4_000:]}")
    return {"wall_s": wall_s, "processor_s": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1_024,
            "result": json.loads(output.splitlines()[-1])}


def disagreements(rules, results):
    """Groups on which somebody says something else than dyngroup does, in either kind of run."""
    wanted = results["dyngroup"]["memory"]
    faults = []
    for engine, result in results.items():
        for kind in ("memory", "whole"):
            for what in ("counts", "checksums"):
                found = result[kind].get(what)
                if found is None or found == wanted[what]:
                    continue
                groups = [at for at in range(rules) if at >= len(found) or found[at] != wanted[what][at]]
                faults.append(f"{engine} ({kind}), {rules} rules: other {what} for {len(groups)} groups: {groups[:10]}")
    return faults


def table(rules, results):
    base = results["dyngroup"]
    print(f"\n### {rules:,} rules, {sum(base['memory']['counts']):,} memberships\n")
    print("| engine | whole process | × | processor time | peak memory | members, in memory | × | counts, in memory | × |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for engine, result in results.items():
        version = result["memory"]["version"].removeprefix("dyngroup ")
        cells = [f"{engine} {version}", seconds(result["whole_s"]), ratio(result["whole_s"], base["whole_s"]),
                 seconds(result["processor_s"]), f"{result['peak_bytes'] / 1e6:,.0f} MB"]
        for mode in ("pairs", "count"):
            taken, least = median(result, mode), median(base, mode)
            cells += ["–", "–"] if taken is None else [seconds(taken), ratio(taken, least)]
        print(f"| {' | '.join(cells)} |", flush=True)


def median(result, mode):
    runs = result["memory"]["modes"].get(mode)
    return statistics.median(runs["wall_s"]) if runs else None


def seconds(value):
    return f"{value:.3f} s"


def ratio(value, base):
    return f"{value / base:.1f}"


if __name__ == "__main__":
    sys.exit(main())
