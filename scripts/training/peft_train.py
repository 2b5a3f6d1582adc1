#!/usr/bin/env python3
"""Trains a LoRA adapter with PyTorch and PEFT, as a careful user would: the peer of `lorikeet train`.

    peft_train.py --base DIR --train FILE [--test FILE] [--limit N] [--epochs 3] [--rank 8] [--alpha 16]
                  [--targets query,value]

FILE holds `label<TAB>text` rows. Batches are padded to their longest text. AdamW, linear schedule with 6 % warm-up,
gradient clipping at 1. Prints one JSON line per epoch: rows, documents per second of its steps and, with --test,
accuracy and macro-F1.
"""

import argparse
import json
import random
import time

import torch
from peft import LoraConfig, TaskType, get_peft_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from transformers.utils import logging

logging.disable_progress_bar()


def read(path, limit=0):
    with open(path, encoding="utf-8") as lines:
        pairs = [line.rstrip("\n").split("\t", 1) for line in lines if "\t" in line]
    return pairs[:limit] if limit else pairs


def padded(sequences):
    width = max(map(len, sequences))
    ids = torch.zeros(len(sequences), width, dtype=torch.long)
    mask = torch.zeros(len(sequences), width, dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
        mask[row, : len(sequence)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def scores(predicted, truth):
    """Accuracy, and F1 as a mean over the labels that occur."""
    f1 = []
    for label in set(predicted) | set(truth):
        right = sum(p == label == t for p, t in zip(predicted, truth))
        f1.append(2 * right / (predicted.count(label) + truth.count(label)))
    return sum(p == t for p, t in zip(predicted, truth)) / len(truth), sum(f1) / len(f1)


def predict(model, sequences):
    model.eval()
    predicted = [0] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    with torch.inference_mode():
        for first in range(0, len(order), 64):
            pick = order[first : first + 64]
            for place, label in zip(pick, model(**padded([sequences[i] for i in pick])).logits.argmax(-1).tolist()):
                predicted[place] = label
    return predicted


def train(arguments):
    torch.set_num_threads(arguments.threads)
    # Else PyTorch slows down several times once gradients shrink into subnormal numbers.
    torch.set_flush_denormal(True)
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    rows, test = read(arguments.train, arguments.limit), read(arguments.test) if arguments.test else []
    labels = sorted({label for label, _ in rows})
    places = {label: place for place, label in enumerate(labels)}
    tokenizer = AutoTokenizer.from_pretrained(arguments.base)

    def encode(pairs):
        return (
            tokenizer([text for _, text in pairs], truncation=True, max_length=arguments.max_tokens)["input_ids"]
            if pairs
            else []
        )

    model = AutoModelForSequenceClassification.from_pretrained(
        arguments.base, num_labels=len(labels), dtype=torch.float32
    )
    model = get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=arguments.rank,
            lora_alpha=arguments.alpha,
            lora_dropout=0.1,
            target_modules=arguments.targets.split(","),
        ),
    )
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    sequences, targets = encode(rows), torch.tensor([places[label] for label, _ in rows])
    test_sequences, truth = encode(test), [places.get(label, -1) for label, _ in test]
    steps = -(-len(rows) // arguments.batch) * arguments.epochs
    optimizer = torch.optim.AdamW(parameters, lr=arguments.rate, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.06 * steps), steps)
    for epoch in range(1, arguments.epochs + 1):
        model.train()
        order = list(range(len(rows)))
        random.shuffle(order)
        begun, total = time.perf_counter(), 0.0
        for first in range(0, len(order), arguments.batch):
            pick = order[first : first + arguments.batch]
            loss = model(**padded([sequences[i] for i in pick]), labels=targets[pick]).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step(), schedule.step(), optimizer.zero_grad()
            total += loss.item() * len(pick)
        seconds = time.perf_counter() - begun
        report = {
            "epoch": epoch,
            "rows": len(rows),
            "loss": total / len(rows),
            "seconds": seconds,
            "documents_per_second": len(rows) / seconds,
        }
        if test:
            report["accuracy"], report["macro_f1"] = scores(predict(model, test_sequences), truth)
        print(json.dumps(report), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16)
    parser.add_argument("--targets", default="query,value")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    train(parser.parse_args())


if __name__ == "__main__":
    main()
