"""Tiny guard models of the real classes, saved as folders: random weights, or weights by which they answer as a test wants.

A rigged model is exact: each token is a dimension of its own, one attention head looks for words of `triggers`, and the last
layer says what follows what.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

HEAD, SHARP = 16, 40.0
LLAMA_SPECIAL = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
QWEN_SPECIAL = ("<|im_start|>", "<|im_end|>")
QWEN_TEMPLATE = (
    "<|im_start|>user\n<BEGIN CONVERSATION>\n\nUSER: {{ messages[0].content }}\n\n<END CONVERSATION><|im_end|>\n"
    "<|im_start|>assistant\n<think>\n\n</think>\n\n"
)
LLAMA_WORDS = (
    "\n\n",
    "\n",
    " ",
    ",",
    "safe",
    "unsafe",
    *(f"S{n}" for n in range(1, 14)),
    "User",
    "kill",
    " kill",
)
QWEN_WORDS = (
    "\n\n", "\n", " ", ",", "Safety:", " Safe", " Controversial", " Unsafe", "Categories:", " Violent", " PII", " Unknown",
    "kill", " kill", "rough", " rough",
)  # fmt: skip
LLAMA_ANSWER = {"\n\n": "safe", "unsafe": "\n", "\n": "S3", "S3": ",", ",": "S7", "S7": "<|eot_id|>"}
QWEN_ANSWER = {
    "Safety:": " Safe", " Unsafe": "\n", " Controversial": "\n", "\n": "Categories:", "Categories:": " Violent",
    " Violent": ",", ",": " PII", " PII": "<|im_end|>",
}  # fmt: skip


def words_tokenizer(words: Sequence[str], special: Sequence[str], **more: Any) -> Any:
    """Whole words of a list; every other word is unknown. The last special token ends an answer."""
    vocabulary = {token: number for number, token in enumerate(("[UNK]", *special, *words))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"Safety:|Categories:|\n\n| ?\w+|\s|[^\w\s]"), "isolated")
    made.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="[UNK]",
        eos_token=special[-1],
        additional_special_tokens=list(special[:-1]),
        **more,
    )


def llama_guard(
    folder: Path, *, answer: Mapping[str, str] = LLAMA_ANSWER, random: bool = False, window: int = 4096
) -> Path:
    """Llama Guard: unsafe is what says `kill`."""
    tokenizer = words_tokenizer(LLAMA_WORDS, LLAMA_SPECIAL)
    model = LlamaForCausalLM(LlamaConfig(**_sizes(tokenizer, window)))
    if not random:
        _rig(model, tokenizer, answer, dict.fromkeys(("kill", " kill"), "unsafe"))
    return _saved(model, tokenizer, folder)


def qwen_guard(
    folder: Path,
    *,
    answer: Mapping[str, str] = QWEN_ANSWER,
    random: bool = False,
    template: str = QWEN_TEMPLATE,
) -> Path:
    """Qwen3Guard: unsafe is what says `kill`, controversial what says `rough`."""
    tokenizer = words_tokenizer(QWEN_WORDS, QWEN_SPECIAL, chat_template=template)
    model = Qwen3ForCausalLM(Qwen3Config(**_sizes(tokenizer, 4096)))
    if not random:
        triggers = {
            "kill": " Unsafe",
            " kill": " Unsafe",
            "rough": " Controversial",
            " rough": " Controversial",
        }
        _rig(model, tokenizer, answer, triggers)
    return _saved(model, tokenizer, folder)


def spoil(folder: Path) -> Path:
    """The same weights with a NaN in each."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    weights = load_file(path)
    for tensor in weights.values():
        tensor.view(-1)[0] = float("nan")
    save_file(weights, path, metadata={"format": "pt"})
    return folder


def edit_config(folder: Path, **changes: Any) -> Path:
    """Change `config.json`."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


def _sizes(tokenizer: Any, window: int) -> dict[str, Any]:
    """One layer, one head, a dimension for each token and for each of two triggers."""
    torch.manual_seed(0)
    return {
        "vocab_size": len(tokenizer), "hidden_size": -(-(len(tokenizer) + 2) // HEAD) * HEAD, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": HEAD,
        "max_position_embeddings": window, "tie_word_embeddings": False, "eos_token_id": tokenizer.eos_token_id,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e12}, "bos_token_id": None, "pad_token_id": None,
    }  # fmt: skip


def _rig(model: Any, tokenizer: Any, answer: Mapping[str, str], triggers: Mapping[str, str]) -> None:
    """`answer`: what follows each token, surest but for its first, which a word of `triggers` anywhere outweighs."""
    ids, size = tokenizer.get_vocab(), model.config.hidden_size
    layer, still = (
        model.model.layers[0],
        HEAD // 2 - 1,
    )  # the dimension that the rotation of positions hardly turns
    targets = list(dict.fromkeys(triggers.values()))
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_() if weight.dim() > 1 else weight.fill_(1.0)
        model.model.embed_tokens.weight[:, :] = torch.eye(len(tokenizer), size)
        layer.self_attn.q_proj.weight[still, :] = SHARP
        for word, target in triggers.items():
            layer.self_attn.k_proj.weight[still, ids[word]] = SHARP
            layer.self_attn.v_proj.weight[targets.index(target), ids[word]] = size**-0.5
        if hasattr(layer.self_attn, "q_norm"):
            layer.self_attn.q_norm.weight.fill_(SHARP)
        for number, target in enumerate(targets):
            layer.self_attn.o_proj.weight[len(tokenizer) + number, number] = 1.0
            model.lm_head.weight[ids[target], len(tokenizer) + number] = 2.0
        for number, (token, following) in enumerate(answer.items()):
            model.lm_head.weight[ids[following], ids[token]] = 4.0 if number else 1.0


def _saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
