"""A repository of two versions of a model, and web servers for it: nginx where it is installed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import nntc
from nntc.delivery import publish

_NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def original(folder: Path, model: Path | None) -> Path:
    """Return the path of a model: the demo's, which is written there, if there is none."""
    if model is None:
        model = folder / "model.onnx"
        nntc.decode(str(files("nntc.demo") / "digits.nntc"), model)
    return model


def add(folder: Path, model: Path, version: str, quality: float) -> tuple[Path, bytes]:
    """Publish a version in `repository` there; return its target file, and what that decodes to."""
    place, keys = folder / "repository", folder / "keys"
    release = publish(place, model, name="net", version=version, keys=keys, quality=quality).release
    target = next((place / "targets").rglob(f"{release.file.sha256}.*"))
    return target, nntc.decode_bytes(target)[None]


@contextlib.contextmanager
def web(folder: Path, port: int) -> Iterator[str]:
    """Serve a folder on a port of this machine, by nginx or `nntc serve`; give the server's name."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        command, name = (
            [sys.executable, "-m", "nntc.cli", "serve", str(folder), "--port", str(port)],
            "nntc serve",
        )
    else:
        own = folder.parent / "nginx"
        own.mkdir()
        (own / "nginx.conf").write_text(_NGINX.format(folder=own, port=port, root=folder))
        command, name = [nginx, "-p", str(own), "-c", str(own / "nginx.conf")], "nginx"
        folder.parent.chmod(0o755)  # its workers may be another user's
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield name
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metadata/timestamp.json", timeout=5).close()
            return
        time.sleep(0.1)
    raise SystemExit("the server does not answer")
