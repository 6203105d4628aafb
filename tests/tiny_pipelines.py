"""Pipelines of diffusers with tiny random weights, built from config and saved without a download.

Every pipeline has the class, the parts, and the call of its published model; only widths, depths,
and vocabularies are tiny. The tokenizers know bytes and no merges, so that one character is one
token. The VAEs halve the picture as the pipelines expect, and 64 px is a fine size for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from tokenizers.pre_tokenizers import ByteLevel

from tests.tiny_editors import flux2, flux2_klein, qwen_edit, qwen_image_21

CLIP_LENGTH = 77
WIDTH = 32


def clip_tokenizer() -> transformers.CLIPTokenizer:
    """A CLIP tokenizer of the 256 bytes, inside and at the end of a word."""
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return transformers.CLIPTokenizer(
        vocab={token: i for i, token in enumerate(tokens)},
        merges=[],
        model_max_length=CLIP_LENGTH,
    )


def clip_text_encoder(
    tokenizer: transformers.CLIPTokenizer, *, projection: bool = False
) -> transformers.PreTrainedModel:
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=CLIP_LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    kind = transformers.CLIPTextModelWithProjection if projection else transformers.CLIPTextModel
    return kind(config)


def t5_tokenizer() -> transformers.PreTrainedTokenizerBase:
    letters = [chr(code) for code in range(33, 127)]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    vocab += [(letter, -3.0) for letter in letters]
    return transformers.T5TokenizerFast(vocab=vocab, extra_ids=0, model_max_length=512)


def t5_encoder(tokenizer: transformers.PreTrainedTokenizerBase) -> transformers.PreTrainedModel:
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=8,
        d_ff=WIDTH,
        num_layers=1,
        num_heads=2,
    )
    return transformers.T5EncoderModel(config)


def vae(levels: int, channels: int = 4, **options: Any) -> diffusers.AutoencoderKL:
    """A KL autoencoder that halves the picture `levels - 1` times."""
    return diffusers.AutoencoderKL(
        block_out_channels=(8,) * levels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
        **options,
    )


def unet(**options: Any) -> diffusers.UNet2DConditionModel:
    defaults: dict[str, Any] = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 8,
    }
    return diffusers.UNet2DConditionModel(**(defaults | options))


def flux_kontext() -> Any:
    tokenizer, tokenizer_2 = clip_tokenizer(), t5_tokenizer()
    return diffusers.FluxKontextPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae(3, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=t5_encoder(tokenizer_2),
        tokenizer_2=tokenizer_2,
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            guidance_embeds=True,
            axes_dims_rope=(4, 4, 8),
        ),
    )


def sdxl(kind: type = diffusers.StableDiffusionXLImg2ImgPipeline, channels: int = 4) -> Any:
    tokenizer = clip_tokenizer()
    return kind(
        vae=vae(3),
        text_encoder=clip_text_encoder(tokenizer),
        text_encoder_2=clip_text_encoder(tokenizer, projection=True),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet(
            in_channels=channels,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            # Six sizes of 8 and the pooled prompt.
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            cross_attention_dim=2 * WIDTH,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(),
        add_watermarker=False,
    )


def sdxl_refiner() -> Any:
    """Reads the prompt with the second text encoder alone, and takes an aesthetic score."""
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionXLImg2ImgPipeline(
        vae=vae(3),
        text_encoder=None,
        text_encoder_2=clip_text_encoder(tokenizer, projection=True),
        tokenizer=None,
        tokenizer_2=tokenizer,
        unet=unet(
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            # Four sizes of 8, the score, and the pooled prompt.
            projection_class_embeddings_input_dim=5 * 8 + WIDTH,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(),
        requires_aesthetics_score=True,
        add_watermarker=False,
    )


def safety_checker() -> StableDiffusionSafetyChecker:
    """One that hides every picture: the cosine of a picture and a concept is above -2."""
    config = transformers.CLIPConfig(
        text_config={"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2},
        vision_config={
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
        projection_dim=WIDTH,
    )
    checker = StableDiffusionSafetyChecker(config)
    torch.nn.init.constant_(checker.concept_embeds, 1.0)
    torch.nn.init.constant_(checker.special_care_embeds, 1.0)
    torch.nn.init.constant_(checker.concept_embeds_weights, -2.0)
    torch.nn.init.constant_(checker.special_care_embeds_weights, -2.0)
    return checker


def instruct_pix2pix(*, checked: bool = False) -> Any:
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionInstructPix2PixPipeline(
        vae=vae(3),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(in_channels=8),
        scheduler=diffusers.EulerAncestralDiscreteScheduler(),
        safety_checker=safety_checker() if checked else None,
        feature_extractor=transformers.CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
        requires_safety_checker=checked,
    )


def x4_upscaler() -> Any:
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionUpscalePipeline(
        vae=vae(3, scaling_factor=0.08333),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(in_channels=7, num_class_embeds=350),
        low_res_scheduler=diffusers.DDPMScheduler(),
        scheduler=diffusers.DDIMScheduler(prediction_type="v_prediction"),
        max_noise_level=350,
    )


def latent_x2_upscaler() -> Any:
    tokenizer = clip_tokenizer()
    return diffusers.StableDiffusionLatentUpscalePipeline(
        vae=vae(3),
        text_encoder=clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(
            act_fn="gelu",
            norm_num_groups=None,
            block_out_channels=(32, 32, 64, 64),
            # The noise level as 128 numbers, and the pooled prompt.
            time_cond_proj_dim=128 + WIDTH,
            conv_in_kernel=1,
            conv_out_kernel=1,
            in_channels=8,
            out_channels=5,
            down_block_types=("KDownBlock2D", *("KCrossAttnDownBlock2D",) * 3),
            up_block_types=(*("KCrossAttnUpBlock2D",) * 3, "KUpBlock2D"),
            mid_block_type=None,
            resnet_time_scale_shift="scale_shift",
            time_embedding_type="fourier",
            timestep_post_act="gelu",
        ),
        scheduler=diffusers.EulerDiscreteScheduler(prediction_type="sample"),
    )


PIPELINES: dict[str, Callable[[], Any]] = {
    "FluxKontextPipeline": flux_kontext,
    "Flux2KleinPipeline": flux2_klein,
    "Flux2Pipeline": flux2,
    "QwenImageEditPipeline": lambda: qwen_edit(diffusers.QwenImageEditPipeline),
    "QwenImageEditPlusPipeline": lambda: qwen_edit(diffusers.QwenImageEditPlusPipeline),
    "QwenImage21Pipeline": qwen_image_21,
    "StableDiffusionXLImg2ImgPipeline": sdxl,
    "StableDiffusionXLInstructPix2PixPipeline": lambda: sdxl(
        diffusers.StableDiffusionXLInstructPix2PixPipeline, channels=8
    ),
    "StableDiffusionInstructPix2PixPipeline": instruct_pix2pix,
    "StableDiffusionUpscalePipeline": x4_upscaler,
    "StableDiffusionLatentUpscalePipeline": latent_x2_upscaler,
}


def save(build: Callable[[], Any], folder: Path, **options: Any) -> Path:
    """Write a tiny pipeline as `save_pretrained` does, with its options; the folder."""
    torch.manual_seed(0)
    build().save_pretrained(folder, **options)
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    if "ImageOnlyProcessor" in parts.get("processor", ()):  # as the published models name it
        parts["processor"] = ["transformers", "Qwen2VLProcessor"]
        index.write_text(json.dumps(parts))
    return folder


def save_lora(build: Callable[[], Any], folder: Path) -> Path:
    """Write a LoRA with random weights for a pipeline, through the pipeline's own class."""
    torch.manual_seed(1)
    pipe = build()
    part = "unet" if hasattr(pipe, "unet") else "transformer"
    model = getattr(pipe, part)
    # Gaussian weights make both halves non-zero: a fresh LoRA is otherwise without effect.
    model.add_adapter(
        LoraConfig(
            r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v"]
        )
    )
    layers = get_peft_model_state_dict(model)
    type(pipe).save_lora_weights(folder, **{f"{part}_lora_layers": layers})
    return folder / "pytorch_lora_weights.safetensors"
