"""Random bases, adapters and texts for the comparisons, and what both sides make of them."""

import json
import os
import pathlib
import random
import subprocess

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import BertWordPieceTokenizer
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)
from transformers.utils import logging

logging.disable_progress_bar()

POSITIONS = 512
TARGETS = {
    "bert": ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
    "distilbert": ["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"],
}


class Base:
    """A base directory and how its texts become token ids."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        config = json.loads((self.folder / "config.json").read_text())
        self.architecture = config["model_type"]
        self.layers = config.get("num_hidden_layers") or config["n_layers"]
        self.words = [
            w
            for w in (self.folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
            if w.isascii() and w.isalpha()
        ]
        self.tokenizer = BertWordPieceTokenizer(str(self.folder / "vocab.txt"), lowercase=True)
        self.tokenizer.enable_truncation(POSITIONS)

    def ids(self, text):
        return self.tokenizer.encode(text).ids

    def model(self, labels):
        return AutoModelForSequenceClassification.from_pretrained(self.folder, num_labels=labels, dtype=torch.float32)

    def texts(self, lengths, seed):
        """A text of so many words for each length: words are tokens, so that the longest ones are cut."""
        choice = random.Random(seed)
        return [" ".join(choice.choices(self.words, k=n)) for n in lengths]


def make_base(folder, vocabulary, seed):
    """A BERT or DistilBERT of random sizes and weights with every parameter random, also biases and norms."""
    choice = random.Random(seed)
    size, heads = choice.choice([5, 7, 16, 24, 33, 64]), choice.randint(1, 5)
    layers, inner = choice.randint(1, 4), choice.choice([33, 96, 128, 383])
    activation = ["gelu", "gelu_new", "relu"][seed // 2 % 3]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    words = [
        w for w in pathlib.Path(vocabulary).read_text(encoding="utf-8").split("\n") if w and not w.startswith("[unused")
    ][:2500]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    if seed % 2 == 0:
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=size * heads,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=inner,
            hidden_act=activation,
            max_position_embeddings=POSITIONS,
        )
        model, name = BertForSequenceClassification(config), "BERT"
    else:
        config = DistilBertConfig(
            vocab_size=len(words),
            dim=size * heads,
            n_layers=layers,
            n_heads=heads,
            hidden_dim=inner,
            activation=activation,
            max_position_embeddings=POSITIONS,
        )
        model, name = DistilBertForSequenceClassification(config), "DistilBERT"
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = "LayerNorm.weight" in key or "layer_norm.weight" in key
            if is_norm:
                parameter.copy_(1 + 0.2 * noise)
            elif parameter.dim() > 1 and "embeddings" not in key:
                parameter.copy_(1.2 * noise / parameter.shape[1] ** 0.5)
            else:
                parameter.copy_(0.3 * noise)
    model.base_model.save_pretrained(folder)
    return Base(folder, f"{name} {layers} layers, {heads}x{size}, {inner}, {activation}")


KINDS = [
    "plain LoRA",
    "rsLoRA",
    "rank_pattern, alpha_pattern",
    "layers_to_transform",
    "every linear layer",
    "bias: lora_only",
    "DoRA",
    "all of these",
]


def lora(base, kind, choice):
    """PEFT's settings of a random adapter of a kind."""
    targets = TARGETS[base.architecture]
    settings = dict(
        r=choice.choice([1, 2, 3, 4, 7, 8, 16, 31, 64]),
        lora_alpha=choice.choice([1, 8, 16, 33]),
        target_modules=choice.sample(targets, choice.randint(1, 3)),
    )
    everything = kind == KINDS[7]
    if kind == KINDS[1] or everything:
        settings["use_rslora"] = True
    if kind == KINDS[4] or everything:
        # PEFT refuses the one word beside layers_to_transform.
        settings["target_modules"] = list(targets) if everything or choice.random() < 0.5 else "all-linear"
    if kind == KINDS[2] or everything:
        names = settings["target_modules"]
        settings["rank_pattern"] = {choice.choice(names): choice.randint(1, 64)}
        settings["alpha_pattern"] = {
            f"{choice.randrange(base.layers)}.*{choice.choice(names).replace('.', chr(92) + '.')}": choice.randint(
                1, 40
            )
        }
    if kind == KINDS[3] or everything:
        settings["layers_to_transform"] = sorted(choice.sample(range(base.layers), choice.randint(1, base.layers)))
    if kind == KINDS[5] or everything:
        settings["bias"] = "lora_only"
    if kind == KINDS[6] or everything:
        settings["use_dora"] = True
    return settings


def make_adapter(base, folder, settings, labels, seed):
    """An adapter as PEFT saves it, with every value random; returns PEFT's model as read from there."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    head = ["classifier"] if base.architecture == "bert" else ["pre_classifier", "classifier"]
    model = get_peft_model(base.model(labels), LoraConfig(task_type=TaskType.SEQ_CLS, modules_to_save=head, **settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if "magnitude" in key:
                parameter.mul_(1 + 0.2 * noise)
            elif "lora_" in key:
                parameter.copy_(0.4 * noise / parameter.shape[1] ** 0.5)
            elif parameter.dim() > 1:
                parameter.copy_(noise / parameter.shape[1] ** 0.5)
            else:
                parameter.copy_(0.2 * noise)
    model.save_pretrained(folder)
    if settings.get("bias") == "lora_only":
        # PEFT forgets these biases when it saves (their name has "base_layer" in it), but reads them.
        file = os.path.join(folder, "adapter_model.safetensors")
        weights = load_file(file)
        weights.update(
            {
                k: p.detach().clone()
                for k, p in model.named_parameters()
                if p.requires_grad and k.endswith("base_layer.bias")
            }
        )
        save_file(weights, file, metadata={"format": "pt"})
    return reference(base, folder, labels)


def reference(base, folder, labels):
    """PEFT's own model of an adapter's folder."""
    return PeftModel.from_pretrained(base.model(labels), folder).eval()


def reference_logits(model, base, texts):
    """Each text alone, without padding."""
    rows = []
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([base.ids(text)])
            rows.append(model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].tolist())
    return rows


def lorikeet_logits(program, base, folders, texts, scratch):
    """What `lorikeet classify` says with all adapters at once: by folder name the logits of each text."""
    file = pathlib.Path(scratch) / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    command = [program, "classify", "--base", base.folder, "--input", file, "--max-tokens", str(POSITIONS), "--logits"]
    for folder in folders:
        command += ["--adapter", folder]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"lorikeet classify ended with {done.returncode}: {done.stderr.strip()}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    names = [pathlib.Path(folder).name for folder in folders]
    if len(names) == 1:
        return {names[0]: [answer["logits"] for answer in answers]}
    return {name: [answer[name]["logits"] for answer in answers] for name in names}


def deviation(found, expected):
    """The largest difference of any text, divided by that text's largest logit."""
    worst = 0.0
    if len(found) != len(expected):
        return float("inf")
    for one, other in zip(found, expected):
        if len(one) != len(other):
            return float("inf")
        largest = max(map(abs, other))
        worst = max(worst, max(abs(a - b) for a, b in zip(one, other)) / largest)
    return worst
