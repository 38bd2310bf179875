"""The benchmark's synthetic knowledge base: what the API can serve, and every request that is measured."""

from pathlib import Path

from bench import generate, growth, questions
from tests.support import client_for


async def test_every_measured_request_of_a_generated_knowledge_base_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "generated.db"
    assert generate.main(["60", str(file)]) == 0
    asked = {shape: paths[0] for shape, paths in growth.paths_by_shape(file).items()}
    for shape in questions.SHAPES:
        asked[f"against peers: {shape}"] = questions.rest(shape, questions.questions(file, shape, 1)[0])
    async with client_for(f"sqlite:///{file}") as client:
        answered = {shape: (await client.get(path)).status_code for shape, path in asked.items()}
    assert answered == dict.fromkeys(asked, 200)
