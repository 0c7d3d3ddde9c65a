from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nntc.delivery.serving import serving

from tests.cli.conftest import Command, network

KEYS = ("--keys", "keys")


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """URL of the folder `repository`, which is empty."""
    (folder / "repository").mkdir()
    with serving(folder / "repository") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def publish(nntc: Command, version: str, scale: float = 1, *options: str) -> None:
    words = ("--name", "net", "--version", version, *KEYS, "-m", "lossless", *options)
    done = nntc("publish", "repository", network(scale), *words)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"repository: net {version} in channel stable, ")
    assert done.out.endswith("devices begin with keys/root.json\n")


def test_from_a_publisher_to_a_device_and_back(nntc: Command, url: str) -> None:
    pull = ("pull", url, "--name", "net", "--into", "device")
    publish(nntc, "1.0")
    first = nntc(*pull)
    assert (first.code, first.out.splitlines()[0].partition(":")[0]) == (0, "net 1.0 is in use")
    plan, trust = first.err.splitlines()
    assert re.fullmatch(r"nntc: note: [\d,]+ bytes to fetch \(full\), at most [\d,]+ .* of memory", plan)
    assert re.fullmatch(r"nntc: note: trusted on first use: root metadata with SHA-256 [0-9a-f]{64}", trust)
    assert re.match(
        r"[\d,]+ bytes received \(full\), SHA-256 [0-9a-f]{16}\.\.\. checked", first.out.splitlines()[1]
    )
    model = Path("device") / Path("device/current").read_text().splitlines()[0]
    assert model.read_bytes() == Path("model.onnx").read_bytes()
    same = nntc(*pull)
    assert (same.code, same.out) == (0, f"net 1.0 is the newest, and in use: {model}\n")

    publish(nntc, "1.1", 2)
    check = f"'{sys.executable}' -c 'exit(7)' {{model}}"
    refused = nntc(*pull, "--check", check)
    assert (refused.code, refused.out) == (4, "")
    assert refused.err.endswith("nntc: E_REFUSED: net 1.1: the check ended with exit code 7; "
                                "the version before stays in use\n")  # fmt: skip
    assert nntc(*pull).code == 4
    dry = nntc(*pull, "--again", "--dry-run")
    assert (dry.code, dry.out) == (0, "net 1.1 would be new, by net/stable/1.1.nntc\n")
    found = nntc(*pull, "--again", "--json").json
    assert (found["version"], found["before"], found["is_new"], found["kind"]) == ("1.1", "1.0", True, "full")
    assert found["transfer"]["received"] == 0

    back = nntc("rollback", "device")
    assert (back.code, back.out) == (0, f"net 1.0 is in use: {model}\n")
    assert nntc("rollback", "device").code == 1
    assert nntc(*pull).code == 4


def test_renewing_and_withdrawing(nntc: Command, url: str) -> None:
    publish(nntc, "1.0")
    publish(nntc, "1.1", 2, "--days", "timestamp=7", "--days", "root=100")
    for words, wanted in (
        (("--refresh",), "repository: renewed timestamp\n"),
        (("--new-key", "targets"), "repository: renewed targets\n"),
        (("--withdraw", "--name", "net", "--version", "1.1"), "repository: withdrawn 1.1\n"),
    ):
        done = nntc("publish", "repository", *KEYS, *words)
        assert (done.code, done.out, done.err) == (0, wanted, "")
    assert nntc("publish", "repository", *KEYS, "--refresh", "--json").json["renewed"] == "timestamp"
    assert nntc("pull", url, "--name", "net", "--into", "d", "--json").json["version"] == "1.0"
    again = nntc(
        "publish", "repository", network(), "--name", "net", "--version", "1.0", *KEYS, "-m", "lossless"
    )
    assert "net 1.0 in channel stable is there already\n" in again.out
    other = ("--name", "net", "--version", "1.0", *KEYS, "--json")
    assert nntc("publish", "repository", network(3), *other).code == 1


def test_older_versions_are_left_out(nntc: Command, url: str) -> None:
    assert url
    publish(nntc, "1.0")
    done = nntc(
        "publish", "repository", network(2), "--name", "net", "--version", "1.1", *KEYS, "--keep", "1"
    )
    assert "left out: 1.0\n" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ["publish", "repository"],
        ["publish", "repository", *KEYS],
        ["publish", "repository", "model.onnx", *KEYS],
        ["publish", "repository", "model.onnx", *KEYS, "--refresh"],
        ["publish", "repository", "model.onnx", *KEYS, "--name", "a/b", "--version", "1"],
        ["publish", "repository", "model.onnx", *KEYS, "--name", "a", "--version", "1", "--days", "root"],
        ["publish", "repository", "model.onnx", *KEYS, "--name", "a", "--version", "1", "--days", "all=3"],
        ["publish", "repository", "model.onnx", *KEYS, "--name", "a", "--version", "1", "--exact", "no"],
        ["publish", "repository", "model.onnx", "--keys", "repository/k", "--name", "a", "--version", "1"],
        ["publish", "repository", *KEYS, "--withdraw", "--name", "a"],
        ["publish", "repository", *KEYS, "--new-key", "all"],
        ["pull"],
        ["pull", "http://127.0.0.1:1"],
        ["pull", "http://127.0.0.1:1", "--name", "net"],
        ["pull", "file:///x", "--name", "net", "--into", "d"],
        ["pull", "http://127.0.0.1:1", "--name", "net", "--into", "d", "--check", "run"],
        ["pull", "http://127.0.0.1:1", "--name", "net", "--into", "d", "--timeout", "0"],
        ["pull", "http://127.0.0.1:1", "--name", "net", "--into", "d", "--limit-rate", "fast"],
        ["pull", "http://127.0.0.1:1", "--name", "net", "--into", "d", "--root", "no.json"],
        ["rollback"],
        ["rollback", "nothing"],
        ["serve", "nothing"],
        ["serve", ".", "--port", "70000"],
    ],
)
def test_wrong_usage(words: list[str], nntc: Command, model: Path) -> None:
    assert model.exists()
    done = nntc(*words)
    assert (done.code, done.out) == (2, "")
    assert re.search(r"^Error: .+\.$", done.err, re.MULTILINE)
    assert not Path("repository/metadata").exists()


def test_no_server(nntc: Command) -> None:
    words = ("--name", "net", "--into", "device", "--attempts", "1", "--timeout", "5")
    done = nntc("pull", "http://127.0.0.1:1", *words)
    assert done.code == 2
    assert done.err.startswith("nntc: E_SOURCE: http://127.0.0.1:1/metadata/1.root.json: ")


@pytest.mark.parametrize("words", [["pull", "http://127.0.0.1:1", "--name", "a", "--into", "d"]])
def test_a_missing_extra_is_named(words: list[str], start: Callable[..., subprocess.Popen[str]]) -> None:
    code = "import sys\nfor name in ('tuf', 'urllib3', 'cryptography'): sys.modules[name] = None\n"
    process = start("-c", f"{code}from nntc.cli import main; main(sys.argv[1:])", *words)
    out, err = process.communicate(timeout=60)
    wanted = "nntc: E_EXTRA: nntc pull needs more: pip install 'nntc[delivery]'\n"
    assert (process.returncode, out, err) == (1, "", wanted)


def test_a_pipe_from_encoder_to_decoder(model: Path) -> None:
    nntc = f"'{sys.executable}' -m nntc.cli"
    line = f"{nntc} encode {model} - -m lossless | {nntc} decode - again.onnx"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0
    assert re.fullmatch(r"standard output: [\d,]+ bytes, [\d.]+ times smaller\n", done.stderr)
    assert Path("again.onnx").read_bytes() == model.read_bytes()


def test_serving_until_interrupted(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("-m", "nntc.cli", "serve", ".", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.fullmatch(r"serving \. at http://127\.0\.0\.1:\d+/ until interrupted\n", line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")


def test_updates_are_told(nntc: Command, url: str) -> None:
    pull = ("pull", url, "--name", "net", "--into", "device")
    publish(nntc, "1.0")
    assert nntc(*pull).code == 0
    words = ("publish", "repository", network(1.0001), "--name", "net", *KEYS, "-m", "lossless")
    done = nntc(*words, "--version", "1.1")
    assert re.search(r"^update from 1\.0: [\d,]+ bytes, [\d.]+% of the full file$", done.out, re.MULTILINE)
    assert re.search(r"bytes received \(update\)", nntc(*pull).out)
    found = nntc(*words, "--version", "1.2", "--json").json
    assert found["update"]["path"] == "net/stable/1.2/from-1.1.nntc"
    assert found["note"].startswith("update from 1.1: ")
    found = nntc(*words, "--version", "1.3", "--no-updates", "--json").json
    assert (found["update"], found["note"]) == (None, "")
