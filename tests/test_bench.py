"""The benchmark's synthetic knowledge base: what the API can serve, and every request that is measured."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench import generate, growth, questions
from tests.serving import free_port
from tests.support import PATIENCE, client_for

# a run whose only measurement waits for ever beside one server; like a shell's background job it ignores Ctrl-C
WAITING = """
import signal, sys, time
from bench import run, servers

def wait(plan, port):
    servers.BUILD.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "http.server", "-b", "127.0.0.1", str(port)]
    with servers.running(servers.Server("waiting", port, command, "/")) as server:
        print(server.pid, flush=True)
        time.sleep(600)

signal.signal(signal.SIGINT, signal.SIG_IGN)
run.run = wait
sys.exit(run.main(["--port", sys.argv[1]]))
"""


async def test_every_measured_request_of_a_generated_knowledge_base_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "generated.db"
    assert generate.main(["60", str(file)]) == 0
    asked = {shape: paths[0] for shape, paths in growth.paths_by_shape(file).items()}
    for shape in questions.SHAPES:
        asked[f"against peers: {shape}"] = questions.rest(shape, questions.questions(file, shape, 1)[0])
    async with client_for(f"sqlite:///{file}") as client:
        answered = {shape: (await client.get(path)).status_code for shape, path in asked.items()}
    assert answered == dict.fromkeys(asked, 200)


@pytest.mark.slow
def test_sigterm_ends_the_benchmark_and_its_servers() -> None:
    command = [sys.executable, "-c", WAITING, str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, said) == (1, "Stopped; every server has been ended.\n")
    assert not Path(f"/proc/{server}").exists()
