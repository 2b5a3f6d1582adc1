#!/usr/bin/env python3
"""Writes steps/: ten steps of AdamW as PyTorch and PEFT take them, without dropout, over tiny random bases.

    steps.py         (needs: torch, transformers, peft, safetensors; int8_steps.py adds its files afterwards)

  steps/BASE/              bert and distilbert, every parameter random
  steps/CASE/              the adapter to start from, as PEFT saves it
  steps/CASE/steps.json    settings, batches of token ids and targets, and of each step the loss and the gradient's norm
  steps/CASE/steps.safetensors    N.KEY: the gradient of step N before clipping; final.KEY: the values after ten steps

Linear schedule with warm-up; matrices decay; clipping is reached in some steps only. The loss is the mean that
torch.nn.functional.cross_entropy forms, with class weights divided by the weights of the targets; of sets of labels that of
binary_cross_entropy_with_logits, with the weights on the positive term and smoothed targets (1 - s) t + s / 2.
"""
import json
import pathlib
import shutil

import torch
from peft import LoraConfig, TaskType, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    get_linear_schedule_with_warmup,
)

HERE = pathlib.Path(__file__).resolve().parent / "steps"
STEPS, BATCH, RATE, DECAY, WARMUP = 10, 6, 5e-3, 0.1, 0.2
BERT_LAYERS = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense", "pooler.dense"]
DISTILBERT_LAYERS = ["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"]
LOSS = {"weights": [0.5, 2.0, 1.25], "smoothing": 0.1}
CASES = {
    "bert-plain": ("bert", dict(r=2, lora_alpha=4, target_modules=["query", "value"]), {}, 0.8),
    "bert-everything": ("bert", dict(r=2, lora_alpha=3, use_rslora=True, target_modules=BERT_LAYERS), LOSS, 1.0),
    "bert-upper": ("bert", dict(r=3, lora_alpha=3, target_modules=["key", "output.dense"], layers_to_transform=[1]), {"smoothing": 0.2}, 0.0),
    "bert-sets": ("bert", dict(r=2, lora_alpha=4, target_modules=["query", "value"]), LOSS | {"sets": True}, 0.5),
    "distilbert-plain": ("distilbert", dict(r=2, lora_alpha=4, target_modules=["q_lin", "v_lin"]), {"weights": [3.0, 1.0, 0.25]}, 1.3),
    "distilbert-everything": ("distilbert", dict(r=2, lora_alpha=3, use_rslora=True, target_modules=DISTILBERT_LAYERS), LOSS, 1.5),
}


def make_base(name, model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = "LayerNorm.weight" in key or "layer_norm.weight" in key
            parameter.copy_(1 + 0.2 * noise if is_norm else 0.2 * noise)
    model.save_pretrained(HERE / name)


def own(key):
    """The key of a parameter in PEFT's file."""
    return key.replace(".default", "").replace(".modules_to_save", "")


def start(name, base, lora):
    torch.manual_seed(1)
    head = ["classifier"] if base == "bert" else ["pre_classifier", "classifier"]
    model = AutoModelForSequenceClassification.from_pretrained(HERE / base, num_labels=3)
    model = get_peft_model(model, LoraConfig(task_type=TaskType.SEQ_CLS, modules_to_save=head, **lora)).eval()  # eval: no dropout
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(0.25 * torch.randn(parameter.shape, generator=generator))
    model.save_pretrained(HERE / name)
    (HERE / name / "README.md").unlink(missing_ok=True)
    settings = json.loads((HERE / name / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = base
    (HERE / name / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    return model


def mean_loss(logits, targets, weights, smoothing):
    if targets.dim() == 1:
        return torch.nn.functional.cross_entropy(logits, targets, weight=weights, label_smoothing=smoothing)
    targets = (1 - smoothing) * targets.float() + smoothing / 2
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights)


def take_steps(name, base, lora, loss_settings, clipping):
    model = start(name, base, lora)
    generator = torch.Generator().manual_seed(5)
    parameters = [p for p in model.parameters() if p.requires_grad]
    matrices, vectors = [p for p in parameters if p.dim() > 1], [p for p in parameters if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}], lr=RATE)
    schedule = get_linear_schedule_with_warmup(optimizer, int(WARMUP * STEPS), STEPS)
    weights = torch.tensor(loss_settings["weights"]) if "weights" in loss_settings else None
    batches, losses, norms, tensors = [], [], [], {}
    for step in range(STEPS):
        lengths = torch.randint(2, 12, (BATCH,), generator=generator).tolist()
        ids = [torch.randint(1, 31, (n,), generator=generator).tolist() for n in lengths]
        if loss_settings.get("sets"):
            targets = torch.randint(0, 2, (BATCH, 3), generator=generator).tolist()
        else:
            targets = torch.randint(0, 3, (BATCH,), generator=generator).tolist()
        logits = torch.cat([model(input_ids=torch.tensor([i]), attention_mask=torch.ones(1, len(i), dtype=torch.long)).logits for i in ids])
        loss = mean_loss(logits, torch.tensor(targets), weights, loss_settings.get("smoothing", 0.0))
        loss.backward()
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                tensors[f"{step}.{own(key)}"] = parameter.grad.clone()
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, clipping or float("inf"))))
        optimizer.step(), schedule.step(), optimizer.zero_grad()
        # Of sets the places of the labels that hold.
        batches.append({"ids": ids} | ({"sets": [[i for i, holds in enumerate(t) if holds] for t in targets]} if loss_settings.get("sets") else {"targets": targets}))
        losses.append(loss.item())
    tensors.update({f"final.{key}": value.clone() for key, value in get_peft_model_state_dict(model).items()})
    save_file(tensors, HERE / name / "steps.safetensors")
    content = {"rate": RATE, "weight_decay": DECAY, "warmup": WARMUP, "clipping": clipping, **loss_settings}
    content |= {"batches": batches, "losses": losses, "norms": norms}
    (HERE / name / "steps.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(name, "norms", [round(n, 2) for n in norms])


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    sizes = dict(vocab_size=31, max_position_embeddings=16)
    make_base("bert", BertModel(BertConfig(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20, **sizes)), 1)
    make_base("distilbert", DistilBertModel(DistilBertConfig(dim=12, n_layers=2, n_heads=3, hidden_dim=20, **sizes)), 2)
    for name, case in CASES.items():
        take_steps(name, *case)


if __name__ == "__main__":
    main()
