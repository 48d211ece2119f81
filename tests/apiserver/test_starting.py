"""What the runner does when a component does not start. The components are shell scripts here."""

from pathlib import Path

import pytest

from tools.control_plane.components import COMMANDS
from tools.control_plane.errors import ComponentDiedError
from tools.control_plane.run import ControlPlane


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place where temporary folders are made, empty."""
    path = tmp_path / "folders"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


def make_components(folder: Path, **scripts: str) -> dict[str, Path]:
    """Write a script for every component; one that is not given runs until it is stopped."""
    binaries = {}
    for name in COMMANDS:
        binaries[name] = folder / name
        binaries[name].write_text("#!/bin/sh\n" + scripts.get(name, "exec sleep 60") + "\n")
        binaries[name].chmod(0o755)
    return binaries


def test_a_component_that_dies_is_named_and_its_log_quoted(tmp_path: Path, folders: Path) -> None:
    script = "for n in $(seq 100); do echo line $n; done; echo disk is full >&2; exit 7"
    with pytest.raises(ComponentDiedError) as died:
        ControlPlane.start(make_components(tmp_path, etcd=script))
    quoted = "\n".join(f"line {number}" for number in range(87, 101))
    assert str(died.value) == (f"etcd ended with code 7; its log ends:\n{quoted}\ndisk is full")


def test_nothing_is_left_of_a_start_that_fails(tmp_path: Path, folders: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"echo $$ >{pid_file}; exec sleep 60"
    binaries = make_components(tmp_path, etcd=script)
    # It dies only once etcd runs, or there would be nothing to leave behind.
    binaries["kube-apiserver"].write_text(
        f"#!/bin/sh\nuntil [ -s {pid_file} ]; do sleep 0.01; done; exit 1\n"
    )
    with pytest.raises(ComponentDiedError):
        ControlPlane.start(binaries)
    assert ([*folders.iterdir()], Path(f"/proc/{pid_file.read_text().strip()}").exists()) == (
        [],
        False,
    )


def test_a_port_that_was_taken_meanwhile_is_chosen_again(tmp_path: Path, folders: Path) -> None:
    calls = tmp_path / "calls"
    script = f'echo "$@" >>{calls}; echo listen: bind: address already in use; exit 1'
    with pytest.raises(ComponentDiedError):
        ControlPlane.start(make_components(tmp_path, etcd=script))
    # Three starts, no two with the same ports.
    assert len(set(calls.read_text().splitlines())) == 3


def test_another_fault_is_not_tried_again(tmp_path: Path, folders: Path) -> None:
    calls = tmp_path / "calls"
    with pytest.raises(ComponentDiedError):
        ControlPlane.start(make_components(tmp_path, etcd=f"echo called >>{calls}; exit 1"))
    assert calls.read_text() == "called\n"


def test_a_stopped_control_plane_can_be_stopped_again(tmp_path: Path, folders: Path) -> None:
    plane = ControlPlane(make_components(tmp_path))
    plane.stop()
    plane.stop()
    assert [*folders.iterdir()] == []
