"""`nntc pull`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.cli.arguments import Parser, chosen_limits, count, input_file, size
from nntc.cli.output import progress, say, show_json
from nntc.limits import NO_LIMITS

if TYPE_CHECKING:
    from nntc.delivery import Pulled
    from nntc.delivery.plan import Plan

_HELP = """
    Bring the device's folder to the newest version of a model in the
    repository at URL, which `nntc publish` has made.

    Signed metadata are checked first. What is missing is fetched in the
    cheapest way, each section checked as it arrives; a pull that is cut off,
    killed or without power goes on where it was. The first line of DIR/current
    is the path of the model in use: the old one until the new one is whole,
    decoded and checked, then the new one. The one before stays for `nntc
    rollback`.

    Exit codes are those of nntc; 2 also for a server that cannot be reached,
    4 for a version that was refused by the check, or gone back from: the
    version before stays in use.

    Examples:
      nntc pull https://example.com/models --name digits --into device
      nntc pull URL --name digits --into device --root root.json
      nntc pull URL --name digits --into device --check "try-it {model}"
"""


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"'{value}' is no URL of http or https")
    return value


def _number(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise ValueError(f"'{value}' is no number above 0")
    return found


def _check(value: str) -> str:
    from nntc.delivery.check import words_of

    words_of(value)
    return value


def pull(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("url", "URL", _url)
    parser.option("--name", metavar="NAME", check=str, text="Name of the model (required).")
    parser.option("--into", metavar="DIR", check=Path, text="Folder of the device (required).")
    parser.option("--channel", metavar="NAME", check=str, default="stable", text="Channel to follow.")
    text = (
        "Root metadata that the publisher has handed over. Without, those of the last time are trusted, and "
    )
    parser.option(
        "--root", metavar="root.json", check=input_file, text=text + "at the first time the server's."
    )
    text = "Command that tries a new version before it is used: an exit code other than 0 refuses it."
    parser.option("--check", metavar='"CMD {model}"', check=_check, text=text)
    parser.option("--check-seconds", metavar="N", check=_number, default=300.0, text="Time for that command.")
    parser.flag("--again", "again", "Take a version that was refused before.")
    parser.flag("--dry-run", "dry_run", "Tell what would be fetched, and fetch nothing.")
    parser.option(
        "--limit-rate", metavar="SIZE", check=size, text="Take at most this in a second, such as 200k."
    )
    text = "Leave a server that sends less than this in a second for a minute."
    parser.option("--min-rate", metavar="SIZE", check=size, default=512, text=text)
    parser.option("--timeout", metavar="N", check=_number, default=30.0, text="Seconds without an answer.")
    text = "Attempts in a row that bring nothing before giving up."
    parser.option("--attempts", metavar="N", check=count, default=6, text=text)
    parser.jobs()
    parser.limits("memory", "output", "files", "seconds")
    parser.json()
    chosen = parser.parse(words)
    for name in ("name", "into"):
        if getattr(chosen, name) is None:
            parser.fail(f"Missing option '--{name}'")

    from nntc import delivery

    network = delivery.Network(
        timeout=chosen.timeout,
        min_rate=chosen.min_rate,
        limit_rate=chosen.limit_rate,
        attempts=chosen.attempts,
    )
    with progress() as callback:
        pulled = delivery.pull(
            chosen.url,
            chosen.into,
            name=chosen.name,
            channel=chosen.channel,
            root=chosen.root,
            check=chosen.check,
            check_seconds=chosen.check_seconds,
            network=network,
            again=chosen.again,
            dry_run=chosen.dry_run,
            jobs=chosen.jobs,
            limits=chosen_limits(chosen, NO_LIMITS),
            started=_tell,
            progress=callback,
        )
    if pulled.trusted_root is not None:
        say(f"nntc: note: trusted on first use: root metadata with SHA-256 {pulled.trusted_root}", err=True)
    if chosen.as_json:
        show_json(_fields(pulled))
    else:
        _show(pulled, dry_run=chosen.dry_run)
    return 0


def _tell(plan: Plan) -> None:
    say(
        f"nntc: note: {plan.missing:,} bytes to fetch ({plan.kind}), at most {plan.disk:,} bytes of disk and "
        f"{plan.memory >> 20:,} MiB of memory",
        err=True,
    )


def _fields(pulled: Pulled) -> dict[str, Any]:
    installed = pulled.installed
    found = {"name": installed.name, "version": installed.version, "channel": installed.channel}
    rest = {name: getattr(pulled, name) for name in ("before", "is_new", "kind", "files", "disk", "memory")}
    return {
        "model": str(installed.model),
        **found,
        **rest,
        "transfer": asdict(pulled.transfer),
        "trusted_root": pulled.trusted_root,
    }


def _show(pulled: Pulled, *, dry_run: bool) -> None:
    installed, transfer = pulled.installed, pulled.transfer
    for fault, count_ in transfer.faults.items():
        times = f" ({count_} times)" if count_ > 1 else ""
        say(f"nntc: note: overcome: {fault}{times}", err=True)
    named = f"{installed.name} {installed.version}"
    if not pulled.is_new:
        say(f"{named} is the newest, and in use: {installed.model}")
        return
    if dry_run:
        say(f"{named} would be new, by {', '.join(pulled.files) or 'what is here'}")
        return
    say(f"{named} is in use: {installed.model}")
    digest = installed.decoded[0].id.sha256
    say(f"{transfer.received:,} bytes received ({pulled.kind}), SHA-256 {digest[:16]}... checked")
    if pulled.before is not None:
        say(f"{pulled.before}, used before, is kept for nntc rollback")
