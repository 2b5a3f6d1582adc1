#!/usr/bin/env python3
"""Writes what PyTorch and PEFT compute over int8 bases, for Int8ParityTests.

Run from anywhere, after make_fixtures.py, with torch, transformers, peft and safetensors installed. For each base that
is listed in main, it writes int8.json and int8-gradients/ beside the base's cases.json.

Nothing here calls the kernels. The integers of the weights and of the word embeddings are computed in NumPy, rounded as
quantized_weight.c and quantize.c round them. Everything else is computed in float64: a linear layer rounds the rows
that enter to 256 steps of their range, then multiplies them by the weights that the integers stand for. Gradients pass
the rounding unchanged (the straight-through estimator). Adapters read the rows before they are rounded.

A value halfway between two steps is rounded up or down by chance: float32 and float64 may disagree. So only texts are
taken in which each value is far from halfway: MARGIN times as far as float32 moves any value of this text, which is
seen by computing it in float32 too. So both round each value to the same step, and tests may compare as closely as they
do for float32.
"""

import json
import pathlib
import shutil

import numpy
import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import BertForSequenceClassification, DistilBertForSequenceClassification, logging

HERE = pathlib.Path(__file__).resolve().parent
MARGIN = 8
LENGTHS = [1, 2, 8, 4, 10, 6]
LARGEST_CODE, LANE_LIMIT, ATTEMPTS = 127, 32767 // 255, 64
SMALLEST_RANGE = 2.0**-100
STEPS = 2  # of QuantizedWeight.Precision.balanced
SINGLE = numpy.float32


def largest_lane(codes):
    """The largest sum of positive or of negative codes in a 16-bit lane of one output.

    A step is four inputs. The first two of each go to one lane, the other two to another, for STEPS steps.
    """
    padded = numpy.zeros(-(-len(codes) // (4 * STEPS)) * 4 * STEPS, dtype=numpy.int64)
    padded[: len(codes)] = codes
    lanes = padded.reshape(-1, STEPS, 2, 2).transpose(0, 2, 1, 3).reshape(-1, 2 * STEPS)
    return max(numpy.maximum(lanes, 0).sum(1).max(), numpy.maximum(-lanes, 0).sum(1).max())


def round_weights(row, scale):
    return numpy.clip(numpy.rint(row * (SINGLE(1) / scale)), -LARGEST_CODE, LARGEST_CODE).astype(numpy.int8)


def quantize_output(row):
    """The codes of one output's weights and what a code of 1 is worth."""
    largest = numpy.abs(row).max()
    if largest < SMALLEST_RANGE:
        return numpy.zeros(len(row), dtype=numpy.int8), SINGLE(0)
    scale = largest / SINGLE(LARGEST_CODE)
    for _ in range(ATTEMPTS):
        codes = round_weights(row, scale)
        lane = largest_lane(codes)
        if lane <= LANE_LIMIT:
            return codes, scale
        excess = SINGLE(lane) / SINGLE(LANE_LIMIT) * SINGLE(0.98)
        scale = scale * max(excess, SINGLE(1.005))
    scale = largest / SINGLE(LANE_LIMIT // 16)
    return round_weights(row, scale), scale


def quantize_weight(weight):
    """Codes [outputs, inputs] and scales [outputs] of a weight."""
    rows = [quantize_output(row) for row in weight.astype(SINGLE)]
    return numpy.stack([codes for codes, _ in rows]), numpy.array([scale for _, scale in rows], dtype=SINGLE)


def quantize_table(table):
    """Codes and scales of the word embeddings, row by row."""
    table = table.astype(SINGLE)
    top = numpy.abs(table).max(1)
    inverse = numpy.where(top < SMALLEST_RANGE, SINGLE(0), SINGLE(127) / top).astype(SINGLE)
    codes = numpy.rint(table * inverse[:, None]).astype(numpy.int8)
    return codes, numpy.where(top < SMALLEST_RANGE, SINGLE(0), top / SINGLE(127)).astype(SINGLE)


def restored(codes, scales, dtype):
    """Rounded to float32 once: a code has 7 bits and a scale 24, and dequantizing them is one product."""
    return torch.from_numpy((codes.astype(SINGLE) * scales[:, None]).astype(SINGLE)).to(dtype)


class RoundedLinear(torch.nn.Linear):
    """A frozen linear layer over rows of 8-bit steps."""

    def __init__(self, linear, dtype):
        super().__init__(linear.in_features, linear.out_features)
        self.weight.data = restored(*quantize_weight(linear.weight.detach().numpy()), dtype)
        self.bias.data = linear.bias.detach().to(dtype)
        self.requires_grad_(False)
        # Set to a list to record each call's values in steps.
        self.record = None

    def forward(self, x):
        low, high = x.detach().amin(-1, keepdim=True).clamp(max=0), x.detach().amax(-1, keepdim=True).clamp(min=0)
        scale = high / 255 - low / 255
        zero = torch.round(-low / scale)
        steps = x.detach() / scale
        if self.record is not None:
            self.record.append((steps, -low / scale))
        rounded = (torch.clamp(torch.round(steps) + zero, 0, 255) - zero) * scale
        return self.product(x + (rounded - x.detach()))

    def product(self, x):
        return super().forward(x)


def encoder(model):
    return model.bert if hasattr(model, "bert") else model.distilbert


def round_base(model, dtype):
    """Replaces the linear layers of the encoder and its word embeddings. The pooler and the head stay as they are."""
    model.to(torch.float32)
    words = encoder(model).embeddings.word_embeddings.weight
    codes, scales = quantize_table(words.detach().numpy())
    layers = encoder(model).encoder.layer if hasattr(model, "bert") else encoder(model).transformer.layer
    found = []
    for layer in layers:
        for name, module in list(layer.named_modules()):
            if type(module) is torch.nn.Linear:
                parent = layer.get_submodule(name.rpartition(".")[0])
                setattr(parent, name.rpartition(".")[2], RoundedLinear(module, dtype))
                found.append(name)
    assert len(found) == 6 * len(layers), found
    model.to(dtype)
    words.data = restored(codes, scales, dtype)
    return model


class Computed:
    """A base, rounded or as it is, with an adapter over it."""

    def __init__(self, base, adapter, labels, dtype, rounds=True):
        """The base and the adapter are folders."""
        kind = DistilBertForSequenceClassification if "distil" in base.name else BertForSequenceClassification
        model = kind.from_pretrained(base, num_labels=labels, dtype=torch.float32, attn_implementation="eager")
        if rounds:
            model = round_base(model, dtype)
        self.model = PeftModel.from_pretrained(model, adapter, is_trainable=True, autocast_adapter_dtype=False)
        self.model.to(dtype).eval()
        self.linears = [module for module in self.model.modules() if isinstance(module, RoundedLinear)]

    def logits(self, ids):
        ids = torch.tensor([ids])
        return self.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    def steps(self, ids):
        """All values that are rounded, in steps."""
        for linear in self.linears:
            linear.record = []
        with torch.no_grad():
            self.logits(ids)
        values = []
        for number, linear in enumerate(self.linears):
            # After the keys and values of the last layer, only the first row is computed.
            rows = slice(0, 1 if number >= len(self.linears) - 3 else None)
            for recorded in linear.record:
                values += [tensor[:, rows].flatten().double() for tensor in recorded]
            linear.record = None
        return torch.cat(values)


def distance(steps):
    """How far the value that is nearest to halfway between two steps is from there."""
    return ((steps - torch.floor(steps)) - 0.5).abs().min().item()


def texts(exact, single, lengths, generator, words=61, margin=MARGIN):
    """Random texts in which float32 cannot round a value to another step, and the most by which it moves one."""
    found, noise = [], 0.0
    while len(found) < len(lengths):
        ids = torch.randint(1, words, (lengths[len(found)],), generator=generator).tolist()
        steps = exact.steps(ids)
        assert torch.isfinite(steps).all()
        # float32 has about seven digits, and steps have three: whatever is closer need not be computed twice.
        if distance(steps) > 1e-4:
            moved = (single.steps(ids) - steps).abs().max().item()
            if distance(steps) > margin * moved:
                noise = max(noise, moved)
                found.append(ids)
    return found, noise


def gradients(computed, sequences, labels, options, path):
    """Writes the gradients as gradient_of in make_fixtures.py does, in float64 rounded once."""
    targets = [(3 * i + 1) % labels for i in range(len(sequences))]
    weights = torch.tensor(options["weights"], dtype=torch.float64) if options.get("weights") else None
    loss = torch.nn.functional.cross_entropy(
        torch.cat([computed.logits(ids) for ids in sequences]), torch.tensor(targets), weight=weights,
        label_smoothing=options.get("smoothing", 0.0), reduction="sum")
    loss.backward()
    tensors = {}
    for key, parameter in computed.model.named_parameters():
        if parameter.grad is not None:
            key = key.replace(".default", "").replace(".modules_to_save", "").replace(".base_layer", "")
            tensors[key] = parameter.grad.to(torch.float32).contiguous()
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path)
    return {**options, "targets": targets, "loss": loss.item()}


def write(folder, lengths, adapters):
    out = HERE / folder
    shutil.rmtree(out / "int8-gradients", ignore_errors=True)
    known = json.loads((out / "cases.json").read_text())["adapters"]
    generator = torch.Generator().manual_seed(17)
    cases = {}
    for name in adapters:
        labels = known[name]["labels"]
        adapter = out / "adapters" / name
        exact, single = [Computed(out, adapter, labels, dtype) for dtype in (torch.float64, torch.float32)]
        sequences, noise = texts(exact, single, lengths, generator)
        with torch.no_grad():
            logits = torch.cat([exact.logits(ids) for ids in sequences])
            floats = Computed(out, adapter, labels, torch.float64, rounds=False)
            plain = torch.cat([floats.logits(ids) for ids in sequences])
        rows = [[round(v, 8) for v in row] for row in logits.tolist()]
        case = {"sequences": sequences, "logits": rows, "labels": labels}
        options = known[name].get("gradient")
        if options is not None:
            path = out / "int8-gradients" / f"{name}.safetensors"
            case["gradient"] = gradients(exact, sequences, labels, options, path)
        cases[name] = case
        rounding = ((logits - plain).abs().max() / logits.abs().max()).item()
        print(f"{folder} {name}: float32 moves values by {noise:.1e} steps, int8 moves logits by {rounding:.1e}")
    (out / "int8.json").write_text(json.dumps({"adapters": cases}, separators=(",", ":")) + "\n")


def main():
    # It warns of the missing head, which the adapters bring.
    logging.set_verbosity_error()
    write("bert", LENGTHS, ["plain", "patterns", "everything", "biases", "dora", "top"])
    write("bert-odd", LENGTHS, ["rank1", "dora"])
    write("distilbert", LENGTHS, ["plain", "everything"])
    write("distilbert-odd", LENGTHS, ["patterns", "biases"])


if __name__ == "__main__":
    main()
