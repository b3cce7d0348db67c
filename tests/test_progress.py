"""Progress: a bar where a person watches and it takes long, or a word to whoever listens."""

from __future__ import annotations

import pytest

from wmiam.progress import told_to, watched


def test_every_item_comes_and_a_listener_is_told_before_each() -> None:
    told: list[tuple[str, int, int]] = []
    with told_to(lambda *given: told.append(given)):
        assert list(watched("abc", "Looking")) == ["a", "b", "c"]
    assert told == [("Looking", 0, 3), ("Looking", 1, 3), ("Looking", 2, 3)]
    assert list(watched("abc", "Looking", progress=False)) == ["a", "b", "c"]
    assert len(told) == 3


def test_what_a_listener_raises_stops_it() -> None:
    def stop(what: str, behind: int, every: int) -> None:
        if behind == 1:
            raise KeyboardInterrupt

    with told_to(stop), pytest.raises(KeyboardInterrupt):
        list(watched("abc", "Looking"))
    assert list(watched("abc", "Looking")) == ["a", "b", "c"]


@pytest.mark.parametrize(("wanted", "shown"), [(True, True), (False, False), (None, False)])
def test_a_bar_is_shown_where_it_is_wanted(
    capsys: pytest.CaptureFixture[str], wanted: bool | None, shown: bool
) -> None:
    # Here nobody watches: standard error is no terminal.
    assert list(watched("abc", "Looking", unit=" rules", progress=wanted)) == ["a", "b", "c"]
    assert ("Looking" in capsys.readouterr().err) is shown


def test_a_bar_begins_where_it_is_after_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 0.4, 0.8, 1.2])
    monkeypatch.setattr("wmiam.progress.monotonic", lambda: next(clock))
    # Here nobody watches, but the bar is asked whether to be shown.
    bars: list[dict[str, object]] = []

    def bar(items: object, **options: object) -> object:
        bars.append({"items": items, **options})
        return items

    monkeypatch.setattr("tqdm.auto.tqdm", bar)
    assert list(watched("abcde", "Looking")) == ["a", "b", "c", "d", "e"]
    (made,) = bars
    assert (made["items"], made["initial"], made["total"], made["disable"]) == ("cde", 2, 5, None)
