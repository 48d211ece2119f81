"""`fix --write`: a file is replaced as a whole or not at all, and only inside of what was named."""

import errno
import json
import os
import stat

import pytest

from tests.documents_of import with_graph
from webhook.cli.atomic_write import folders_of, replace_file

BROKEN = json.dumps(with_graph(type="model"))
FIXED = json.dumps(with_graph(type="MODEL"))


@pytest.fixture
def file(tmp_path):
    (tmp_path / "deploy").mkdir()
    path = tmp_path / "deploy" / "a.yaml"
    path.write_text(BROKEN)
    return path


def test_the_mode_is_kept_and_nothing_else_is_left(run, file):
    file.chmod(0o640)
    run("fix", "--write", file.parent)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (FIXED, 0o640)
    assert [path.name for path in file.parent.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_loses_nothing(run, file, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "fsync":
        monkeypatch.setattr("os.fsync", full)
    elif step == "replace":
        monkeypatch.setattr("pathlib.Path.replace", full)
    else:
        monkeypatch.setattr("os.fchmod", full)
    ran = run("fix", "--write", file)
    assert (ran.code, file.read_text()) == (2, BROKEN)
    assert ran.err == f"graphgate: {file}: No space left on device\n"
    assert [path.name for path in file.parent.iterdir()] == ["a.yaml"]


def test_the_new_content_is_on_disk_before_it_has_the_name(file, monkeypatch):
    steps = []
    fsync, replace = os.fsync, type(file).replace

    def record_fsync(descriptor):
        steps.append("fsync")
        fsync(descriptor)

    def record_replace(*paths):
        steps.append("replace")
        return replace(*paths)

    monkeypatch.setattr("os.fsync", record_fsync)
    monkeypatch.setattr("pathlib.Path.replace", record_replace)
    replace_file(file, b"new", folders_of((str(file.parent),)))
    assert (steps, file.read_text()) == (["fsync", "replace", "fsync"], "new")


@pytest.mark.parametrize("named", ["deploy", "deploy/link.yaml"])
def test_a_link_out_of_the_given_folders_is_not_followed(run, file, tmp_path, named):
    outside = tmp_path / "outside.yaml"
    file.rename(outside)
    (tmp_path / "deploy" / "link.yaml").symlink_to(outside)
    ran = run("fix", "--write", tmp_path / named)
    assert (ran.code, outside.read_text()) == (2, BROKEN)
    assert f"is a link to {outside}, outside the given folders" in ran.err


def test_a_link_inside_of_the_given_folder_stays_a_link(run, file, tmp_path):
    (tmp_path / "deploy" / "sub").mkdir()
    link = tmp_path / "deploy" / "sub" / "link.yaml"
    link.symlink_to(file)
    run("fix", "--write", tmp_path / "deploy")
    assert (link.is_symlink(), file.read_text()) == (True, FIXED)


def test_a_folder_that_is_named_through_a_link_is_the_folder(run, file, tmp_path):
    (tmp_path / "alias").symlink_to(file.parent)
    assert run("fix", "--write", tmp_path / "alias").code == 0
    assert file.read_text() == FIXED
