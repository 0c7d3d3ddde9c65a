from __future__ import annotations

from nntc.progress import Phase, ProgressEvent, Steps, as_phase, within


def test_an_event_names_its_phase_its_pass_and_its_step() -> None:
    assert ProgressEvent(Phase.CALIBRATING, 11, 26, "layer", 3, 5).text == "calibrating 3/5, layer 12 of 26"
    assert ProgressEvent(Phase.CALIBRATING, 26, 26, "layer", 1, 1).text == "calibrating, layer 26 of 26"
    assert ProgressEvent(Phase.SEARCHING, number=3).text == "searching, try 3"
    assert ProgressEvent(Phase.DECODING, 5, 10).text == "decoding"


def test_steps_report_the_beginning_and_every_step() -> None:
    seen: list[ProgressEvent] = []
    steps = Steps(seen.append, Phase.ENCODING, 3, "tensor")
    assert list(steps.through("ab")) == ["a", "b"]
    steps.step()
    assert [event.done for event in seen] == [0, 1, 2, 3]
    assert {(event.phase, event.total, event.unit) for event in seen} == {(Phase.ENCODING, 3, "tensor")}


def test_parts_of_parts_say_what_they_are_parts_of() -> None:
    seen: list[ProgressEvent] = []
    sweep = within(seen.append, ProgressEvent(Phase.SWEEPING, 2, 14, "point"))
    search = within(sweep, ProgressEvent(Phase.SEARCHING, number=2, note="goal met with 10 bytes"))
    assert search is not None
    search(ProgressEvent(Phase.ENCODING, 0, 9, "tensor"))
    assert seen[0].text == (
        "sweeping, point 3 of 14: searching, try 2, goal met with 10 bytes: encoding, tensor 1 of 9"
    )


def test_a_phase_can_be_another_ones() -> None:
    seen: list[ProgressEvent] = []
    tell = as_phase(seen.append, Phase.CHECKING)
    assert tell is not None
    tell(ProgressEvent(Phase.DECODING, 1, 2))
    assert seen == [ProgressEvent(Phase.CHECKING, 1, 2)]


def test_nobody_needs_to_listen() -> None:
    Steps(None, Phase.READING, 1).step()
    assert within(None, ProgressEvent(Phase.SWEEPING)) is None
    assert as_phase(None, Phase.CHECKING) is None
