"""`serve --record`: reviews in files that are bounded, without what may be secret."""

import stat

import orjson
import pytest

from tests.admission.test_wire import SETTINGS, encoded_review
from tests.documents_of import minimal, with_graph
from webhook.admission import handle_review
from webhook.errors import SettingsError
from webhook.graph.cluster_facts import NO_FACTS
from webhook.server import recorder
from webhook.server.recorder import ReviewRecorder


def answer(body, endpoint):
    return handle_review(body, endpoint, SETTINGS, NO_FACTS)


def recorded(folder, *bodies):
    """Record reviews; return the recorder when it has ended."""
    with ReviewRecorder(folder) as kept:
        handle = kept.around(answer)
        for body in bodies:
            assert handle(body, "mutate") == answer(body, "mutate")
            while not kept._queue.is_empty():  # a thread that falls behind drops, as it should
                pass
    return kept


def lines_of(file):
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def test_reviews_are_kept_with_their_verdicts(tmp_path):
    kept = recorded(
        tmp_path, encoded_review(minimal()), encoded_review(with_graph(name="clasifier"))
    )
    lines = lines_of(tmp_path / "reviews.jsonl")
    assert [line["verdict"] for line in lines] == ["allowed", "denied"]
    assert lines[0]["review"]["request"]["object"] == minimal()
    assert (kept.written, kept.dropped) == (2, 0)


def test_nobody_else_reads_them(tmp_path):
    recorded(tmp_path, encoded_review(minimal()))
    assert stat.S_IMODE((tmp_path / "reviews.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "body",
    [
        encoded_review(minimal(), dryRun=True),
        encoded_review(None, operation="DELETE", oldObject=minimal()),
    ],
)
def test_dry_runs_and_deletions_are_not_kept(tmp_path, body):
    recorded(tmp_path, body)
    assert list(tmp_path.iterdir()) == []


def test_large_reviews_are_dropped_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MAX_REVIEW_BYTES", 100)
    kept = recorded(tmp_path, encoded_review(minimal()))
    assert (kept.written, kept.dropped) == (0, 1)


def test_files_are_bounded_in_number_and_size(tmp_path, monkeypatch):
    body = encoded_review(minimal())
    monkeypatch.setattr(recorder, "MAX_FILE_BYTES", 2 * len(body) + 500)
    recorded(tmp_path, *[body] * 20)
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["reviews.1.jsonl", "reviews.2.jsonl", "reviews.3.jsonl", "reviews.jsonl"]
    assert all(file.stat().st_size <= 2 * len(body) + 500 for file in tmp_path.iterdir())


def test_a_link_is_not_followed(tmp_path):
    folder, target = tmp_path / "records", tmp_path / "target"
    folder.mkdir()
    (folder / "reviews.jsonl").symlink_to(target)
    kept = recorded(folder, encoded_review(minimal()))
    assert (kept.written, kept.dropped, target.exists()) == (0, 1, False)


def test_a_folder_that_cannot_be_written_in_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="not a writable folder"):
        ReviewRecorder(tmp_path / "gone")
