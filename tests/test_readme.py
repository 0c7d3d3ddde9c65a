"""The README's commands work and show what they print; `python tests/test_readme.py` renews what is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from nntc.delivery.serving import serving

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRY = "pip install '.[runtime]' && nntc demo"
TEST = "pip install '.[test]' && python -m pytest -n auto"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


CONSOLE = blocks("console")


def examples(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def makers(number: int) -> Iterator[str]:
    """Yield the commands of earlier blocks that make the files which a block reads."""
    used = {word for command, _ in examples(CONSOLE[number]) for word in command.split()}
    for block in CONSOLE[:number]:
        for command, _ in examples(block):
            _, verb, *rest = command.split()
            if "--save" in rest or (verb == "encode" and rest[1] in used):
                yield command


def plain(output: str) -> list[str]:
    """Return lines without what depends on the width of numbers."""
    return [re.sub(r"\s+", " ", re.sub(r"─+", "─", line.strip())) for line in output.strip().splitlines()]


def pattern(output: str) -> re.Pattern[str]:
    """Return what an output looks like whatever its numbers are; a line of dots stands for any lines."""
    wanted = ""
    for line in plain(output):
        if line == "...":
            wanted += r"(?:[^\n]*\n)*?"
            continue
        # Every other piece is a hash or a number.
        for index, piece in enumerate(re.split(r"([0-9a-f]{16}|[0-9a-f]{12}|\d[\d,]*(?:\.\d+)?)", line)):
            is_hash = len(piece) in (12, 16) and "," not in piece
            hash_or_number = f"[0-9a-f]{{{len(piece)}}}" if is_hash else r"\d[\d,]*(?:\.\d+)?"
            wanted += hash_or_number if index % 2 else re.escape(piece)
        wanted += r"\n"
    return re.compile(wanted)


DELIVERY = {"publish", "pull", "rollback"}
SERVER = "http://127.0.0.1:8000"
SCHEDULER = "tcp://127.0.0.1:8786"
_CLUSTER = """
import sys
from distributed import LocalCluster
with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


class Checkout:
    """A folder like a checkout with nntc installed."""

    def __init__(self, folder: Path) -> None:
        (folder / "codec" / "nntc").mkdir(parents=True)
        (folder / "codec" / "nntc" / "demo").symlink_to(ROOT / "codec" / "nntc" / "demo")
        (folder / "bin").mkdir()
        command = folder / "bin" / "nntc"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m nntc.cli "$@"\n')
        command.chmod(0o755)
        self.folder = folder
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "codec")}

    def run_shell(self, line: str) -> str:
        """Run a line of the README, beside the server or the cluster of two workers that it names."""
        if SERVER in line:
            with serving(self.folder / "repository") as server:
                thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
                thread.start()
                try:
                    url = f"http://127.0.0.1:{server.server_port}"
                    return self.run("bash", "-c", line.replace(SERVER, url))
                finally:
                    server.shutdown()
                    thread.join()
        if SCHEDULER not in line:
            return self.run("bash", "-c", line)
        process = subprocess.Popen(
            [sys.executable, "-c", _CLUSTER],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, "no cluster"
            return self.run("bash", "-c", line.replace(SCHEDULER, address))

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=600
        )
        faults = [line for line in done.stderr.splitlines() if not line.startswith("nntc: note: ")]
        assert (done.returncode, faults) == (0, []), f"{command}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_every_command_has_an_example() -> None:
    seen = {command.split()[1] for block in CONSOLE for command, _ in examples(block)}
    assert seen == {"demo", "encode", "decode", "info", "verify", "keygen", "sign", *DELIVERY}


@pytest.mark.parametrize("number", range(len(CONSOLE)))
def test_console_examples(checkout: Checkout, number: int) -> None:
    for command in makers(number):
        checkout.run_shell(command)
    for command, shown in examples(CONSOLE[number]):
        printed = checkout.run_shell(command)
        assert shown.strip(), f"the README shows no output of {command!r}"
        lines = "".join(f"{line}\n" for line in plain(printed))
        assert pattern(shown).fullmatch(lines), f"{command}\n{printed}"


def test_python_examples(checkout: Checkout) -> None:
    checkout.run("nntc", "decode", "codec/nntc/demo/digits.nntc", "model.onnx")
    assert blocks("python")
    for number, block in enumerate(blocks("python")):
        script = checkout.folder / f"example{number}.py"
        script.write_text(block, encoding="utf-8")
        checkout.run(sys.executable, "-P", script.name)


def test_the_two_commands() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert commands == [TRY, TEST]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for command in commands:
        assert set(re.findall(r"'\.\[(\w+)\]'", command)) <= set(extras)


def test_ci_runs_the_readmes_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line.strip() for line in script.read_text(encoding="utf-8").splitlines()]
    assert lines.count(TEST) == 1
    assert not any("pytest" in line for line in lines if line != TEST and not line.startswith("#"))
    subprocess.run(["bash", "-n", str(script)], check=True)
    packages = next(line for line in lines if line.startswith("packages="))
    assert f"`{packages.removeprefix('packages=(').removesuffix(')')}`" in README


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = ROOT / (path or name)
        assert target.exists(), link
        if anchor:
            assert anchor in _headings(target.read_text(encoding="utf-8")), link


def _headings(text: str) -> set[str]:
    """Return the anchors of a document's headings."""
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


def test_folders_that_contributors_are_shown() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"^\| `([\w/]+)` \|", text, re.MULTILINE):
        assert (ROOT / name).is_dir(), name


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    for words in ("Apache License", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS", "APPENDIX"):
        assert words in text


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads
    for head in heads:
        assert head == "[Unreleased]" or re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", head)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {
        "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"
    }  # fmt: skip


def renewed(shown: str, printed: str) -> str:
    """Return an output as it is now, with lines left out where the README leaves them out."""
    before, lines = shown.strip().splitlines(), printed.rstrip().splitlines()
    if "..." in before:
        head = before.index("...")
        lines[head : len(lines) - (len(before) - head - 1)] = ["..."]
    return "\n".join(lines) + "\n"


def renew() -> None:
    """Put into the README what its commands print now."""
    text = README
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder))
        for command, shown in (example for block in CONSOLE for example in examples(block)):
            printed = renewed(shown, checkout.run_shell(command))
            text = text.replace(f"$ {command}\n{shown.rstrip()}\n", f"$ {command}\n{printed}", 1)
    (ROOT / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
