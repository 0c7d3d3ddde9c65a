"""The group of commands."""

from __future__ import annotations

import click

from nntc.cli.conformance import conformance
from nntc.cli.decode import decode
from nntc.cli.demo import demo
from nntc.cli.encode import encode
from nntc.cli.info import info
from nntc.cli.sweep import sweep
from nntc.cli.verify import verify


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        import nntc
        from nntc.format.registry import MAJOR, MINOR

        click.echo(f"nntc {nntc.__version__}, format {MAJOR}.{MINOR}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
              help="Show the version and exit.")  # fmt: skip
def nntc() -> None:
    """Neural Network Transform Codec: small files for trained networks, decoded bit for bit.

    \b
      nntc encode model.onnx model.nntc     compress
      nntc decode model.nntc model.onnx     restore
      nntc info   model.nntc                what is inside, what it costs
      nntc verify model.nntc model.onnx     is it sound, how far from the original
      nntc sweep  model.onnx ...            how small it gets, and what that costs
      nntc demo                             see it work on a network that comes along
      nntc conformance check model.nntc     does any encoder's file keep the format's rules
      nntc conformance run --help           prove any decoder of the format

    Outputs appear complete or not at all.

    \b
    Exit codes:
      0    done
      1    input or output rejected; standard error has `nntc: ID @ OFFSET: reason`
      2    wrong usage, or an input file that cannot be opened
      3    the file needs a newer or fuller decoder
      130  interrupted
    """  # noqa: D301 - \b tells click to keep the lines below it


for command in (encode, decode, info, verify, sweep, demo, conformance):
    nntc.add_command(command)
