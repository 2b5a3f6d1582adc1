#!/usr/bin/env python3
"""Writes steps.json: ten steps of AdamW as PyTorch and PEFT take them, without dropout.

    steps.py > steps.json         (needs: torch, transformers, peft)

The base and the adapter to start from are Tests/BERTTests/Fixtures/bert and its adapters/plain. Batches of random tokens
and targets; linear schedule with warm-up, clipping at 2.6 (reached in some steps only), matrices decay.
"""
import json
import pathlib

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup

BASE = pathlib.Path(__file__).resolve().parents[2] / "BERTTests" / "Fixtures" / "bert"
ADAPTER = BASE / "adapters" / "plain"
STEPS, BATCH, RATE, DECAY, WARMUP, CLIPPING = 10, 6, 5e-3, 0.1, 0.2, 2.6

generator = torch.Generator().manual_seed(5)
labels = next(v for k, v in load_file(ADAPTER / "adapter_model.safetensors").items() if "classifier.weight" in k).shape[0]
model = BertForSequenceClassification.from_pretrained(BASE, num_labels=labels)
model = PeftModel.from_pretrained(model, ADAPTER, is_trainable=True).eval()  # eval: no dropout
parameters = [p for p in model.parameters() if p.requires_grad]
groups = [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": DECAY}, {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=RATE)
schedule = get_linear_schedule_with_warmup(optimizer, int(WARMUP * STEPS), STEPS)
batches, losses, norms = [], [], []
for step in range(STEPS):
    lengths = torch.randint(2, 12, (BATCH,), generator=generator).tolist()
    ids = [torch.randint(1, 61, (n,), generator=generator).tolist() for n in lengths]
    targets = torch.randint(0, labels, (BATCH,), generator=generator).tolist()
    logits = torch.cat([model(input_ids=torch.tensor([i]), attention_mask=torch.ones(1, len(i), dtype=torch.long)).logits for i in ids])
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(targets))
    loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, CLIPPING)))
    optimizer.step(), schedule.step(), optimizer.zero_grad()
    batches.append({"ids": ids, "targets": targets})
    losses.append(loss.item())
final = {k: [float(f"{x:.7g}") for x in v.flatten().tolist()] for k, v in get_peft_model_state_dict(model).items()}
print(json.dumps({"steps": STEPS, "rate": RATE, "weight_decay": DECAY, "warmup": WARMUP, "clipping": CLIPPING, "batches": batches, "losses": losses, "norms": norms, "final": final},
                 separators=(",", ":")).replace('"batches"', '\n"batches"').replace('"final"', '\n"final"').replace('],"base', '],\n"base'))
