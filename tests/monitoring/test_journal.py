import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from monitoring.errors import InvalidEvent, JournalClosed, JournalFull, JournalUnwritable
from monitoring.events import MAX_TEXT_BYTES, Event, encode
from monitoring.journal import Journal
from monitoring.segment import framed

MakeEvent = Callable[..., Event]


def opened(folder: Path, *, max_bytes: int = 1_000_000, batch_size: int = 10) -> Journal:
    journal = Journal(folder, max_bytes=max_bytes, batch_size=batch_size)
    journal.open()
    return journal


def drained(journal: Journal) -> list[str]:
    """Commit everything; the ids, in the order in which they came out."""
    ids = []
    while batch := journal.read():
        ids += [event.event_id for event in batch.events]
        journal.commit(batch)
    return ids


def test_events_come_out_in_order_in_batches_and_leave_nothing(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path)
    events = [make_event(n) for n in range(25)]
    assert all(journal.append(event) for event in events)
    batch = journal.read()
    assert batch is not None
    assert batch.events == tuple(events[:10])
    assert drained(journal) == [event.event_id for event in events]
    assert journal.pending == 0
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]
    journal.release()
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_is_pending_is_not_taken_twice(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path)
    assert journal.append(make_event())
    assert not journal.append(make_event())
    assert journal.request_of("req-000000") == "req-000000"
    assert len(drained(journal)) == 1
    assert journal.request_of("req-000000") is None


def test_what_is_left_is_taken_over_by_the_next(tmp_path: Path, make_event: MakeEvent) -> None:
    first = opened(tmp_path)
    for n in range(15):
        first.append(make_event(n))
    batch = first.read()
    assert batch is not None
    first.commit(batch)
    first.release()
    second = opened(tmp_path)
    second.append(make_event(99))
    assert second.pending == 16  # what was committed in a segment that is not finished comes again
    assert drained(second) == [f"req-{n:06d}" for n in [*range(15), 99]]


def test_segments_rotate_and_are_deleted_one_by_one(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path, max_bytes=16_000)
    for n in range(40):
        journal.append(make_event(n))
    before = len(list(tmp_path.iterdir()))
    assert before > 3
    while (batch := journal.read()) and len(list(tmp_path.iterdir())) == before:
        journal.commit(batch)
    assert len(list(tmp_path.iterdir())) == before - 1
    journal.release()


def test_a_full_journal_refuses_until_there_is_room(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path, max_bytes=2_000)
    taken: list[bool] = []
    with pytest.raises(JournalFull, match="behind"):
        taken.extend(journal.append(make_event(n)) for n in range(1_000))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2_000
    assert len(drained(journal)) == len(taken) > 3
    assert journal.append(make_event(5_000))
    journal.release()


def test_bad_lines_are_put_aside_and_counted(
    tmp_path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    good = [framed(encode(make_event(n))) for n in range(4)]
    changed = good[1].replace(b"voice", b"noise")
    newer = framed(encode(make_event(7)).replace(b'"kind"', b'"colour":1,"kind"'))
    torn = good[3][:-20]
    (tmp_path / "1-1-aa.journal").write_bytes(good[0] + changed + b"\n" + newer + good[2] + torn)
    journal = opened(tmp_path)
    assert journal.pending == 2
    assert drained(journal) == ["req-000000", "req-000002"]
    assert journal.bad_lines == 4
    assert (tmp_path / "1-1-aa.bad").read_bytes() == changed + b"\n" + newer + torn + b"\n"
    assert not (tmp_path / "1-1-aa.journal").exists()
    assert "4 lines" in caplog.text


def test_a_file_of_garbage_is_put_aside(tmp_path: Path) -> None:
    garbage = bytes(range(256)) * 20_000
    (tmp_path / "1-1-aa.journal").write_bytes(garbage)
    journal = opened(tmp_path)
    assert drained(journal) == []
    assert (tmp_path / "1-1-aa.bad").read_bytes() == garbage + b"\n"


def test_many_threads_append_and_nothing_is_lost(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path, max_bytes=10_000_000)

    def append(first: int) -> None:
        for n in range(first, first + 500):
            journal.append(make_event(n))

    threads = [threading.Thread(target=append, args=(1_000 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [f"req-{1_000 * i + n:06d}" for i in range(8) for n in range(500)]
    assert sorted(drained(journal)) == expected
    assert journal.bad_lines == 0


def test_nothing_is_lost_while_one_drains_and_segments_rotate(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path, max_bytes=80_000, batch_size=3)

    def append(first: int) -> None:
        for n in range(first, first + 2_000):
            while True:
                with contextlib.suppress(JournalFull):
                    journal.append(make_event(n))
                    break

    threads = [threading.Thread(target=append, args=(10_000 * i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    ids = []
    while any(thread.is_alive() for thread in threads) or journal.pending:
        ids += drained(journal)
    expected = [f"req-{10_000 * i + n:06d}" for i in range(3) for n in range(2_000)]
    assert sorted(ids) == expected
    assert journal.bad_lines == 0
    journal.release()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_journal_takes_nothing(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path)
    journal.append(make_event(1))
    journal.close()
    with pytest.raises(JournalClosed):
        journal.append(make_event(2))
    assert journal.wait(linger_s=60)
    assert drained(journal) == ["req-000001"]
    assert not journal.wait(linger_s=60)


def test_an_event_that_is_too_large_is_refused(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path)
    details = {f"text{i}": "x" * MAX_TEXT_BYTES for i in range(5)}
    with pytest.raises(InvalidEvent):
        journal.append(make_event(details=details))
    assert journal.pending == 0


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    with pytest.raises(JournalUnwritable, match="journal folder"):
        opened(tmp_path / "journal")


def test_a_folder_that_vanished_is_one_clear_error(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path / "journal")
    (tmp_path / "journal").rmdir()
    with pytest.raises(JournalUnwritable, match="no event can be written"):
        journal.append(make_event())
    assert journal.pending == 0
    (tmp_path / "journal").mkdir()
    assert journal.append(make_event())
    assert len(drained(journal)) == 1
    journal.release()


def test_a_full_disk_is_one_clear_error_and_harms_no_other_event(
    tmp_path: Path, make_event: MakeEvent, largest_file: Callable[[int], AbstractContextManager[None]]
) -> None:
    journal = opened(tmp_path)
    for n in range(3):
        journal.append(make_event(n))
    with largest_file(700):
        for n in range(3, 6):
            with pytest.raises(JournalUnwritable, match="no space"):
                journal.append(make_event(n, details={"query": "x" * 800}))
    journal.append(make_event(6))
    journal.release()
    heir = opened(tmp_path)
    assert drained(heir) == [f"req-{n:06d}" for n in (0, 1, 2, 6)]
    assert heir.bad_lines == 0


def test_a_commit_after_release_spares_the_next_process_the_replay(tmp_path: Path, make_event: MakeEvent) -> None:
    journal = opened(tmp_path)
    journal.append(make_event())
    batch = journal.read()
    journal.release()
    assert batch is not None
    journal.commit(batch)
    assert list(tmp_path.iterdir()) == []
