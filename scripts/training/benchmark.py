#!/usr/bin/env python3
"""Measures quality and speed of `lorikeet train` beside PEFT's: benchmark.py PROGRAM BASE [--data DIR] [--output FILE]

DIR holds one folder per data set, with train.tsv and test.tsv (`label<TAB>text`). Without it, the sections of this
machine's package catalogue are the labels. Quality is measured on the test file after the last epoch, over some seeds.
Speed: the programs take turns, because on a shared machine only the ratio of neighbouring runs means anything. Prints
the tables and writes them to FILE.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import recipe
from catalogue import catalogue

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from remarks import BEGINNING, remarks

# Epochs, and how many of the first rows; other data sets: 3, all.
KNOWN = {"sms_spam": (3, 0), "trec": (4, 0), "ag_news": (2, 4000)}
WORDS = "the quick package provides a small library for reading and writing files of many kinds".split()
# Notes that hold for every result.
SPEED_NOTES = """\
`sgemm_fraction` (goal: 0.75) is the work of the linear layers divided by what OpenBLAS's `sgemm` alone does on the same
shapes in the same time. PyTorch's threads spin while they wait for one another. On cores that other processes use too,
PyTorch slows down so much that the ratio means nothing."""
LAYER_NOTES = """\
## Frozen layers

Layers below the lowest adapted layer are frozen, and dropout is off there. So their outputs are the same in every
epoch. Training computes them once and caches them. A test checks that the cached outputs equal recomputed ones bit for
bit."""
SETTINGS = """\
Rank 8, alpha 16, query and value, batch 16, learning rate 1e-3, weight decay 0.01, linear schedule with 6 % warm-up,
at most 256 tokens; base all-MiniLM-L6-v2. PEFT and PyTorch use the same cores, and pad their batches."""


def section(page, title):
    """A section of an earlier page, for a run that does not measure it; empty if there is none."""
    text = page.read_text(encoding="utf-8") if page and page.exists() else ""
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", text.split(BEGINNING)[0], re.MULTILINE | re.DOTALL)
    return ["", *found[0].rstrip().splitlines()] if found else []


def run(command):
    """The JSON objects that a command prints, and its largest resident memory in MB."""
    command = list(map(str, command))
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        objects = [json.loads(line) for line in output if line.startswith("{")]
        # Of a training only the epochs, not the summary.
        objects = [found for found in objects if not found.keys() & {"kept_epoch", "best_epoch"}]
        objects = [found for found in objects if found.keys() != {"rows"}]
    if child.returncode or not objects:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return objects, usage.ru_maxrss / 1024


def data_sets(folder):
    found = [path.parent for path in sorted(folder.glob("*/train.tsv")) if (path.parent / "test.tsv").exists()]
    wanted = [path for path in found if path.name in KNOWN]
    return wanted or found


def first_rows(path, limit, folder):
    if not limit:
        return path
    place = folder / f"{path.parent.name}-{limit}.tsv"
    with open(path, encoding="utf-8") as lines:
        place.write_text("".join(line for line, _ in zip(lines, range(limit))), encoding="utf-8")
    return place


class Runs:
    """The two trainings with the same settings."""

    def __init__(self, program, base, folder):
        self.program, self.base, self.folder = program, base, folder

    def lorikeet(self, train, test, epochs, seed, *flags):
        output = self.folder / "adapter"
        shutil.rmtree(output, ignore_errors=True)
        rows = ["--train", train, "--validation", test, "--recipe", "fixed"]
        settings = ["--epochs", epochs, "--seed", seed, "--keep", "last", *flags]
        command = [self.program, "train", "--base", self.base, *rows, "--output", output, "--json", *settings]
        objects, _ = run(command)
        return [o for o in objects if "epoch" in o][-1]

    def peft(self, train, test, epochs, seed, *flags):
        settings = ["--epochs", epochs, "--seed", seed, *flags, *(["--test", test] if test else [])]
        command = [sys.executable, HERE / "peft_train.py", "--base", self.base, "--train", train, *settings]
        return run(command)[0][-1]

    def lorikeet_speed(self, train, epochs, limit, *flags):
        settings = ["--limit", limit, "--epochs", epochs, *flags]
        command = [self.program, "benchmark", "train", "--base", self.base, "--train", train, *settings]
        return run(command)[0][-1]


def spread(values, scale=1.0, digits=1):
    return (
        f"{scale * statistics.mean(values):.{digits}f}"
        f" ({scale * min(values):.{digits}f}–{scale * max(values):.{digits}f})"
    )


def upper_half(layers):
    return f"{layers // 2}-{layers - 1}"


def figures(results):
    if not results:
        return "– | –"
    return " | ".join(spread([result[key] for result in results], 100, 2) for key in ("accuracy", "macro_f1"))


def gap(ours, theirs):
    """How much better our mean accuracy is, in points."""
    if not theirs:
        return "–"
    means = [statistics.mean(result["accuracy"] for result in results) for results in (ours, theirs)]
    return f"{100 * (means[0] - means[1]):+.2f}"


def quality(runs, sets, seeds, peer_seeds, folder, layers):
    lines = [
        "| data | rows, epochs | accuracy | macro-F1 | PEFT: accuracy | PEFT: macro-F1 | accuracy − PEFT's |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for place in sets:
        epochs, limit = KNOWN.get(place.name, (3, 0))
        train, test = first_rows(place / "train.tsv", limit, folder), place / "test.tsv"
        rows = sum(1 for _ in open(train, encoding="utf-8"))
        ours = [runs.lorikeet(train, test, epochs, seed) for seed in range(seeds)]
        theirs = [runs.peft(train, test, epochs, seed) for seed in range(peer_seeds)]
        cells = [f"`{place.name}`", f"{rows:,}, {epochs}", figures(ours), figures(theirs), gap(ours, theirs)]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
        upper = upper_half(layers)
        half = [runs.lorikeet(train, test, epochs, seed, "--layers", upper) for seed in range(seeds)]
        lines.append(f"| `{place.name}`, layers {upper} | {rows:,}, {epochs} | {figures(half)} | | | |")
        print(lines[-1], flush=True)
    return lines


def tutorial(runs, place, seeds):
    """Rank 4, alpha 32, dropout 0.01, query only, 5 epochs."""
    flags = ["--rank", "4", "--alpha", "32", "--dropout", "0.01", "--targets", "query"]
    results = [
        runs.lorikeet(place / "train.tsv", place / "test.tsv", 5, seed, *flags)["accuracy"] for seed in range(seeds)
    ]
    return (
        "The tutorial's settings (rank 4, alpha 32, dropout 0.01, query only, 5 epochs) on `sms_spam`: accuracy\n"
        f"{spread(results, 100, 2)}."
    )


def speed(runs, train, pairs, limit, layers):
    upper = upper_half(layers)
    # Per row of the table: its name, its goal, its epochs, and the flags of our run.
    rows = [
        (f"{name}, {dtype}", goals[dtype], epochs, [*flags, "--dtype", dtype])
        for name, goals, epochs, flags in (
            ("all layers adapted", {"float32": 4, "int8": 5}, 1, []),
            (f"layers {upper} adapted, 3 epochs", {"float32": 8, "int8": 10}, 3, ["--layers", upper]),
        )
        for dtype in ("float32", "int8")
    ]
    rounds = []
    for number in range(pairs):
        ours = [runs.lorikeet_speed(train, epochs, limit, *flags) for _, _, epochs, flags in rows]
        peer = runs.peft(train, None, 1, 0, "--limit", limit)["documents_per_second"]
        rounds.append((ours, peer))
        rates = ", ".join(f"{run['documents_per_second']:.0f}" for run in ours)
        print(f"round {number + 1}: {rates} documents/s, PEFT {peer:.0f}", flush=True)

    def row(column, name, goal):
        rate = statistics.median(ours[column]["documents_per_second"] for ours, _ in rounds)
        ratios = [ours[column]["documents_per_second"] / peer for ours, peer in rounds]
        # In int8, the linear layers are not what `sgemm` computes.
        fractions = [ours[column]["sgemm_fraction"] for ours, _ in rounds]
        share = f"{statistics.median(fractions):.2f}" if name.endswith("float32") else "–"
        return (
            f"| {name} | {statistics.median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f}) | {goal} × |"
            f" {rate:.0f} | {share} |"
        )

    return [
        "| relative to PEFT with all layers | median of the rounds (spread) | goal | documents/s | `sgemm_fraction` |",
        "|---|--:|--:|--:|--:|",
        *(row(column, name, goal) for column, (name, goal, _, _) in enumerate(rows)),
        "",
        f"PEFT: {statistics.median(peer for _, peer in rounds):.0f} documents/s.",
    ]


def memory(runs, folder, rows, layers):
    """The peak resident memory of a training on many long texts.

    32 steps are enough to fill the cache of the frozen layers' outputs.
    """
    path = folder / "long.tsv"
    with open(path, "w", encoding="utf-8") as file:
        for number in range(rows):
            text = " ".join(WORDS[(number + place) % len(WORDS)] for place in range(260))
            file.write(f"{'ab'[number % 2]}\t{number} {text}\n")
    # A small validation file, or `train` would hold out a fifth of the rows.
    few = folder / "few.tsv"
    few.write_text("".join(f"{'ab'[number % 2]}\tnumber {number}\n" for number in range(40)), encoding="utf-8")
    megabytes = {}
    for name, flags in {"all layers": [], "the upper half": ["--layers", upper_half(layers)]}.items():
        rows_and_steps = ["--train", path, "--validation", few, "--recipe", "fixed", "--steps", 32]
        output = folder / f"long-{len(megabytes)}"
        command = [runs.program, "train", "--base", runs.base, *rows_and_steps, "--output", output, "--json", *flags]
        megabytes[name] = run(command)[1]
    figures = ", ".join(f"{value:.0f} MB with {name} adapted" for name, value in megabytes.items())
    return f"Resident memory, batch 16, 256 tokens, {rows:,} rows: {figures}\n(goal: 500 MB)."


def machine():
    model = next(
        (line.split(": ", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    flags = next((line.split() for line in open("/proc/cpuinfo") if line.startswith("flags")), [])
    vectors = next((name for flag, name in {"avx512f": ", AVX-512", "avx2": ", AVX2"}.items() if flag in flags), "")
    return f"{model}{vectors}, {os.cpu_count()} cores"


def measure_recipe(arguments, scratch, layers):
    """The recipe against settings by hand; clinc150 is known to this part only."""
    folder = arguments.data or catalogue(scratch)
    places = [path.parent for path in sorted(folder.glob("*/train.tsv")) if (path.parent / "test.tsv").exists()]
    known = [path for path in places if path.name in KNOWN or path.name in recipe.SMALL_SETS] or places

    def limits(place):
        return first_rows(place / "train.tsv", KNOWN.get(place.name, (3, 0))[1], scratch)

    found = list(recipe.cases(known, limits, scratch, arguments.test_rows))
    if arguments.sets:
        found = [case for case in found if case[0] in arguments.sets]
    if not found:
        raise SystemExit(f"{folder}: no folder with train.tsv and test.tsv")
    hand = recipe.HAND[: arguments.hand]
    runs = recipe.Runs(
        arguments.program, arguments.base, scratch, arguments.results, arguments.workers, arguments.dtype
    )
    lines = recipe.table(runs, found, hand, upper_half(layers))
    text = recipe.page(lines, len(hand), arguments.dtype, machine())
    print("\n" + text)
    if arguments.output:
        arguments.output.with_name("benchmarks-recipe.md").write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program"), parser.add_argument("base")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peft-seeds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--limit", type=int, default=800, help="rows of a timed epoch")
    parser.add_argument("--memory-rows", type=int, default=100_000)
    parser.add_argument("--hand", type=int, default=len(recipe.HAND), help="settings that are tried by hand")
    parser.add_argument("--sets", nargs="+", help="only these data sets, or cases such as 'trec, 8 per label'")
    parser.add_argument("--test-rows", type=int, default=0, help="so many test rows; 0: all (recipe)")
    parser.add_argument("--results", type=pathlib.Path, help="keep measurements in this file, and take them (recipe)")
    parser.add_argument("--workers", type=int, help="compute threads (recipe)")
    parser.add_argument("--dtype", default="float32", help="what our trainings compute in (recipe)")
    parser.add_argument(
        "--part", choices=["quality", "speed", "recipe"],
        help="measure only this part; the page keeps the others, and recipe has a page of its own",
    )
    arguments = parser.parse_args()
    layers = json.loads((pathlib.Path(arguments.base) / "config.json").read_text())["num_hidden_layers"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        sets = data_sets(arguments.data or catalogue(scratch))
        if not sets:
            raise SystemExit(f"{arguments.data}: no folder with train.tsv and test.tsv")
        if arguments.part == "recipe":
            return measure_recipe(arguments, scratch, layers)
        runs = Runs(arguments.program, arguments.base, scratch)
        lines = [
            "# Training beside PEFT",
            "",
            "Written by `make benchmark-training`.",
            "",
            SETTINGS,
        ]
        if arguments.part == "quality":
            lines += section(arguments.output, "Speed")
        else:
            print("== Speed", flush=True)
            lines += [
                "",
                "## Speed",
                "",
                (
                    f"Documents per second of the training steps over {arguments.limit} rows of `{sets[0].name}`."
                    f" The programs alternate, in {arguments.pairs} rounds.\nMachine: {machine()}."
                ),
                "",
            ]
            lines += speed(runs, sets[0] / "train.tsv", arguments.pairs, arguments.limit, layers)
            lines += ["", memory(runs, scratch, arguments.memory_rows, layers), "", SPEED_NOTES]
        if arguments.part == "speed":
            lines += section(arguments.output, "Quality")
        else:
            print("== Quality", flush=True)
            lines += [
                "",
                "## Quality",
                "",
                "Measured on the test file after the last epoch, in percent: mean (lowest–highest) over the seeds.",
                f"Machine: {machine()}.",
                "",
            ]
            lines += quality(runs, sets, arguments.seeds, arguments.peft_seeds, scratch, layers)
            for place in sets:
                if place.name == "sms_spam":
                    lines += ["", tutorial(runs, place, arguments.seeds)]
        lines += ["", LAYER_NOTES]
    text = "\n".join(lines) + "\n" + remarks(arguments.output)
    print("\n" + text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
