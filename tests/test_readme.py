"""The README's examples are what the API answers. `python -m tests.test_readme` writes the answers anew."""

import asyncio
import re

import httpx
import pytest

from tests.support import ROOT, client_for, real_database

README = ROOT / "README.md"
EXAMPLE = re.compile(r"\$ curl -s 'http://127\.0\.0\.1:8000(?P<path>[^']+)'\n(?P<output>.*?)```", re.DOTALL)
PATH = re.compile(r"`(/[a-z][^`\s{}]*)`")


def examples() -> list[tuple[str, str]]:
    """Path and shown output of every curl example."""
    return [(match["path"], match["output"]) for match in EXAMPLE.finditer(README.read_text(encoding="utf-8"))]


def shown(response: httpx.Response) -> str:
    """A response as a terminal shows it."""
    return response.content.decode("utf-8-sig").replace("\r\n", "\n").strip() + "\n"


def test_there_are_five_examples() -> None:
    assert len(examples()) >= 5


@pytest.mark.parametrize(("path", "output"), examples())
async def test_an_example_is_what_is_answered(real: httpx.AsyncClient, path: str, output: str) -> None:
    assert shown(await real.get(path)) == output


async def test_paths_in_the_readme_and_the_api_description_lead_somewhere(real_once: httpx.AsyncClient) -> None:
    texts = README.read_text(encoding="utf-8") + (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    paths = set(PATH.findall(texts))
    assert len(paths) > 20
    answers = {path: (await real_once.get(path)).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status not in (200, 308)} == {}


async def write() -> None:
    """Put the present answers into the README."""
    text = README.read_text(encoding="utf-8")
    async with client_for(real_database()) as client:
        for path, output in examples():
            answer = shown(await client.get(path))
            text = text.replace(f"8000{path}'\n{output}```", f"8000{path}'\n{answer}```")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(write())
