"""docs/ray.md: its cluster file is one for Ray, of the version that is pinned."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests import ROOT

TEXT = (ROOT / "docs" / "ray.md").read_text(encoding="utf-8")


def test_the_cluster_file_is_what_the_launcher_takes() -> None:
    spec = importlib.util.find_spec("ray")
    if spec is None or spec.origin is None:
        pytest.skip("Ray is not installed: pip install 'proportrait-gen[ray]'")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    cluster = yaml.safe_load(block)
    schema = Path(spec.origin).parent / "autoscaler" / "ray-schema.json"
    jsonschema.validate(cluster, json.loads(schema.read_text(encoding="utf-8")))
    assert cluster["head_node_type"] in cluster["available_node_types"]
    starts = [*cluster["head_start_ray_commands"], *cluster["worker_start_ray_commands"]]
    starts = [command for command in starts if "ray start" in command]
    assert len(starts) == 2
    assert all(command.startswith("RAY_USAGE_STATS_ENABLED=0 ") for command in starts)


def test_every_version_of_ray_is_the_pinned_one() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        (pin,) = tomllib.load(file)["project"]["optional-dependencies"]["ray"]
    name, version = pin.split("==")
    assert name == "ray[data]"
    assert pin in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert set(re.findall(r"(?:ray\[default\]==|project/ray:)(\d[\d.]*\d)", TEXT)) == {version}
