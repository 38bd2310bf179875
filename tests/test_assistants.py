"""The API for assistants, where the extra is installed: asked by the protocol's own client."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the `mcp` extra is not installed")

import httpx
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from app.assistants import server
from tests.serving import ServeOrigin, free_port, wait_for
from tests.support import PATIENCE, ROOT, real_database, run

pytestmark = pytest.mark.all


@pytest.fixture(scope="module")
def origin(api_server: ServeOrigin) -> Iterator[str]:
    with api_server(real_database()) as address:
        yield address


@pytest.fixture
async def assistant(origin: str) -> AsyncIterator[Client]:
    async with Client(server(origin)) as client:
        yield client


def text_of(result: CallToolResult) -> str:
    """What a tool says in words."""
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text


async def ask(assistant: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's answer, which names its release and the disclaimer whatever the tool is."""
    result = await assistant.call_tool(tool, arguments)
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content
    assert answer["release"].startswith("2.")
    assert answer["disclaimer"].startswith("General information")
    return answer


async def test_tools_only_read_and_say_what_they_do(assistant: Client) -> None:
    tools = (await assistant.list_tools()).tools
    assert {tool.name for tool in tools} == {
        *("search", "get_record", "list_records"),
        *("foods_of_nutrient", "intakes_for_person", "what_changed"),
    }
    for tool in tools:
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
    assert "grade" in (assistant.instructions or "")


async def test_a_search_answers_graded_records_with_their_sources(assistant: Client) -> None:
    answer = await ask(assistant, "search", words="water pills leg cramps", limit=5)
    assert len(answer["items"]) == 5
    for item in answer["items"]:
        assert item["grade"]
        assert all(url.startswith("/sources/") and name for url, name in item["sources"].items())
        assert item["sources"]


async def test_a_record_comes_whole(assistant: Client) -> None:
    answer = await ask(assistant, "get_record", collection="nutrients", slug="magnesium")
    assert answer["grade"] == answer["record"]["grade"]
    assert answer["record"]["roles"][0]["citations"]
    assert answer["sources"]
    # by another name too
    answer = await ask(assistant, "get_record", collection="nutrients", slug="thiamine")
    assert answer["record"]["slug"] == "vitamin-b1"


async def test_a_list_is_filtered_and_sorted(assistant: Client) -> None:
    answer = await ask(assistant, "list_records", collection="claims", filters={"grade": "contradicted"}, limit=3)
    assert {item["grade"] for item in answer["items"]} == {"contradicted"}
    assert answer["total"] > len(answer["items"]) == 3


async def test_foods_come_with_amounts_and_their_source(assistant: Client) -> None:
    answer = await ask(assistant, "foods_of_nutrient", nutrient="magnesium", standing="high", limit=4)
    servings = [item["per_serving"]["value"] for item in answer["items"]]
    assert servings == sorted(servings, reverse=True)
    assert all(item["sources"] for item in answer["items"])


async def test_intakes_are_those_of_the_person(assistant: Client) -> None:
    answer = await ask(assistant, "intakes_for_person", nutrient="magnesium", sex="female", age="28", lactating=True)
    assert {item["role"] for item in answer["items"]} >= {"need", "limit"}
    assert all(item["sources"] for item in answer["items"])


async def test_what_changed_names_the_records(assistant: Client) -> None:
    answer = await ask(assistant, "what_changed", since="0.0.0", limit=5)
    assert {item["action"] for item in answer["items"]} == {"added"}
    assert all(item["summary"] and item["sources"] for item in answer["items"])


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("get_record", {"collection": "nutrients", "slug": "magnesum"}, "Did you mean /nutrients/magnesium?"),
        ("list_records", {"collection": "nutrients", "filters": {"type": "metal"}}, "Allowed: vitamin, mineral."),
        ("intakes_for_person", {"nutrient": "magnesium", "age": "old"}, "is not an age"),
    ],
)
async def test_an_assistant_is_told_what_was_wrong(
    assistant: Client, tool: str, arguments: dict[str, Any], told: str
) -> None:
    result = await assistant.call_tool(tool, arguments)
    assert result.is_error
    assert told in text_of(result)


async def test_an_api_that_does_not_answer_is_told() -> None:
    async with Client(server(f"http://127.0.0.1:{free_port()}")) as assistant:
        result = await assistant.call_tool("search", {"words": "cramps"})
        assert result.is_error
        assert "does not answer" in text_of(result)


async def test_it_speaks_over_stdio(origin: str) -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", "app", "mcp", "--url", origin], cwd=ROOT)
    async with Client(command) as assistant:
        assert (await ask(assistant, "search", words="magnesium"))["items"]


async def test_it_speaks_over_http(origin: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "app", "mcp", "--port", str(port), "--url", origin]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/").status_code == 404)
            async with Client(f"http://127.0.0.1:{port}/mcp") as assistant:
                assert (await ask(assistant, "search", words="magnesium"))["items"]
            second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert second.returncode != 0
            assert "address already in use" in second.stderr
            assert "Traceback" not in second.stderr
        finally:
            process.terminate()
            process.wait(20)


def test_a_wrong_port_is_told() -> None:
    done = run("app", "mcp", "--port", "99999")
    assert (done.returncode, done.stderr) == (1, "--port=99999 is not a port: it is a number from 1 to 65535.\n")


def test_a_process_that_serves_the_api_loads_nothing_of_it() -> None:
    code = (
        "import sys; from app.main import create_app; import app.__main__; create_app();"
        "print([name for name in sys.modules if name.partition('.')[0] in ('mcp', 'mcp_types', 'httpx2')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
