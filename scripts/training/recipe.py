"""Compares `recipe: auto` with `recipe: fixed`, settings chosen by hand and PEFT, on all rows and on few per label.

Every training sees all its rows (`--hold-out 0`) and is measured on the test file after its last epoch, so nothing is
chosen on the test file but the best of the hand settings: the recipe is measured against a choice that nobody has.
"""

import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

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


class Runs:
    """Trainings and their measurements. With a file of results, what it has is not measured again."""

    def __init__(self, program, base, folder, results=None, workers=None, dtype="float32"):
        self.program, self.base, self.folder, self.results = program, base, folder, results
        self.compute = ["--dtype", dtype] if workers is None else ["--dtype", dtype, "--workers", workers]
        self.peft_flags = [] if workers is None else ["--threads", workers]

    def known(self, case, flags):
        """Read anew: another process may append to the file."""
        if not self.results or not self.results.exists():
            return None
        found = map(json.loads, self.results.read_text(encoding="utf-8").splitlines())
        return next((run for run in found if (run["case"], run["flags"]) == (case, flags)), None)

    def result(self, case, flags, measure):
        found = self.known(case, flags)
        if found is None:
            found = {"case": case, "flags": flags, **measure()}
            if self.results:
                with open(self.results, "a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
            print(f"{case}: {flags}: {found['accuracy']:.2f}", file=sys.stderr, flush=True)
        return found

    def lorikeet(self, case, train, test, flags):
        return self.result(case, flags, lambda: self.measure(train, test, flags))

    def peft(self, case, train, test):
        """PEFT with the defaults of peft_train.py, which are those of `fixed`."""
        return self.result(case, "PEFT", lambda: self.measure_peft(train, test))

    def measure(self, train, test, flags):
        """Accuracy, macro-F1 and calibration error on the test file, and the CPU seconds of the training."""
        output = self.folder / "recipe-adapter"
        shutil.rmtree(output, ignore_errors=True)
        command = [self.program, "train", "--base", self.base, "--train", train, "--output", output, *self.compute]
        command += ["--hold-out", "0", "--no-report", "--json", "--overwrite", *flags.split()]
        objects, seconds = run(command)
        command = [self.program, "evaluate", "--base", self.base, "--adapter", output, "--input", test, "--json"]
        report = run(command + self.compute)[0][-1]
        return {
            "accuracy": 100 * report["accuracy"],
            "macro_f1": 100 * report["macro_f1"],
            "error": (report.get("calibration") or {}).get("error_before"),
            "seconds": seconds,
            "epochs": sum("epoch" in found for found in objects),
        }

    def measure_peft(self, train, test):
        script = pathlib.Path(__file__).with_name("peft_train.py")
        command = [sys.executable, script, "--base", self.base, "--train", train, "--test", test, *self.peft_flags]
        objects, seconds = run(command)
        last = objects[-1]
        return {"accuracy": 100 * last["accuracy"], "macro_f1": 100 * last["macro_f1"], "seconds": seconds}


def run(command):
    """The JSON objects that a command prints, and the CPU seconds that it used in user mode."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(list(map(str, command)), stdout=output, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0), errors.seek(0)
        if child.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}: {errors.read().strip()}")
        return [json.loads(line) for line in output if line.startswith("{")], usage.ru_utime


def drawn(path, count, folder):
    """So many rows of a file, drawn with a fixed seed; all of them without a count."""
    if not count:
        return path
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = folder / f"{path.parent.name}-{path.stem}-{count}.tsv"
    place.write_text("".join(random.Random(16).sample(lines, min(count, len(lines)))), encoding="utf-8")
    return place


def cases(sets, limits, folder, test_rows):
    """Name, training file and test file of each case."""
    for place in sets:
        test = drawn(place / "test.tsv", test_rows, folder)
        yield place.name, limits(place), test
        if place.name in SMALL_SETS:
            for per_label in ROWS_PER_LABEL:
                name = f"{place.name}, {per_label} per label"
                yield name, subset(place / "train.tsv", per_label, folder, place.name), test


def table(runs, found, hand, upper):
    """The lines of the table, printed while they are made."""
    lines = [
        "| data | rows | fixed: accuracy | auto: accuracy | auto: macro-F1 | best by hand | auto − best"
        " | PEFT | time auto / fixed | calibration error, fixed → auto |",
        "|---|--:|--:|--:|--:|---|--:|--:|--:|---|",
    ]
    for name, train, test in found:
        with open(train, encoding="utf-8") as rows:
            count = sum(1 for _ in rows)
        fixed = runs.lorikeet(name, train, test, "--recipe fixed")
        auto = runs.lorikeet(name, train, test, "--recipe auto")
        tried = {"the defaults": fixed}
        for flags in hand:
            flags = flags.format(upper=upper)
            tried[f"`{flags}`"] = runs.lorikeet(name, train, test, "--recipe fixed " + flags)
        peft = runs.peft(name, train, test)
        flags, best = max(tried.items(), key=lambda item: item[1]["accuracy"])
        errors = " → ".join("–" if run["error"] is None else f"{run['error']:.3f}" for run in (fixed, auto))
        cells = [f"`{name}`", f"{count:,}", f"{fixed['accuracy']:.2f}", f"{auto['accuracy']:.2f}"]
        cells += [f"{auto['macro_f1']:.2f}", f"{best['accuracy']:.2f} with {flags}"]
        cells += [f"{auto['accuracy'] - best['accuracy']:+.2f}", f"{peft['accuracy']:.2f}"]
        cells += [f"{auto['seconds'] / fixed['seconds']:.2f} ×", errors]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def page(lines, hand, dtype, machine):
    """The page of the measurements."""
    return "\n".join(
        [
            "# The recipe, measured",
            "",
            "Written by the part `recipe` of `scripts/benchmark-training`.",
            f"Machine: {machine}. `--dtype {dtype}`; PEFT computes in float32.",
            "",
            "Accuracy on the test file, in percent, seed 0. By hand: the fixed defaults and",
            f"{hand} other settings; the best on the test file counts, so it is a choice that nobody has before.",
            "Every training sees all its rows. The calibration error is that of the raw scores, without a temperature.",
            "`auto − best` is in points. PEFT has the same settings as `fixed`. Times are CPU seconds in user mode.",
            "",
            *lines,
            "",
        ]
    )
