"""Recipes written as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import WorkingMemory, read_tensor
from nntc.encoder.container import CodedFile, NewFile, NewSection, graph_section
from nntc.encoder.merge.layers import Coded
from nntc.encoder.merge.recipe import Literal, Lost, Part, Range, Recipe, Stretch, Unmergeable
from nntc.encoder.merge.slices import exact, some_parts
from nntc.encoder.merge.tables import United
from nntc.encoder.splices import PieceWriter
from nntc.encoder.store import Store
from nntc.format.container import MAX_SECTION_OUTPUT, MAX_SECTIONS
from nntc.format.frames import largest_window
from nntc.format.memory import MAX_WORKING_MEMORY
from nntc.format.registry import ElementType, Profile, SectionType
from nntc.format.view import MAX_RAGGED_OUTPUT

_HARDLY_ANY = 64
"""Bytes up to which graph bytes are smaller than a section."""
_SMALL, _TOGETHER = 1 << 16, 1 << 20
"""Bytes up to which what is lost is coded together, and bytes of such a group."""

Content = Callable[[int, int], bytes]
"""Reads what the files decode to, back to back, given place and length within one file."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A merged file.

    Parameters
    ----------
    sections
        How many TENSOR sections it has.
    stacked
        How many of them have several records.
    decoded
        How many pieces were decoded, and coded exactly.
    """

    file: CodedFile
    sections: int
    stacked: int
    decoded: int


def write_recipe(recipe: Recipe, store: Store, content: Content | None) -> Written:
    """Return the file of a recipe.

    Parameters
    ----------
    recipe
        The recipe.
    store
        Where sections are put aside.
    content
        Reads what it decodes to, for what is lost; None where that is not known.

    Raises
    ------
    Unmergeable
        There can be no such file, or nobody knows what was lost.
    """
    plan = _Plan(recipe, store, content)
    united = United(layer for coded in plan.opened for layer in coded.layers)
    tables = united.section
    sizes = tuple(base.size for base in recipe.bases)
    context = ParseContext(Profile.FULL, united.tables, base_sizes=sizes)
    memory, profile, sections = WorkingMemory(), Profile.DEVICE, []
    for coded in plan.opened:
        data = b"".join(layer.write(united.number) for layer in coded.layers)
        output = sum(coded.parts)
        record = read_tensor(data, 0, output, context)
        memory.add(record)
        profile = max(profile, record.profile)
        sections.append(NewSection(SectionType.TENSOR, store.put(data), output))
    if memory.ragged > MAX_RAGGED_OUTPUT or memory.most > MAX_WORKING_MEMORY:
        raise Unmergeable("decoding it would take too much memory")
    if len(sections) > MAX_SECTIONS - 2:
        raise Unmergeable("too many sections")
    graph = _graph(recipe, plan)
    head = [graph] if tables is None else [graph, tables]
    file = CodedFile(profile, memory.most, [*head, *sections])
    stacked = sum(len(coded.layers) > 1 for coded in plan.opened)
    return Written(file, len(sections), stacked, plan.decoded)


def _graph(recipe: Recipe, plan: _Plan) -> NewSection:
    base_ends = list(accumulate(base.size for base in recipe.bases)) if recipe.bases else None
    pieces = PieceWriter([file.size for file in recipe.files], base_ends)
    for stretch in plan.stretches:
        if isinstance(stretch, Literal):
            pieces.literal(stretch.data)
        elif isinstance(stretch, Range):
            pieces.copy(stretch.start, stretch.length)
        elif isinstance(stretch, Part):
            number, is_again = plan.take(stretch)
            if is_again:
                pieces.repeat(number, stretch.length)
            else:
                pieces.part(number, plan.place(stretch), stretch.length)
    splices = pieces.finish()
    if len(pieces.skeleton) > MAX_SECTION_OUTPUT // 2:
        raise Unmergeable("too many graph bytes")
    files = []
    for file in recipe.files:
        name_at = None
        if file.name is not None:
            name = file.name.encode()
            at = pieces.skeleton.find(name)
            if at < 0:
                raise Unmergeable(f"the name of {file.name} is nowhere in the graph bytes")
            name_at = at, len(name)
        files.append(NewFile(file.size, file.sha256, name_at))
    window = largest_window(recipe.profile)
    return graph_section(files, splices, bytes(pieces.skeleton), window=window, bases=recipe.bases)


class _Plan:
    """Stretches that can be written: each payload in the order in which its parts are used, nothing lost."""

    def __init__(self, recipe: Recipe, store: Store, content: Content | None) -> None:
        self._recipe, self._store, self._content = recipe, store, content
        self.decoded = 0
        self.stretches = self._found(self._ordered())
        self.opened: list[Coded] = []
        self._numbers: dict[int, int] = {}  # by payload, in the order in which they are opened
        self._taken: dict[tuple[int, int], int] = {}
        for stretch in self.stretches:
            if isinstance(stretch, Part) and id(stretch.coded) not in self._numbers:
                self._numbers[id(stretch.coded)] = len(self.opened)
                self.opened.append(stretch.coded)

    def place(self, part: Part) -> int:
        """Return the number of a part's section."""
        return self._numbers[id(part.coded)]

    def take(self, part: Part) -> tuple[int, bool]:
        """Return a number that stands for a part, and whether it was taken before."""
        key = id(part.coded), part.number
        is_again = key in self._taken
        return self._taken.setdefault(key, len(self._taken)), is_again

    def _ordered(self) -> list[Stretch]:
        """Return stretches whose parts are all those of their payloads, in ascending order."""
        uses: dict[int, tuple[Coded, dict[int, Stretch]]] = {}
        for stretch in self._recipe.stretches:
            if isinstance(stretch, Part):
                uses.setdefault(id(stretch.coded), (stretch.coded, {}))[1].setdefault(stretch.number, stretch)
        for coded, parts in uses.values():
            made = some_parts(coded, list(parts), self._store)
            for place, (number, stretch) in enumerate(list(parts.items())):
                lost = Lost(stretch.length, coded.element)
                parts[number] = lost if made is None else Part(made, place, stretch.length)
        return [
            uses[id(stretch.coded)][1][stretch.number] if isinstance(stretch, Part) else stretch
            for stretch in self._recipe.stretches
        ]

    def _found(self, stretches: list[Stretch]) -> list[Stretch]:
        """Return stretches with what is lost decoded, and coded exactly or as graph bytes."""
        done: dict[int, Stretch] = {}
        small: dict[ElementType, list[tuple[Lost, bytes]]] = {}  # to be coded together
        at = 0
        for stretch in stretches:
            if isinstance(stretch, Lost) and id(stretch) not in done:
                data = self._decoded(at, stretch.length)
                done[id(stretch)] = Literal(memoryview(data))
                if len(data) > _SMALL or len(data) % stretch.element.width:
                    done[id(stretch)] = Part(exact(data, stretch.element, None, self._store), 0, len(data))
                elif len(data) > _HARDLY_ANY:
                    group = small.setdefault(stretch.element, [])
                    group.append((stretch, data))
                    if sum(len(own) for _, own in group) > _TOGETHER:
                        self._together(small.pop(stretch.element), done)
            at += stretch.length
        for group in small.values():
            self._together(group, done)
        return [done.get(id(stretch), stretch) for stretch in stretches]

    def _decoded(self, at: int, length: int) -> bytes:
        """Return what was lost."""
        if self._content is None:
            raise Unmergeable("an update changes what only decoding tells")
        self.decoded += 1
        return self._content(at, length)

    def _together(self, group: list[tuple[Lost, bytes]], done: dict[int, Stretch]) -> None:
        """Code some lost stretches in one payload."""
        sizes = [lost.length for lost, _ in group]
        coded = exact(b"".join(data for _, data in group), group[0][0].element, sizes, self._store)
        for place, (lost, _) in enumerate(group):
            done[id(lost)] = Part(coded, place, lost.length)
