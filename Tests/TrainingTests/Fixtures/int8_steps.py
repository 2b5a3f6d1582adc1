#!/usr/bin/env python3
"""Writes int8.json and int8.safetensors into steps/CASE/: steps of AdamW as PyTorch and PEFT take them over int8 bases.

    int8_steps.py    (after steps.py; needs: numpy, torch, transformers, peft, safetensors)

  int8.json          settings, batches of token ids and targets, and of each step the loss and the gradient's norm
  int8.safetensors   N.KEY: the values after step N

Bases, adapters to start from and settings are those of steps.py. The rounding is that of make_int8_fixtures.py, as is
the choice of texts: at each step, only such are taken in which no value that is rounded is near halfway between two
steps of its scale, so that float32 rounds each as float64 does. For that, a second model takes the same steps in
float32. What is written was computed in float64.

It prints how far three other trainings on the same texts end from that, as shares of the largest value: in float32,
over a base that is not rounded, and with gradients in bfloat16, as on CPUs that have it. The tests' tolerances are
chosen by these.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import get_linear_schedule_with_warmup, logging

from steps import CASES, DECAY, HERE, RATE, WARMUP, mean_loss, own

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "BERTTests" / "Fixtures"))
from make_int8_fixtures import Computed, RoundedLinear, texts

NAMES = ["bert-plain", "bert-everything", "bert-upper", "distilbert-everything"]
STEPS, BATCH, LABELS = 6, 6, 3
# Twice that of single gradients: what differs in one step is carried to the next.
MARGIN = 16


class RoundedGradient(torch.autograd.Function):
    """A product whose gradient reads its operands in bfloat16."""

    @staticmethod
    def forward(context, x, weight):
        context.save_for_backward(weight)
        return x @ weight.T

    @staticmethod
    def backward(context, gradient):
        (weight,) = context.saved_tensors
        return gradient.bfloat16().to(weight.dtype) @ weight.bfloat16().to(weight.dtype), None


class FastLinear(RoundedLinear):
    """A rounded linear layer with gradients in bfloat16."""

    def product(self, x):
        return RoundedGradient.apply(x, self.weight) + self.bias


class Training:
    """A model and its optimizer."""

    def __init__(self, name, dtype, rounds=True, fast=False):
        _, _, self.loss_settings, self.clipping = CASES[name]
        computed = Computed(HERE / CASES[name][0], HERE / name, LABELS, dtype, rounds)
        for linear in computed.linears if fast else []:
            linear.__class__ = FastLinear
        self.computed, self.dtype = computed, dtype
        self.trained = {own(key): p for key, p in computed.model.named_parameters() if p.requires_grad}
        values = self.trained.values()
        groups = [
            {"params": [p for p in values if p.dim() > 1], "weight_decay": DECAY},
            {"params": [p for p in values if p.dim() < 2], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=RATE)
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, int(WARMUP * STEPS), STEPS)
        self.losses, self.norms, self.values = [], [], []

    def step(self, ids, targets):
        weights = self.loss_settings.get("weights")
        weights = torch.tensor(weights, dtype=self.dtype) if weights else None
        logits = torch.cat([self.computed.logits(i) for i in ids])
        loss = mean_loss(logits, torch.tensor(targets), weights, self.loss_settings.get("smoothing", 0.0))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained.values(), self.clipping or float("inf"))
        self.optimizer.step(), self.schedule.step(), self.optimizer.zero_grad()
        self.losses.append(loss.item())
        self.norms.append(norm.item())
        self.values.append({key: p.detach().to(torch.float32, copy=True) for key, p in self.trained.items()})

    def distance(self, exact):
        """From losses, norms and values of another: of each step the largest difference."""
        def largest(found, expected):
            return max(((found[key] - expected[key]).abs().max() / expected[key].abs().max()).item() for key in found)
        columns = [[abs(a - b) / b for a, b in zip(*pair)] for pair in [
            (self.losses, exact.losses), (self.norms, exact.norms)]]
        columns.append([largest(*pair) for pair in zip(self.values, exact.values)])
        return ", ".join(
            f"{what} {' '.join(f'{v:.1e}' for v in column)}"
            for what, column in zip(["losses", "norms", "values"], columns))


def write(name):
    exact, single = Training(name, torch.float64), Training(name, torch.float32)
    others = {
        "float32": single, "not rounded": Training(name, torch.float64, rounds=False),
        "gradients in bfloat16": Training(name, torch.float32, fast=True)}
    generator = torch.Generator().manual_seed(7)
    batches, noise = [], 0.0
    for _ in range(STEPS):
        lengths = torch.randint(2, 12, (BATCH,), generator=generator).tolist()
        targets = torch.randint(0, LABELS, (BATCH,), generator=generator).tolist()
        ids, moved = texts(exact.computed, single.computed, lengths, generator, words=31, margin=MARGIN)
        noise = max(noise, moved)
        for training in [exact, *others.values()]:
            training.step(ids, targets)
        batches.append({"ids": ids, "targets": targets})
    tensors = {f"{step}.{key}": value for step, values in enumerate(exact.values) for key, value in values.items()}
    save_file(tensors, HERE / name / "int8.safetensors")
    content = {"rate": RATE, "weight_decay": DECAY, "warmup": WARMUP, "clipping": exact.clipping}
    content |= {**exact.loss_settings, "batches": batches, "losses": exact.losses, "norms": exact.norms}
    (HERE / name / "int8.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{name}: float32 moves values by {noise:.1e} steps")
    for what, training in others.items():
        print(f"  {what}: {training.distance(exact)}")


def main():
    # It warns of the missing head, which the adapters bring.
    logging.set_verbosity_error()
    for name in NAMES:
        write(name)


if __name__ == "__main__":
    main()
