"""The notebook runs from top to bottom, and stands in the repository as it ran."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests import ROOT
from tests.tiny_training import write_folder

NOTEBOOK = ROOT / "notebooks" / "training_and_results.ipynb"


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[tuple[str, list[nbformat.NotebookNode]]]:
    return [(cell.source, cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def _shows(output: nbformat.NotebookNode) -> bool:
    """Whether an output is a picture."""
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def test_it_stands_there_with_its_outputs(notebook: nbformat.NotebookNode) -> None:
    said = outputs(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))  # in one go, from top to bottom
    pictures = [out for _, found in said for out in found if _shows(out)]
    assert len(pictures) >= 8
    assert not any(out.output_type == "error" for _, found in said for out in found)


def test_it_holds_no_logic_of_its_own(notebook: nbformat.NotebookNode) -> None:
    for source, _ in outputs(notebook):
        for node in ast.walk(ast.parse(source.replace("%matplotlib inline", ""))):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.While | ast.Try)


@pytest.mark.slow
def test_it_runs_on_another_folder(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", 24)
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    cell.source += f"\nDATA, RUN = {str(data)!r}, {str(tmp_path / 'run')!r}"
    (cell,) = [c for c in notebook.cells if "run([Path(DATA)], settings," in c.source]
    cell.source = "from dataclasses import replace\n" + cell.source.replace(
        ", settings,", ", replace(settings, epochs=2),"
    )
    client = NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    client.execute()
    assert (tmp_path / "run" / "model.safetensors").is_file()
    table = "".join(
        out.text for source, found in outputs(notebook) for out in found
        if "report.table" in source and out.output_type == "stream"
    )  # fmt: skip
    assert "exact match" in table
    assert "sharpness" in table
