"""Tiny text-to-video pipelines with random weights, saved as folders: they load, run and fail like the real ones, in seconds."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    CogVideoXDDIMScheduler,
    CogVideoXPipeline,
    CogVideoXTransformer3DModel,
    FlowMatchEulerDiscreteScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from diffusers.models import AutoencoderKLCogVideoX
from transformers import T5Config, T5EncoderModel, T5TokenizerFast, UMT5Config, UMT5EncoderModel

from moderation.messages import Brief, Parameters

LETTERS = "▁abcdefghijklmnopqrstuvwxyz.,"
TINY = Parameters(seconds=0.5, width=64, height=64, fps=8)
STEPS = {"num_inference_steps": 2}


def brief(prompt: str = "a lighthouse", **parameters: Any) -> Brief:
    """Half a second of 64 × 64."""
    return Brief(prompt=prompt, parameters=TINY.model_copy(update=parameters))


def save_wan(folder: Path) -> Path:
    """A Wan pipeline: sides in steps of 16, frames 4·k + 1."""
    torch.manual_seed(0)
    WanPipeline(
        tokenizer=_tokenizer(),
        text_encoder=UMT5EncoderModel(UMT5Config(**_SMALL)),
        vae=AutoencoderKLWan(
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16,
            text_dim=32, freq_dim=256, ffn_dim=32, num_layers=2, cross_attn_norm=True,
            qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_cogvideo(folder: Path) -> Path:
    """A CogVideoX pipeline: another family of models, scheduler and defaults."""
    torch.manual_seed(0)
    CogVideoXPipeline(
        tokenizer=_tokenizer(),
        text_encoder=T5EncoderModel(T5Config(**_SMALL)),
        vae=AutoencoderKLCogVideoX(
            down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
            block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        ),
        transformer=CogVideoXTransformer3DModel(
            num_attention_heads=2, attention_head_dim=16, in_channels=4, out_channels=4, time_embed_dim=2,
            text_embed_dim=32, num_layers=1, sample_width=8, sample_height=8, sample_frames=9,
            max_text_seq_length=226, use_rotary_positional_embeddings=True,
        ),
        scheduler=CogVideoXDDIMScheduler(),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def edit_index(folder: Path, **changes: Any) -> Path:
    """Change entries of the folder's `model_index.json`."""
    path = folder / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


_SMALL = {
    "vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 1, "num_heads": 4,
    "relative_attention_num_buckets": 8,
}  # fmt: skip


def _tokenizer() -> Any:
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -1.0) for letter in LETTERS)]
    return T5TokenizerFast(vocab=vocabulary, extra_ids=0)
