#!/usr/bin/env python3
"""Moves adapters both ways: one that Lorikeet trained into PEFT, one that PEFT trained into `lorikeet train --from`.

    both_ways.py PROGRAM BASE

Over BASE and a random DistilBERT. An adapter that Lorikeet wrote must give the same logits in PEFT. Training that
starts from a PEFT adapter must keep its logits at a learning rate near zero, and reach a lower loss than a fresh start
at a usual rate. Prints one line per case; the exit status is 1 if a deviation exceeds 1e-4.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile

import torch
from peft import LoraConfig, TaskType, get_peft_model

from cases import Base, deviation, lorikeet_logits, make_base, reference, reference_logits

LIMIT = 1e-4
WRITTEN = {
    "query and value": [],
    "rsLoRA, every linear layer": ["--rslora", "--targets", "all-linear", "--rank", "3"],
    "upper layer, rank 64": ["--layers", "1", "--rank", "64"],
    "biases": ["--bias", "lora_only", "--targets", "query,key"],
}


def rows(base, count, labels, seed):
    """Rows that can be learned: each label has words of its own among others."""
    choice = random.Random(seed)
    own = [base.words[100 + 10 * label : 110 + 10 * label] for label in range(labels)]
    result = []
    for number in range(count):
        label = number % labels
        words = choice.choices(base.words, k=choice.randint(3, 20)) + choice.choices(own[label], k=4)
        choice.shuffle(words)
        result.append((f"LABEL_{label}", " ".join(words)))
    return result


def write(path, pairs):
    path.write_text("".join(f"{label}\t{text}\n" for label, text in pairs), encoding="utf-8")
    return path


def train(program, base, file, output, *flags):
    """The epochs that `lorikeet train` reports."""
    command = [
        program,
        "train",
        "--base",
        base.folder,
        "--train",
        file,
        "--validation",
        file,
        "--output",
        output,
        "--json",
        "--recipe",
        "fixed",
        *flags,
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"lorikeet train ended with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines() if '"epoch"' in line]


def into_peft(program, base, file, texts, scratch):
    """Deviations of PEFT's logits from Lorikeet's, by case."""
    for number, (case, flags) in enumerate(WRITTEN.items()):
        folder = scratch / f"written{number}"
        train(program, base, file, folder, "--epochs", "1", *flags)
        labels = len(json.loads((folder / "lorikeet.json").read_text())["labels"])
        found = lorikeet_logits(program, base, [folder], texts, scratch)[folder.name]
        yield f"written here, read by PEFT: {case}", deviation(
            found, reference_logits(reference(base, folder, labels), base, texts)
        )


def peft_trained(base, pairs, labels, folder, **settings):
    """A few epochs with PyTorch; PEFT's model."""
    torch.manual_seed(4)
    head = ["classifier"] if base.architecture == "bert" else ["pre_classifier", "classifier"]
    model = get_peft_model(
        base.model(labels), LoraConfig(task_type=TaskType.SEQ_CLS, modules_to_save=head, **settings)
    ).eval()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    for _ in range(2):
        for label, text in pairs:
            ids = torch.tensor([base.ids(text)])
            model(
                input_ids=ids, attention_mask=torch.ones_like(ids), labels=torch.tensor([int(label[6:])])
            ).loss.backward()
            optimizer.step(), optimizer.zero_grad()
    model.save_pretrained(folder)
    return model


def from_peft(program, base, file, pairs, texts, scratch):
    query, value = ("query", "value") if base.architecture == "bert" else ("q_lin", "v_lin")
    settings = dict(r=4, lora_alpha=8, target_modules=[query, value], use_rslora=True)
    labels = len({label for label, _ in pairs})
    model = peft_trained(base, pairs, labels, scratch / "peft", **settings)
    still = scratch / "still"
    train(
        program,
        base,
        file,
        still,
        "--from",
        scratch / "peft",
        "--rate",
        "1e-30",
        "--weight-decay",
        "0",
        "--epochs",
        "1",
    )
    found = lorikeet_logits(program, base, [still], texts, scratch)[still.name]
    yield "trained by PEFT, taken on here", deviation(found, reference_logits(model, base, texts))
    gone_on = train(program, base, file, scratch / "on", "--from", scratch / "peft", "--epochs", "1")
    fresh = train(program, base, file, scratch / "fresh", "--rslora", "--rank", "4", "--alpha", "8", "--epochs", "1")
    yield f"loss of the next epoch {gone_on[0]['loss']:.3f}, of a fresh start's first {fresh[0]['loss']:.3f}", (
        0.0 if gone_on[0]["loss"] < fresh[0]["loss"] else float("inf")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program"), parser.add_argument("base")
    arguments = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        # 101: a DistilBERT of at least two layers.
        bases = [
            Base(arguments.base, "all-MiniLM-L6-v2"),
            make_base(scratch / "distilbert", pathlib.Path(arguments.base) / "vocab.txt", 101),
        ]
        for number, base in enumerate(bases):
            place = scratch / f"adapters{number}"
            place.mkdir()
            pairs = rows(base, 120, 3, 5)
            file = write(place / "rows.tsv", pairs)
            texts = base.texts([0, 1, 4, 9, 33, 120, 400, 600], 6)
            print(base.name)
            for cases in (
                into_peft(arguments.program, base, file, texts, place),
                from_peft(arguments.program, base, file, pairs, texts, place),
            ):
                for case, value in cases:
                    worst = max(worst, value)
                    print(f"  {value:.1e}  {case}", flush=True)
    raise SystemExit(worst > LIMIT)


if __name__ == "__main__":
    main()
