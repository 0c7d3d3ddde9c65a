"""Builds of libnntc for other platforms with Zig as the C compiler, and for this machine with others too."""

from __future__ import annotations

import shlex
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1] / "codec" / "libnntc"
ZIG = (sys.executable, "-m", "ziglang", "cc")
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=off")
CODERS = ("-DNNTC_WITH_ZSTD", "-DNNTC_WITH_BZIP2")
# With fast calls node 20 aborts in a garbage collection.
NODE = (
    "node",
    "--no-warnings",
    "--no-turbo-fast-api-calls",
)
BZIP2 = ("blocksort", "bzlib", "compress", "crctable", "decompress", "huffman", "randtable")
_EXECUTABLE = 4  # flag of an ELF section
_LOADED = 2
_WASM_CODE, _WASM_DATA = 10, 11


@dataclass(frozen=True, slots=True)
class Platform:
    """A processor, as the compiler names it, and what runs its programs here.

    Parameters
    ----------
    target
        Zig's name: processor, system, C library.
    emulator
        Command before the program's path; empty for this machine's own programs.
    words
        Width of pointers in bits and order of bytes.
    compiler
        Command of another compiler than Zig, which takes no target.
    options
        What else the compiler is told, such as which instructions it may use.
    """

    target: str
    emulator: tuple[str, ...]
    words: str
    compiler: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def is_wasm(self) -> bool:
        """Whether it has no POSIX, and so needs another command around the core."""
        return self.target.startswith("wasm")

    @property
    def compile_command(self) -> tuple[str, ...]:
        """The compiler and what chooses the target."""
        return (*(self.compiler or (*ZIG, "-target", self.target)), *self.options)

    def command(self, folder: Path) -> str:
        """Return the decoder's command line, without input and output."""
        words = [*self.emulator, str(folder / "decoder"), *([] if self.is_wasm else ["decode"])]
        return shlex.join(words)


PLATFORMS = {
    "x86-64": Platform("x86_64-linux-musl", (), "64 little"),
    "x86-64, gcc": Platform("", (), "64 little", ("gcc",)),
    "x86-64, clang": Platform("", (), "64 little", ("clang",)),
    "aarch64": Platform("aarch64-linux-musl", ("qemu-aarch64",), "64 little"),
    "aarch64, SHA": Platform(
        "aarch64-linux-musl", ("qemu-aarch64",), "64 little", options=("-mcpu=generic+sha2",)
    ),
    "armv7": Platform("arm-linux-musleabihf", ("qemu-arm",), "32 little"),
    "riscv64": Platform("riscv64-linux-musl", ("qemu-riscv64",), "64 little"),
    "s390x": Platform("s390x-linux-musl", ("qemu-s390x",), "64 big"),
    "ppc64el": Platform("powerpc64le-linux-musl", ("qemu-ppc64le",), "64 little"),
    "wasm32": Platform("wasm32-wasi", (*NODE, str(HERE / "wasi.mjs")), "32 little"),
}


def core() -> list[Path]:
    """Return the sources of the core."""
    return [path for part in ("src", "kernels") for path in sorted((LIBRARY / part).glob("*.c"))]


def build(platform: Platform, sources: Path, folder: Path) -> None:
    """Build the program `decoder` in a folder.

    Parameters
    ----------
    sources
        Folder with the unpacked sources of zstd and bzip2, `libzstd-VERSION` and `bzip2-VERSION`.
    """
    zstd = next(sources.glob("libzstd-*")) / "lib"
    bzip2 = next(sources.glob("bzip2-*/"))
    libraries = [*(zstd / "common").glob("*.c"), *(zstd / "decompress").glob("*.c")]
    libraries += [bzip2 / f"{name}.c" for name in BZIP2]
    options = [f"-I{zstd}", f"-I{bzip2}", f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}"]
    for part in ("libraries", "own"):
        (folder / part).mkdir()
    _compile(platform, libraries, folder / "libraries", "-w", "-O2", "-DZSTD_DISABLE_ASM", *options)
    own = core()
    if platform.is_wasm:
        own += [LIBRARY / "posix" / "heap.c", LIBRARY / "posix" / "block.c", HERE / "plain.c"]
    else:
        own += [*sorted((LIBRARY / "posix").glob("*.c")), LIBRARY / "cli" / "nntc.c"]
    _compile(platform, own, folder / "own", "-O2", *STRICT, *CODERS, *options)
    objects = [str(path) for part in ("libraries", "own") for path in sorted((folder / part).glob("*.o"))]
    _run(platform, folder, "-static", "-o", str(folder / "decoder"), *objects)


def core_size(platform: Platform, folder: Path) -> tuple[int, int]:
    """Return code and constants in bytes of the core for small devices, without zstd and bzip2."""
    target = folder / "small"
    target.mkdir()
    options = ["-Os", "-fno-stack-protector", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]
    options += ["-DNNTC_SMALL", *STRICT, f"-I{LIBRARY / 'include'}", f"-I{LIBRARY / 'src'}"]
    _compile(platform, core(), target, *options)
    code = constants = 0
    for path in target.glob("*.o"):
        for is_code, size in sections(path.read_bytes()):
            code += size if is_code else 0
            constants += 0 if is_code else size
    return code, constants


def sections(data: bytes) -> Iterator[tuple[bool, int]]:
    """Yield for each section of an object that gets into memory whether it is code, and its size in bytes."""
    if data[:4] == b"\0asm":
        yield from _wasm_sections(data)
        return
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    (at,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 0x28 if wide else 0x20)
    size, count = struct.unpack_from(order + "HH", data, 0x3A if wide else 0x2E)
    for i in range(count):
        form = order + ("IIQQQQ" if wide else "IIIIII")
        _, kind, flags, _, _, length = struct.unpack_from(form, data, at + i * size)
        if flags & _LOADED and kind == 1:
            yield bool(flags & _EXECUTABLE), length


def _wasm_sections(data: bytes) -> Iterator[tuple[bool, int]]:
    at = 8
    while at < len(data):
        kind, size, shift = data[at], 0, 0
        at += 1
        while True:
            size |= (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                break
        if kind in {_WASM_CODE, _WASM_DATA}:
            yield kind == _WASM_CODE, size
        at += size


def _compile(platform: Platform, files: list[Path], folder: Path, *options: str) -> None:
    if platform.is_wasm:  # of several files at once Zig compiles the first alone
        for path in files:
            _run(platform, folder, "-c", *options, str(path))
        return
    _run(platform, folder, "-c", *options, *map(str, files))


def _run(platform: Platform, folder: Path, *options: str) -> None:
    subprocess.run([*platform.compile_command, *options], check=True, cwd=folder)
