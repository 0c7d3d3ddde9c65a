"""`nntc publish`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntc.cli.declared import declared_options, names_in, refuse_wrong
from nntc.cli.options import Sectioned, callback, follow_links_option, input_file, json_option
from nntc.cli.output import progress, say, show_json, show_notes
from nntc.cli.samples import IMAGE_OPTIONS, image_options, sample_sources
from nntc.encoder.options import Group

if TYPE_CHECKING:
    from nntc.delivery import Published

_HOW = (
    "name", "version", "channel", "keys", "keep", "updates", "base_exact",
    "days", "refresh", "new_key", "withdraw",
)  # fmt: skip
_SECTIONS = {
    "Publication": _HOW,
    str(Group.HOW): tuple(names_in(Group.HOW)),
    str(Group.AIM): tuple(names_in(Group.AIM)),
    str(Group.SAMPLES): (*names_in(Group.SAMPLES), *IMAGE_OPTIONS),
    str(Group.DEEP): tuple(names_in(Group.DEEP)),
}


def _days(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    """Return days by role."""
    found = {}
    for value in values:
        role, equals, days = value.partition("=")
        if not equals or not days.isdecimal():
            raise click.BadParameter(f"'{value}' is not ROLE=DAYS, such as timestamp=7.")
        found[role] = int(days)
    return found


def _word(value: str) -> str:
    from nntc.delivery.release import is_word

    if not is_word(value):
        raise ValueError(f"'{value}' is not of letters, digits and ._+-, 64 at most")
    return value


@click.command(cls=Sectioned, sections=_SECTIONS)
@click.argument("repository", metavar="REPOSITORY", type=click.Path(file_okay=False, path_type=Path))
@click.argument("source", metavar="[MODEL.onnx]", callback=input_file, required=False)
@click.option("--name", callback=callback(_word), metavar="NAME", help="Name of the model.")
@click.option("--version", callback=callback(_word), metavar="VERSION", help="Of the model, such as 1.4.")
@click.option(
    "--channel", callback=callback(_word), default="stable", show_default=True, metavar="NAME",
    help="Channel that devices follow.",
)  # fmt: skip
@click.option(
    "--keys", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR",
    help="Folder of signing keys, outside of REPOSITORY; made together with it.",
)  # fmt: skip
@click.option(
    "--keep", type=click.IntRange(min=1), default=3, show_default=True, metavar="N",
    help="Versions of a channel that stay in the repository.",
)  # fmt: skip
@click.option(
    "--updates/--no-updates", default=True, show_default=True,
    help="Make an update of the version before, where it is small enough.",
)  # fmt: skip
@click.option(
    "--base-exact", callback=input_file, metavar="OLD.onnx",
    help="The model that the version before was published from: makes updates several times smaller.",
)  # fmt: skip
@click.option(
    "--days", multiple=True, callback=_days, metavar="ROLE=DAYS",
    help="Days for which metadata of root, targets, snapshot or timestamp are valid from now on, kept for "
    "later.  [default: 365, 365, 30, 14]",
)  # fmt: skip
@click.option("--refresh", is_flag=True, help="Publish nothing: renew what is valid for a time only.")
@click.option(
    "--new-key", metavar="ROLE", help="Publish nothing: give a role another key, which needs that of root."
)
@click.option("--withdraw", is_flag=True, help="Publish nothing: take a version out of its channel.")
@declared_options(Group.HOW, Group.AIM, Group.SAMPLES)
@image_options
@declared_options(Group.DEEP)
@follow_links_option
@declared_options(Group.RUN)
@json_option
def publish(
    repository: Path,
    source: Path | None,
    as_json: bool,
    preprocess: str | None,
    labels: Path | None,
    images: int | None,
    **chosen: Any,
) -> None:
    """Encode MODEL.onnx and add it to REPOSITORY, a folder for any web server or bucket.

    The folder is a TUF repository: its metadata are signed with the keys in --keys, which are made the first
    time. Give root.json from there to devices; keep root.pem off machines that publish, where you can.

    \b
    Examples:
      nntc publish repository net.onnx --name net --version 1.4 --keys keys
      nntc publish repository net.onnx --name net --version 1.5 --keys keys -q 24 --base-exact old.onnx
      nntc publish repository --keys keys --refresh      once a week, by a timer
      nntc publish repository --keys keys --new-key targets
      nntc publish repository --keys keys --withdraw --name net --version 1.5
    """  # noqa: D301 - \b tells click to keep the lines below it
    from nntc import delivery
    from nntc.encoder.options import PatternError

    own = {name: chosen.pop(name) for name in _HOW}
    named = {name: own[name] for name in ("name", "version", "channel")}
    others = [name for name in ("refresh", "new_key", "withdraw") if own[name]]
    if (source is None) == (not others) or len(others) > 1:
        raise click.UsageError("name either a model, or one of --refresh, --new-key and --withdraw.")
    if (source is not None or own["withdraw"]) and None in named.values():
        raise click.UsageError("Missing option '--name' or '--version'.")
    try:
        if source is None:
            if own["withdraw"]:
                delivery.withdraw(repository, own["keys"], **named)
                said = {"withdrawn": own["version"]}
            else:
                delivery.refresh(repository, own["keys"], days=own["days"], new_key=own["new_key"])
                said = {"renewed": own["new_key"] or "timestamp"}
            if as_json:
                show_json({"repository": str(repository), **said})
            else:
                say(f"{repository}: {' '.join(map(str, next(iter(said.items()))))}")
            return
        samples = chosen["calibration"], chosen["evaluation"]
        chosen |= sample_sources(*samples, preprocess=preprocess, labels=labels, images=images)
        refuse_wrong(chosen, ("follow_links",))
        with progress() as bar:
            published = delivery.publish(
                repository,
                source,
                keys=own["keys"],
                keep=own["keep"],
                updates=own["updates"],
                base_exact=own["base_exact"],
                days=own["days"],
                progress=bar,
                **named,
                **chosen,
            )
    except (PatternError, ValueError) as e:
        raise click.UsageError(f"{e}.") from e
    if as_json:
        show_json(_fields(published))
    else:
        _show(published, repository)


def _fields(published: Published) -> dict[str, Any]:
    release = asdict(published.release)
    return {
        **release,
        "update": None if published.update is None else asdict(published.update),
        "note": published.note,
        "is_new": published.is_new,
        "removed": published.removed,
        "root": str(published.root),
    }


def _show(published: Published, repository: Path) -> None:
    release, report = published.release, published.report
    show_notes(report.remarks, ((tensor.name, tensor.note) for tensor in report.tensors))
    what = f"{release.name} {release.version} in channel {release.channel}"
    if published.is_new:
        ratio = report.original_size / release.file.length
        say(f"{repository}: {what}, {release.file.length:,} bytes, {ratio:.2f} times smaller")
        if published.note:
            say(published.note)
    else:
        say(f"{repository}: {what} is there already")
    if published.removed:
        say(f"left out: {', '.join(published.removed)}")
    say(f"devices begin with {published.root}")
