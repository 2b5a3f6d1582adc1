"""Compares `recipe: auto` with `recipe: fixed` and with settings chosen by hand, on all rows and on few rows per label.

Every training sees all its rows (`--hold-out 0`) and is measured on the test file after its last epoch, so nothing is
chosen on the test file but the best of the hand settings: the recipe is measured against a choice that nobody has.
"""

import collections
import json
import random
import shutil
import subprocess
import sys

# Settings that a person might try, the most promising first.
HAND = [
    "--rate 1e-3 --epochs 8",
    "--rate 2e-3 --epochs 8",
    "--rate 2e-3 --epochs 3",
    "--rate 5e-4 --epochs 3",
    "--rate 4e-3 --epochs 8",
    "--rate 5e-4 --epochs 8",
    "--rate 1e-3 --epochs 5 --batch 8",
    "--rate 2e-3 --epochs 8 --layers {upper}",
    "--rate 1e-3 --epochs 3 --layers {upper}",
    "--rate 1e-3 --epochs 8 --rank 16 --alpha 32",
    "--rate 1e-3 --epochs 3 --targets all-linear",
    "--rate 5e-4 --epochs 8 --targets all-linear",
    "--rate 5e-4 --epochs 3 --lora-plus-ratio 4",
    "--rate 5e-4 --epochs 8 --lora-plus-ratio 4",
    "--rate 4e-3 --epochs 3",
    "--rate 2e-3 --epochs 8 --batch 32",
]
ROWS_PER_LABEL = (8, 16, 64)
SMALL_SETS = ("trec", "clinc150")


def subset(path, per_label, folder, name):
    """So many rows of each label, drawn with a fixed seed, in a random order."""
    by_label = collections.defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            by_label[line.split("\t", 1)[0]].append(line)
    draw = random.Random(16)
    chosen = []
    for label in sorted(by_label):
        chosen += draw.sample(by_label[label], min(per_label, len(by_label[label])))
    draw.shuffle(chosen)
    place = folder / f"{name}-{per_label}.tsv"
    place.write_text("".join(chosen), encoding="utf-8")
    return place


def measure(program, base, train, test, folder, flags):
    """Accuracy, macro-F1 and calibration error on the test file, and seconds of the training steps."""
    output = folder / "recipe-adapter"
    shutil.rmtree(output, ignore_errors=True)
    command = [program, "train", "--base", base, "--train", train, "--output", output, "--hold-out", "0"]
    command += ["--no-report", "--json", "--overwrite", *flags.split()]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{flags}: {done.stderr.strip()}")
    epochs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"epoch"')]
    command = [program, "evaluate", "--base", base, "--adapter", output, "--input", test, "--json"]
    report = json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)
    return {
        "accuracy": 100 * report["accuracy"],
        "macro_f1": 100 * report["macro_f1"],
        "error": (report.get("calibration") or {}).get("error_before"),
        "seconds": sum(epoch["seconds"] for epoch in epochs),
        "epochs": len(epochs),
    }


def cases(sets, limits, folder):
    """Name, training file and test file of each case."""
    for place in sets:
        limit = limits(place)
        train = limit or place / "train.tsv"
        yield place.name, train, place / "test.tsv"
        if place.name in SMALL_SETS:
            for per_label in ROWS_PER_LABEL:
                name = f"{place.name}, {per_label} per label"
                yield name, subset(place / "train.tsv", per_label, folder, place.name), place / "test.tsv"


def table(program, base, found, folder, hand, upper):
    """The lines of the table, printed while they are made."""
    lines = [
        "| data | rows | fixed: accuracy | auto: accuracy | auto: macro-F1 | best by hand | auto − best"
        " | time auto / fixed | calibration error, fixed → auto |",
        "|---|--:|--:|--:|--:|---|--:|--:|---|",
    ]
    for name, train, test in found:
        with open(train, encoding="utf-8") as rows:
            count = sum(1 for _ in rows)
        fixed = measure(program, base, train, test, folder, "--recipe fixed")
        auto = measure(program, base, train, test, folder, "--recipe auto")
        tried = {"the defaults": fixed}
        for flags in hand:
            flags = flags.format(upper=upper)
            tried[f"`{flags}`"] = measure(program, base, train, test, folder, "--recipe fixed " + flags)
            print(f"{name}: {flags}: {tried[f'`{flags}`']['accuracy']:.2f}", file=sys.stderr, flush=True)
        flags, best = max(tried.items(), key=lambda item: item[1]["accuracy"])
        errors = " → ".join("–" if run["error"] is None else f"{run['error']:.3f}" for run in (fixed, auto))
        cells = [f"`{name}`", f"{count:,}", f"{fixed['accuracy']:.2f}", f"{auto['accuracy']:.2f}"]
        cells += [f"{auto['macro_f1']:.2f}", f"{best['accuracy']:.2f} with {flags}"]
        cells += [f"{auto['accuracy'] - best['accuracy']:+.2f}", f"{auto['seconds'] / fixed['seconds']:.2f} ×", errors]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def page(lines, hand, machine):
    """The page of the measurements."""
    return "\n".join(
        [
            "# The recipe, measured",
            "",
            "Written by the part `recipe` of `scripts/benchmark-training`.",
            f"Machine: {machine}.",
            "",
            "Accuracy on the test file, in percent, seed 0. By hand: the fixed defaults and",
            f"{hand} other settings; the best on the test file counts, so it is a choice that nobody has before.",
            "Every training sees all its rows. The calibration error is that of the raw scores, without a temperature.",
            "`auto − best` is in points.",
            "",
            *lines,
            "",
        ]
    )
