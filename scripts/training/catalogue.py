#!/usr/bin/env python3
"""Writes a data set from this machine's package catalogue, for benchmarks without another one: catalogue.py DIR

The folder DIR/packages gets train.tsv and test.tsv: descriptions, with the sections of the packages as labels.
"""

import hashlib
import pathlib
import subprocess
import sys


def catalogue(folder):
    """Writes the data set. The text decides whether a row is for training or testing."""
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True).stdout
    wanted = {"libs", "python", "perl", "doc", "games", "net", "science"}
    sides = {"train": [], "test": []}
    for entry in dump.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in entry.split("\n") if ": " in line and not line.startswith(" "))
        section, text = fields.get("Section", "").split("/")[-1], fields.get("Description", "").replace("\t", " ")
        if section in wanted and text:
            number = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
            if number % 8 < 2:
                sides["test" if number % 40 < 8 else "train"].append(f"{section}\t{text}\n")
    (folder / "packages").mkdir()
    for side, lines in sides.items():
        (folder / "packages" / f"{side}.tsv").write_text("".join(dict.fromkeys(lines)), encoding="utf-8")
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    catalogue(pathlib.Path(sys.argv[1]))
