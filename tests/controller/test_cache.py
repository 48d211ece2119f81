"""What is known, from watches that lag and answers that come first."""

from tests.controller.fakes import Clock
from tests.documents_of import minimal
from webhook.controller.cache import READ_YOUR_WRITES_SECONDS, Cache, CachedObject
from webhook.controller.state.observed import ObservedObject

NAME = ("models", "iris")
REFERENCE = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment"}


def document(version="1", uid="u", **change):
    raw = minimal()
    raw["metadata"] |= {"uid": uid, "resourceVersion": version, "generation": 1}
    return raw | change


def child(version="1", uid="c", owner="u", image="a"):
    reference = {**REFERENCE, "controller": True, "uid": owner}
    metadata = {
        "name": "iris-main",
        "uid": uid,
        "resourceVersion": version,
        "ownerReferences": [reference],
        "annotations": {"graphgate.io/applied-hash": image},
    }
    return ObservedObject.from_object({"metadata": metadata}, "Service")


def index():
    clock, told = Clock(), []
    return Cache(lambda name, delay: told.append((name, delay)), clock=clock), clock, told


def test_a_document_survives_its_packing_without_managed_fields():
    raw = document()
    raw["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    unpacked = CachedObject.read(raw).decompress()
    assert unpacked == document()


def test_a_change_of_a_document_is_seen_at_once_and_its_bookkeeping_is_not():
    found, _, results = index()
    found.on_document(NAME, None, CachedObject.read(document("1")))
    found.on_document(NAME, None, CachedObject.read(document("2")))
    assert results == [(NAME, 0.0)]
    found.on_document(NAME, None, CachedObject.read(document("3", spec={})))
    found.on_document(NAME, None, CachedObject.read(document("4", spec={}, status={"a": 1})))
    found.on_document(NAME, None, None)
    assert results == [(NAME, 0.0)] * 4
    assert found.names() == []


def test_a_change_of_a_child_reaches_its_owner_after_a_moment():
    found, _, results = index()
    found.on_document(NAME, None, CachedObject.read(document()))
    results.clear()
    found.on_child(NAME, None, child())
    assert results == [(NAME, 0.2)]
    assert list(found.children("u")) == [("Service", "iris-main")]
    found.on_child(NAME, child(), None)
    assert found.children("u") == {}


def test_children_that_come_before_their_owner_are_kept():
    found, _, results = index()
    found.on_child(NAME, None, child())
    assert results == []
    found.on_document(NAME, None, CachedObject.read(document()))
    assert len(found.children("u")) == 1


def test_an_owner_s_successor_of_the_same_name_has_none_of_its_children():
    found, _, _ = index()
    found.on_document(NAME, None, CachedObject.read(document(uid="u")))
    found.on_child(NAME, None, child(owner="u"))
    found.on_document(NAME, None, CachedObject.read(document("9", uid="v")))
    assert found.children("v") == {}


def test_an_answer_wins_over_older_events():
    found, _, _ = index()
    found.put_child(child("7", image="new"))
    found.on_child(NAME, None, child("5", image="old"))
    assert found.children("u")["Service", "iris-main"].digest == "new"
    found.on_child(NAME, None, child("8", image="newest"))
    assert found.children("u")["Service", "iris-main"].digest == "newest"


def test_a_watch_that_counts_from_lower_down_is_believed_after_a_while():
    found, clock, _ = index()
    found.put_child(child("7", image="before the restore"))
    clock.now += READ_YOUR_WRITES_SECONDS
    found.on_child(NAME, None, child("5", image="restored"))
    assert found.children("u")["Service", "iris-main"].digest == "restored"


def test_an_answer_does_not_undo_a_newer_event():
    found, _, _ = index()
    found.on_child(NAME, None, child("9", image="newer"))
    found.put_child(child("7", image="older"))
    assert found.children("u")["Service", "iris-main"].digest == "newer"


def test_a_status_that_we_wrote_is_no_change():
    found, _, results = index()
    found.on_document(NAME, None, CachedObject.read(document("1")))
    written = document("2", status={"state": "Available"})
    found.put_document(NAME, written)
    results.clear()
    found.on_document(NAME, None, CachedObject.read(written))
    assert results == []


def test_the_late_end_of_a_replaced_child_leaves_the_new_one():
    found, _, _ = index()
    found.put_child(child("7", uid="new"))
    found.on_child(NAME, child("5", uid="old"), None)
    assert [c.uid for c in found.children("u").values()] == ["new"]
