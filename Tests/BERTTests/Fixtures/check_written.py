"""Checks that PEFT reads an adapter that Lorikeet wrote and computes the same logits.

  python check_written.py BASE ADAPTER LOGITS.json

LOGITS.json holds what Lorikeet computed: {"sequences": [[token id, …], …], "logits": [[number, …], …]}.
Prints the largest difference divided by the largest logit; exits 1 if that is 1e-4 or more.
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

base, adapter, file = sys.argv[1:]
with open(file) as content:
    case = json.load(content)
expected = torch.tensor(case["logits"])
model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=expected.shape[1])
model = PeftModel.from_pretrained(model, adapter).eval()
with torch.no_grad():
    found = torch.cat([model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits for ids in case["sequences"]])
deviation = ((found - expected).abs().max() / found.abs().max()).item()
print(f"{deviation:.1e}")
sys.exit(deviation >= 1e-4)
