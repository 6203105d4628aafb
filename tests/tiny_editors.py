"""The tiny pipelines whose prompt a language model reads: FLUX.2 and Qwen; see `tiny_pipelines`."""

from __future__ import annotations

from typing import Any

import diffusers
import transformers
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from proportrait.generate.diffusion.family import image_only_processor_class

# One line a message; what stands behind the prompt does not matter here.
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{{ message.content[0].text }}{% endif %}<|im_end|>\n{% endfor %}"
)
NO_SHIFT: dict[str, Any] = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6}


def qwen_tokenizer() -> transformers.Qwen2Tokenizer:
    marks = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    marks += ["<|image_pad|>", "<|video_pad|>"]
    tokens = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", *marks]
    return transformers.Qwen2Tokenizer(
        vocab={token: i for i, token in enumerate(tokens)},
        merges=[],
        extra_special_tokens=marks,
    )


def qwen_text_encoder(tokenizer: transformers.Qwen2Tokenizer) -> Any:
    number = tokenizer.convert_tokens_to_ids
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [1, 1, 2],
                "rope_theta": 1e6,
            },
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "fullatt_block_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def qwen_edit(kind: type) -> Any:
    tokenizer = qwen_tokenizer()
    # The pipelines encode the reference at 1024 x 1024 px whatever the size of the result: a VAE
    # that halves four times and a processor of 56 px keep that cheap.
    images = transformers.Qwen2VLImageProcessor(min_pixels=56 * 56, max_pixels=56 * 56)
    return kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1] * 5,
            num_res_blocks=1,
            temperal_downsample=[False] * 4,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=qwen_text_encoder(tokenizer),
        tokenizer=tokenizer,
        processor=image_only_processor_class()(images, tokenizer),
        transformer=diffusers.QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
    )


def qwen_image_21() -> Any:
    tokenizer = qwen_tokenizer()
    number = tokenizer.convert_tokens_to_ids
    images = transformers.Qwen2VLImageProcessor(
        min_pixels=64 * 64, max_pixels=64 * 64, patch_size=16
    )
    videos = transformers.Qwen3VLVideoProcessor()
    config = transformers.Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "rope_parameters": NO_SHIFT,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    return diffusers.QwenImage21Pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLQwenImage21(
            base_dim=8,
            decoder_base_dim=8,
            z_dim=4,
            dim_mult=[1] * 5,
            num_res_blocks=1,
            temperal_downsample=[False] * 4,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=transformers.Qwen3VLForConditionalGeneration(config),
        processor=transformers.Qwen3VLProcessor(images, tokenizer, videos, chat_template=CHAT),
        transformer=diffusers.QwenImage21Transformer2DModel(
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            context_in_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
    )


def flux2_parts(layers: int) -> dict[str, Any]:
    """What both pipelines of FLUX.2 have; the prompt is read from three layers of width 16."""
    return {
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(),
        "vae": diffusers.AutoencoderKLFlux2(
            block_out_channels=(8,) * 4,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=64,
        ),
        "transformer": diffusers.Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * 16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=layers == 30,
        ),
    }


def flux2_klein() -> Any:
    tokenizer = qwen_tokenizer()
    tokenizer.chat_template = CHAT
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=27,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )
    return diffusers.Flux2KleinPipeline(
        text_encoder=transformers.Qwen3ForCausalLM(config),
        tokenizer=tokenizer,
        is_distilled=True,
        **flux2_parts(27),
    )


def flux2() -> Any:
    marks = ["[IMG]", "[IMG_BREAK]", "[IMG_END]", "<pad>", "</s>", "<|im_start|>", "<|im_end|>"]
    tokens = [*sorted(ByteLevel.alphabet()), *marks]
    model = Tokenizer(BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[]))
    model.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model,
        pad_token="<pad>",
        eos_token="</s>",
        additional_special_tokens=marks,
    )
    config = transformers.Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": len(tokens),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 30,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
        },
        image_token_index=tokens.index("[IMG]"),
    )
    return diffusers.Flux2Pipeline(
        text_encoder=transformers.Mistral3ForConditionalGeneration(config),
        tokenizer=transformers.PixtralProcessor(
            transformers.PixtralImageProcessor(), tokenizer, chat_template=CHAT
        ),
        **flux2_parts(30),
    )
