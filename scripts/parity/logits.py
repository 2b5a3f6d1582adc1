#!/usr/bin/env python3
"""Compares the logits of random adapters, as PEFT writes them, with those of PyTorch and PEFT in float32.

    logits.py PROGRAM BASE [--bases 10] [--adapters 8] [--seed 1]

Over BASE and generated bases (BERT and DistilBERT in turn, with odd head sizes and widths), every kind of adapter is
made with random rank, alpha, targets and number of labels. `lorikeet classify` gets all adapters of a base in one call,
so that its batches mix them. PyTorch computes each text alone. Prints the largest deviation per kind and base; the exit
status is 1 if one exceeds 1e-4.
"""

import argparse
import pathlib
import random
import tempfile

from cases import KINDS, Base, deviation, lora, lorikeet_logits, make_adapter, make_base, reference_logits

LIMIT = 1e-4
LENGTHS = [0, 1, 1, 2, 3, 5, 5, 7, 8, 12, 14, 15, 31, 33, 62, 126, 254, 383, 509, 510, 700]


def compare(program, base, count, seed, folder):
    """By kind the worst deviation over this base's adapters."""
    choice = random.Random(seed)
    texts = base.texts(LENGTHS, seed)
    kinds, folders, expected = [], [], []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        labels = [2, 151][number] if number < 2 else choice.randint(2, 151)
        place = folder / f"adapter{number}"
        model = make_adapter(base, place, lora(base, kind, choice), labels, seed * 1000 + number)
        kinds.append(kind), folders.append(place), expected.append(reference_logits(model, base, texts))
    found = lorikeet_logits(program, base, folders, texts, folder)
    worst = {}
    for kind, place, logits in zip(kinds, folders, expected):
        worst[kind] = max(worst.get(kind, 0.0), deviation(found[place.name], logits))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program"), parser.add_argument("base")
    parser.add_argument("--bases", type=int, default=10)
    parser.add_argument("--adapters", type=int, default=len(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    by_kind, by_base = {}, []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        bases = [(Base(arguments.base, "all-MiniLM-L6-v2"), 2 * arguments.adapters)]
        for number in range(arguments.bases):
            base = make_base(
                scratch / f"base{number}", pathlib.Path(arguments.base) / "vocab.txt", 100 * arguments.seed + number
            )
            bases.append((base, arguments.adapters))
        for number, (base, count) in enumerate(bases):
            (scratch / f"adapters{number}").mkdir()
            worst = compare(arguments.program, base, count, arguments.seed + number, scratch / f"adapters{number}")
            by_base.append((base.name, count, max(worst.values())))
            for kind, value in worst.items():
                by_kind[kind] = max(by_kind.get(kind, 0.0), value)
    print(
        f"seed {arguments.seed}; {len(LENGTHS)} texts of 2 to 512 tokens; worst difference / largest logit of the text"
    )
    for name, count, value in by_base:
        print(f"  {value:.1e}  {name} ({count} adapters)")
    print()
    for kind in KINDS:
        if kind in by_kind:
            print(f"  {by_kind[kind]:.1e}  {kind}")
    raise SystemExit(max(by_kind.values()) > LIMIT)


if __name__ == "__main__":
    main()
