"""Writes the fixtures beside this file with PyTorch, transformers and PEFT: tiny random bases, adapters over them, and what
they compute. Run it with Python and torch, transformers, peft, safetensors: python make_fixtures.py

  bert/        BERT, 3 layers, float32, no prefix, gelu     adapters: plain, patterns, dense, everything, biases, dora, top
  bert-half/   the same sizes, float16, prefix "bert.", relu
  bert-brain/  the same sizes, bfloat16, sharded, gelu_new
  distilbert/  DistilBERT, 2 layers, float32, prefix "distilbert.", gelu     adapters: plain, everything
  bert-odd/        BERT, heads of 7, relu, texts of 1 to 512 tokens              adapters: rank1, rank64, dora
  distilbert-odd/  DistilBERT, heads of 5, gelu_new, texts of 1 to 512 tokens    adapters: patterns, biases, dora, all
  each base    cases.json: token ids, then per adapter its logits; adapters/NAME as PEFT saves them;
               gradients/NAME.safetensors: of the loss that cases.json describes
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertForSequenceClassification,
)

HERE = pathlib.Path(__file__).resolve().parent
SIZES = dict(vocab_size=61, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=48, max_position_embeddings=40)
LENGTHS = [1, 7, 12, 3, 40, 5]
LONG = [1, 2, 33, 383, 512]


def randomize(model, seed, scale=0.15):
    """Every parameter random, also biases and norms, so that nothing can be left out unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "LayerNorm.weight" in name or "layer_norm.weight" in name:
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(scale * noise)
    return model


def sequences(seed, lengths):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(1, 61, (n,), generator=generator).tolist() for n in lengths]


def numbers(values):
    return [round(v, 8) for v in values]


def run(model, texts):
    """Logits of each text alone."""
    return torch.cat([model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits for ids in texts])


def adapt(base_class, folder, name, texts, seed, labels, gradient=None, dtype=torch.float32, config=None, **lora):
    torch.manual_seed(seed)
    out = HERE / folder / "adapters" / name
    model = base_class.from_pretrained(HERE / folder, num_labels=labels, dtype=torch.float32)
    saved = ["pre_classifier", "classifier"] if "distil" in folder else ["classifier"]
    model = get_peft_model(model, LoraConfig(task_type=TaskType.SEQ_CLS, modules_to_save=saved, **lora))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=generator)
                if "magnitude" in key:
                    parameter.mul_(1 + 0.3 * noise)
                else:
                    parameter.copy_(0.25 * noise)
    model.eval()
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    settings = json.loads((out / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = folder
    (out / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    # PEFT's own file is what Lorikeet reads: take the numbers from a fresh model that read it, too.
    weights = load_file(out / "adapter_model.safetensors")
    if lora.get("bias") == "lora_only":
        # PEFT itself forgets these biases when saving (their name has "base_layer" in it): add them as its reader wants them.
        for key, parameter in model.named_parameters():
            if parameter.requires_grad and key.endswith("base_layer.bias"):
                weights[key] = parameter.detach().clone()
        save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
    fresh = PeftModel.from_pretrained(base_class.from_pretrained(HERE / folder, num_labels=labels, dtype=torch.float32), out)
    fresh.eval()
    with torch.no_grad():
        logits = run(fresh, texts)
        assert torch.allclose(logits, run(model, texts), atol=1e-5), name
    case = {"logits": [numbers(row) for row in logits.tolist()], "labels": labels}
    if gradient is not None:
        case["gradient"] = gradient_of(model, texts, labels, gradient, HERE / folder / "gradients" / f"{name}.safetensors")
    return case


def gradient_of(model, texts, labels, options, path):
    targets = [(3 * i + 1) % labels for i in range(len(texts))]
    weights = torch.tensor(options["weights"]) if options.get("weights") else None
    loss = torch.nn.functional.cross_entropy(
        run(model, texts), torch.tensor(targets), weight=weights, label_smoothing=options.get("smoothing", 0.0), reduction="sum"
    )
    loss.backward()
    gradients = {}
    for key, parameter in model.named_parameters():
        if parameter.grad is not None:
            key = key.replace(".default", "").replace(".modules_to_save", "").replace(".base_layer", "")
            gradients[key] = parameter.grad.contiguous()
    path.parent.mkdir(exist_ok=True)
    save_file(gradients, path)
    return {"targets": targets, "loss": loss.item(), **options}


def write(folder, base_class, model, adapters, dtype=torch.float32, lengths=LENGTHS, **saving):
    out = HERE / folder
    shutil.rmtree(out, ignore_errors=True)
    model.to(dtype).save_pretrained(out, **saving)
    (out / "generation_config.json").unlink(missing_ok=True)
    texts = sequences(7, lengths)
    cases = {name: adapt(base_class, folder, name, texts, **options) for name, options in adapters.items()}
    text = json.dumps({"sequences": texts, "adapters": cases}, separators=(",", ":"))
    (out / "cases.json").write_text(text + "\n")


def main():
    plain = dict(seed=1, labels=3, r=4, lora_alpha=8, target_modules=["query", "value"])
    write(
        "bert", BertForSequenceClassification, randomize(BertModel(BertConfig(**SIZES)), 1),
        {
            "plain": dict(plain, gradient={}),
            "patterns": dict(
                seed=2, labels=2, r=3, lora_alpha=5, use_rslora=True, target_modules=["query", "key", "value"], layers_to_transform=[1, 2],
                rank_pattern={"key": 5, "layer.1.attention.self.query": 2}, alpha_pattern={"layer.2.attention.self.value": 9},
                gradient={"weights": [0.5, 2.0], "smoothing": 0.1}),
            "dense": dict(seed=3, labels=5, r=2, lora_alpha=4, target_modules=["query", "dense"]),
            "everything": dict(seed=4, labels=4, r=2, lora_alpha=4, target_modules="all-linear", gradient={}),
            "biases": dict(seed=5, labels=3, r=4, lora_alpha=8, target_modules=["query", "value"], bias="lora_only", gradient={}),
            "dora": dict(seed=6, labels=3, r=4, lora_alpha=8, target_modules=["query", "value", "output.dense"], use_dora=True),
            "top": dict(seed=7, labels=2, r=4, lora_alpha=8, target_modules=["value", "intermediate.dense"], layers_to_transform=[2], gradient={}),
        })
    relu = BertConfig(**SIZES, hidden_act="relu")
    write("bert-half", BertForSequenceClassification, randomize(BertForMaskedLMWithPooler(relu), 2), {"plain": plain}, torch.float16)
    tanh = BertConfig(**SIZES, hidden_act="gelu_new")
    write("bert-brain", BertForSequenceClassification, randomize(BertModel(tanh), 3), {"plain": plain}, torch.bfloat16, max_shard_size="20KB")
    distil = DistilBertConfig(vocab_size=61, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=40)
    write(
        "distilbert", DistilBertForSequenceClassification, randomize(DistilBertForMaskedLM(distil), 4),
        {
            "plain": dict(seed=1, labels=3, r=4, lora_alpha=8, target_modules=["q_lin", "v_lin"], gradient={}),
            "everything": dict(
                seed=2, labels=6, r=3, lora_alpha=4, use_rslora=True, target_modules=["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"],
                gradient={}),
        })
    odd = BertConfig(
        vocab_size=61, hidden_size=21, num_hidden_layers=2, num_attention_heads=3, intermediate_size=33, max_position_embeddings=512, hidden_act="relu")
    write(
        "bert-odd", BertForSequenceClassification, randomize(BertModel(odd), 5),
        {
            "rank1": dict(seed=1, labels=151, r=1, lora_alpha=2, target_modules="all-linear", gradient={}),
            "rank64": dict(seed=2, labels=2, r=64, lora_alpha=9, use_rslora=True, target_modules=["query", "output.dense"]),
            "dora": dict(
                seed=3, labels=7, r=5, lora_alpha=8, use_rslora=True, use_dora=True, bias="lora_only",
                target_modules=["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
                rank_pattern={"key": 2, "intermediate.dense": 7}, alpha_pattern={"value": 3}),
        },
        lengths=LONG)
    odd = DistilBertConfig(vocab_size=61, dim=20, n_layers=2, n_heads=4, hidden_dim=33, max_position_embeddings=512, activation="gelu_new")
    write(
        "distilbert-odd", DistilBertForSequenceClassification, randomize(DistilBertForMaskedLM(odd), 6),
        {
            "patterns": dict(
                seed=1, labels=151, r=3, lora_alpha=5, use_rslora=True, target_modules=["q_lin", "k_lin", "lin2"], layers_to_transform=[1],
                rank_pattern={"k_lin": 5, "layer.1.attention.q_lin": 2}, alpha_pattern={"layer.1.ffn.lin2": 9}, gradient={"smoothing": 0.2}),
            # Not the key's: a bias there changes no probability, and its gradient is nothing but rounding.
            "biases": dict(
                seed=2, labels=2, r=7, lora_alpha=8, bias="lora_only", target_modules=["v_lin", "out_lin", "lin1"],
                gradient={"weights": [3.0, 0.25], "smoothing": 0.1}),
            "dora": dict(seed=3, labels=4, r=3, lora_alpha=8, use_dora=True, target_modules=["q_lin", "lin1", "lin2"]),
            # PEFT writes all names into the file, also that of the pre-classifier, which it then saves whole instead.
            "all": dict(seed=4, labels=3, r=2, lora_alpha=4, target_modules="all-linear"),
        },
        lengths=LONG)


class BertForMaskedLMWithPooler(BertForMaskedLM):
    """A checkpoint whose names begin with "bert." and that has a pooler."""

    def __init__(self, config):
        super().__init__(config)
        self.bert = BertModel(config)


if __name__ == "__main__":
    main()
