"""The six-head model: its backbone, what its heads learn from, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from proportrait.errors import AssetError, ConfigurationError
from proportrait.labels import KEYS
from proportrait.looks.features import Backbone
from proportrait.model import backbone
from proportrait.model.backbone import ALIASES, AUTO, OFFLINE, PUBLISHED, Choice, choose, create
from proportrait.model.compat import timm
from proportrait.model.network import FACIAL, HeadshotModel, masked_bce
from tests.tiny_training import CONVOLUTIONAL, SIZE, TRANSFORMER, network


def views(count: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(count, 2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


# --- which backbone


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "_cached", lambda name: False)


@pytest.mark.usefixtures("empty_cache")
def test_without_a_network_the_packaged_backbone_is_chosen() -> None:
    choice = choose(AUTO)
    assert (choice.name, choice.weights) == (OFFLINE, "package")
    assert "--download fetches them" in choice.summary
    assert choose(AUTO, download=True) == choose(PUBLISHED, download=True)
    assert choose(AUTO, download=True).weights == "download"
    assert choose(AUTO, pretrained=False).weights == "none"


def test_weights_in_the_cache_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "_cached", lambda name: name == PUBLISHED)
    assert (choose(AUTO).name, choose(AUTO).weights) == (PUBLISHED, "cache")
    assert choose(PUBLISHED, download=True).weights == "cache"


def test_names_that_people_know_are_those_of_timm() -> None:
    assert all(timm().is_model(name) for name in ALIASES.values())
    assert choose("efficientnet_lite0") == choose(OFFLINE)
    assert choose("vit_b_16", pretrained=False).name == "vit_base_patch16_224"


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet_500", r"no model 'resnet_500'; try auto, .*, or one of .*resnet"),
        ("no such", r"no model 'no such'; try auto, efficientnet_lite0, .*vit_b_16$"),
        (
            "swin_tiny",
            rf"of {PUBLISHED} are not .*: --download .* --backbone {OFFLINE} has its own",
        ),
        ("resnet50", r"of resnet50 are not on this machine: .*--no-pretrained"),
    ],
)
def test_an_unavailable_backbone_is_an_error(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        choose(name)


def test_packaged_weights_are_loaded_where_they_belong() -> None:
    """The features are those of the graph that verification builds from the same file."""
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    expected = Backbone(threads=1)(image)
    timm_network = create(choose(OFFLINE), 224).eval()
    values = (image.astype(np.float32) - 127) / 128
    with torch.inference_mode():
        features = timm_network(torch.from_numpy(values.transpose(2, 0, 1)[None]))[0].numpy()
    assert features == pytest.approx(expected, abs=1e-3)
    assert expected.std() > 0.05


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    timm_network, other = create(Choice(OFFLINE, "none", ""), SIZE), tmp_path / "other.pth"
    state = timm_network.state_dict()
    for wrong in (
        nn.Conv2d(3, 8, 3).state_dict(),
        state | {"bn2.bias": torch.zeros(8)},  # as many, of another shape
    ):
        torch.save(wrong, other, _use_new_zipfile_serialization=False)
        with pytest.raises(AssetError, match=f"weights of another network than {OFFLINE}"):
            backbone._load_packaged(timm_network, OFFLINE, other)


def test_a_backbone_accepts_other_sizes_than_its_own() -> None:
    timm_network = create(Choice(TRANSFORMER, "none", ""), 96).eval()  # made for 160 px
    assert timm_network(torch.zeros(1, 3, 96, 96)).shape == (1, timm_network.num_features)


def test_normalisation_is_that_of_the_backbone() -> None:
    assert backbone.normalisation(OFFLINE) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert backbone.normalisation(PUBLISHED)[0] == pytest.approx((0.485, 0.456, 0.406))


# --- heads


@pytest.mark.parametrize("name", [CONVOLUTIONAL, TRANSFORMER])
def test_every_picture_has_six_logits(name: str) -> None:
    model = network(name)
    with torch.inference_mode():
        logits = model(views())
        alone = model(views()[1:2])
    assert logits.shape == (3, 6)
    assert torch.allclose(alone[0], logits[1], atol=1e-5)
    assert logits.std(0).min() > 0
    assert model.heads.in_features == 2 * model.backbone.num_features


def test_light_and_expression_are_judged_on_the_face_alone() -> None:
    model, pictures = network(), views()
    assert model.architecture.trained == ("whole", "face")
    other_whole, other_face = pictures.clone(), pictures.clone()
    other_whole[:, 0], other_face[:, 1] = views(seed=1)[:, 0], views(seed=1)[:, 1]
    facial = torch.tensor([key in FACIAL for key in KEYS])
    with torch.no_grad():
        before = model(pictures)
        assert torch.equal((model(other_whole) == before).all(0), facial)
        assert (model(other_face) != before).all()


def test_without_the_view_of_the_face_all_are_judged_on_the_whole() -> None:
    model = network(views=("whole",))
    with torch.no_grad():
        first, second = (model(views(seed=s)[:, :1]) for s in (0, 1))
    assert (first != second).all()


def test_training_and_evaluation_give_the_same_logits_without_dropout() -> None:
    model = network().train()
    expected = model(views())
    with torch.inference_mode():
        assert torch.allclose(model.eval()(views()), expected, atol=1e-5)


def test_unknown_bits_teach_nothing() -> None:
    model = network().train()
    known = torch.ones(3, 6)
    known[0, 2] = known[:, 4] = 0
    labels = torch.ones(3, 6)
    logits = model(views())
    logits.retain_grad()
    masked_bce(logits, labels, known).backward()
    assert (logits.grad[known == 0] == 0).all()
    assert (logits.grad[known > 0] != 0).all()
    for parameter in (model.heads.weight, model.heads.bias):
        assert (parameter.grad[4] == 0).all()
        assert (parameter.grad[3] != 0).any()
    # The label of an unknown bit makes no difference either.
    other = torch.where(known > 0, labels, 0)
    assert masked_bce(logits, other, known) == masked_bce(logits, labels, known)


def test_the_loss_is_a_mean_over_known_bits() -> None:
    logits = torch.tensor([[0.0, np.log(3), 50]])
    labels, known = torch.tensor([[1.0, 0, 0]]), torch.tensor([[1.0, 1, 0]])
    assert masked_bce(logits, labels, known).item() == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert masked_bce(logits, labels, known * 0).item() == 0


def test_statistics_of_batch_normalisation_stay() -> None:
    model = network(CONVOLUTIONAL).train()
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
    assert len(before) > 4
    model(views()).sum().backward()
    after = model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert model.training
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert all(norm.weight.grad is not None for norm in norms)  # scale and shift do learn


def test_the_heads_fit_the_features_of_the_backbone() -> None:
    """timm's num_features is that of an earlier layer in networks that widen at their end."""
    timm_network = create(Choice("mobilenetv3_small_050", "none", ""), SIZE)
    assert timm_network.num_features == timm_network(torch.zeros(1, 3, SIZE, SIZE)).shape[1] == 1024


def test_an_unknown_tag_of_timm_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"timm: .*bogus"):
        choose("resnet18.bogus")


def test_weights_of_the_cache_are_read_by_their_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "resnet18"
    original = timm().create_model(name)
    save_file(original.state_dict(), tmp_path / "model.safetensors")
    monkeypatch.setattr(backbone, "_cached", lambda _: str(tmp_path / "model.safetensors"))

    def download(*arguments: object, **options: object) -> None:
        raise AssertionError("a download from the Hub")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setattr("timm.models._hub.hf_hub_download", download)
    choice = choose(name)
    assert choice.weights == "cache"
    assert torch.equal(create(choice, SIZE).conv1.weight, original.conv1.weight)


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_of_imagenet_stay_and_others_are_learnt(frozen: bool) -> None:
    original = network(CONVOLUTIONAL)
    model = HeadshotModel(original.architecture, original.backbone, frozen=frozen).train()
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    model(views())
    after = [norm.running_mean for norm in norms if norm.running_mean is not None]
    assert len(before) > 5
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True)) == frozen
