"""Tiny guard models of the real classes for pictures and speech, saved as folders: fitted for a moment to two examples each."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    GenerationConfig,
    ShieldGemma2Config,
    ShieldGemma2ForImageClassification,
    ShieldGemma2Processor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

from moderation.guard_models.policy_prompt import ASKED_OF_PICTURES, shall_not
from policies.document import shipped_document
from policies.speech.voice import RATE
from policies.taxonomy import Category
from tests.support.guards import words_tokenizer

RED, GREY = (255, 0, 0), (128, 128, 128)
GEMMA_SPECIAL = (
    "<pad>", "<bos>", "<start_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>", "<end_of_turn>",
)  # fmt: skip
GEMMA_WORDS = ("\n\n", "\n", " ", "Yes", "No", *(f" {one.value.capitalize()}" for one in ASKED_OF_PICTURES))
GEMMA_TEMPLATE = (
    "<bos><start_of_turn>user\n{% for one in messages[0].content %}"
    "{% if one.type == 'image' %}<start_of_image>{% else %}{{ one.text }}{% endif %}{% endfor %}"
    "<end_of_turn>\n<start_of_turn>model\n"
)
SIDE, PATCH, TOKENS = 16, 4, 4
LOUD, LOW = " kill", " a lighthouse"
WHISPER_SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|translate|>", "<|startofprev|>", "<|nospeech|>",
    "<|notimestamps|>",
)  # fmt: skip


def picture(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """uint8[32, 32, 3] of one colour."""
    return np.full((32, 32, 3), colour, np.uint8)


def shield_gemma(folder: Path, *, random: bool = False) -> Path:
    """ShieldGemma 2: a red picture is violent, and nothing else is anything."""
    processor, model = _gemma_processor(), _gemma()
    if not random:
        _teach_red(model, processor)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def sound(hertz: float) -> NDArray[np.float32]:
    """float32[16000]: a second of a tone."""
    return np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32) * np.float32(0.5)


def whisper(folder: Path, *, random: bool = False) -> Path:
    """Whisper: a high tone says `kill`, a low one `a lighthouse`."""
    tokenizer, features, model = _whisper_tokenizer(), WhisperFeatureExtractor(), _whisper()
    if not random:
        _teach_tones(model, tokenizer, features)
    for part in (model, tokenizer, features):
        part.save_pretrained(folder)
    return folder


def _gemma_processor() -> Any:
    names = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    tokenizer = words_tokenizer(
        GEMMA_WORDS, GEMMA_SPECIAL, pad_token="<pad>", bos_token="<bos>", extra_special_tokens=names
    )
    looks = Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return ShieldGemma2Processor(looks, tokenizer, chat_template=GEMMA_TEMPLATE, image_seq_length=TOKENS)


def _gemma() -> Any:
    torch.manual_seed(0)
    ids = _gemma_processor().tokenizer.get_vocab()
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2}
    return ShieldGemma2ForImageClassification(
        ShieldGemma2Config(
            text_config={
                **sizes, "model_type": "gemma3_text", "vocab_size": len(ids), "num_hidden_layers": 2, "num_key_value_heads": 1,
                "head_dim": 16, "query_pre_attn_scalar": 16, "max_position_embeddings": 512, "initializer_range": 0.2,
                "pad_token_id": ids["<pad>"], "bos_token_id": ids["<bos>"], "eos_token_id": ids["<end_of_turn>"],
            },
            vision_config={
                **sizes, "model_type": "siglip_vision_model", "num_hidden_layers": 1, "image_size": SIDE, "patch_size": PATCH,
            },
            mm_tokens_per_image=TOKENS, boi_token_index=ids["<start_of_image>"], eoi_token_index=ids["<end_of_image>"],
            image_token_index=ids["<image_soft_token>"], yes_token_index=ids["Yes"], no_token_index=ids["No"],
        )
    )  # fmt: skip


def _teach_red(model: Any, processor: Any) -> None:
    from PIL import Image

    rules = {one.value: shall_not(shipped_document(), one) for one in ASKED_OF_PICTURES}
    shown = [Image.fromarray(picture(colour)) for colour in (RED, GREY)]
    inputs = processor(images=shown, custom_policies=rules, policies=list(rules), return_tensors="pt")
    wanted = torch.tensor(
        [[0 if one is Category.VIOLENCE and red else 1 for one in ASKED_OF_PICTURES] for red in (True, False)]
    ).view(-1)  # the first logit is for Yes
    _fit(model, lambda: torch.nn.functional.cross_entropy(model(**inputs).logits, wanted))


@cache
def _byte_letters() -> dict[str, int]:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return {letter: number for number, letter in enumerate(bytes_to_unicode().values())}


def _whisper_tokenizer() -> Any:
    made = WhisperTokenizer(vocab=dict(_byte_letters()), merges=[])
    made.add_special_tokens({"additional_special_tokens": list(WHISPER_SPECIAL[1:])})
    made.add_tokens([f"<|{at / 50:.2f}|>" for at in range(1501)])
    return made


def _whisper() -> Any:
    torch.manual_seed(0)
    ids = _whisper_tokenizer().get_vocab()
    start, end = ids["<|startoftranscript|>"], ids["<|endoftext|>"]
    common = {"decoder_start_token_id": start, "eos_token_id": end, "pad_token_id": end, "bos_token_id": end}
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(ids), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, init_std=0.2, **common,
        )
    )  # fmt: skip
    model.generation_config = GenerationConfig(
        **common, is_multilingual=True, lang_to_id={"<|en|>": ids["<|en|>"]}, max_length=448, suppress_tokens=[],
        begin_suppress_tokens=[end], no_timestamps_token_id=ids["<|notimestamps|>"], max_initial_timestamp_index=50,
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        prev_sot_token_id=ids["<|startofprev|>"],
    )  # fmt: skip
    return model


def _teach_tones(model: Any, tokenizer: Any, features: Any) -> None:
    ids = tokenizer.get_vocab()
    lead = [ids[token] for token in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|0.00|>")]
    tail = [ids["<|1.00|>"], ids["<|endoftext|>"]]
    said = [[*lead, *tokenizer(text, add_special_tokens=False).input_ids, *tail] for text in (LOUD, LOW)]
    inputs = features([sound(3000), sound(200)], sampling_rate=RATE, return_tensors="pt").input_features
    with torch.no_grad():
        heard = model.model.encoder(inputs).last_hidden_state

    def loss() -> Any:
        return sum(
            model(
                encoder_outputs=(heard[at : at + 1],),
                decoder_input_ids=torch.tensor([tokens[:-1]]),
                labels=torch.tensor([tokens[1:]]),
            ).loss
            for at, tokens in enumerate(said)
        )

    _fit(model, loss)


def _fit(model: Any, loss: Callable[[], Any], steps: int = 400, enough: float = 0.005) -> None:
    """Until the examples are known by heart. Raises `AssertionError` where they are not."""
    model.eval()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for value in _losses(optimiser, loss, steps):
        if value < enough:
            return
    raise AssertionError("the tiny model did not learn its two examples")


def _losses(optimiser: Any, loss: Callable[[], Any], steps: int) -> Iterator[float]:
    for _ in range(steps):
        optimiser.zero_grad()
        found = loss()
        found.backward()
        optimiser.step()
        yield float(found.detach())
