from __future__ import annotations

import ast

from conformance.proof.mutants import mutants


def test_mutants_differ_in_one_place() -> None:
    check = "if a < 3 and not a:\n        raise FormatError('E_CRC', 'x', 1)"
    source = f"def f(a):\n    {check}\n    a += 2\n    g(a)\n"
    found = list(mutants(source))
    labels = [mutant.label for mutant in found]
    assert len(set(labels)) == len(labels)
    assert {
        "f: a < 3 -> a <= 3",
        "f: a < 3 and (not a) -> a < 3 or not a",
        "f: if a < 3 and (not a) -> if False",
        "f: not a -> a",
        "f: 3 -> 4",
        "f: 3 -> 2",
        "f: 'E_CRC' -> 'E_WRONG'",
        "f: FormatError('E_CRC', 'x', 1) -> FormatError('E_CRC', 'x', 1 + 1)",
        "f: a += 2 -> a -= 2",
        "f: g(a) -> pass",
    } <= set(labels)
    texts = {ast.unparse(mutant.tree()) for mutant in found}
    assert len(texts) == len(found)
    assert ast.unparse(ast.parse(source)) not in texts
    assert list(mutants(source, {"f"})) == []
    assert not [m for m in mutants(source, {"a += 2"}) if "+=" in m.label]
