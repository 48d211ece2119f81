"""The settings in force: reloaded when their file changes, kept while it cannot be used."""

from pathlib import Path

import pytest

from webhook.cli.inputs import load_settings, reloadable_file
from webhook.cli.options import SettingsFlags
from webhook.errors import SettingsError
from webhook.runtime.hot_reload import ReloadLoop
from webhook.server.settings_store import SettingsStore

HEAD = "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"


def make_store(file, on_change=None):
    flags = SettingsFlags(settings_file=file)
    return SettingsStore(lambda: load_settings(flags), file, on_change)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(HEAD + "ratchet: false\n")
    return path


def test_an_unchanged_file_is_not_loaded_again(file):
    store = make_store(file)
    before = store.settings
    assert store.reload_if_changed() is False
    assert store.settings is before


def test_a_changed_file_is_in_force(file):
    store = make_store(file)
    file.write_text(HEAD + "ratchet: true\n")
    assert store.reload_if_changed() is True
    assert store.settings.ratchet is True


@pytest.mark.parametrize("text", [HEAD + "ratchet: perhaps\n", "a: [", ""])
def test_a_file_that_cannot_be_used_leaves_the_last_good_settings_and_is_reported_each_time(
    file, text
):
    store = make_store(file)
    file.write_text(text)
    for _ in range(2):
        with pytest.raises(SettingsError):
            store.reload_if_changed()
    assert store.settings.ratchet is False


def test_every_error_of_a_changed_file_is_in_the_log_and_on_one_line_of_the_status(file, caplog):
    loop = ReloadLoop([make_store(file)], lambda name: None)
    file.write_text(HEAD + "ratchet: perhaps\nmod: warn\n")
    loop.reload_all()
    ratchet = f'{file}:3:10: ratchet must be true or false, got "perhaps"'
    mode = f'{file}:4:6: unknown key mod; did you mean "mode"?'
    (record,) = [each for each in caplog.records if each.msg == "config_reload_failed"]
    assert record.fields["reason"] == f"{ratchet}\n{mode}"
    (check,) = loop.checks()
    kept = "the last valid settings is still in use"
    assert check.probe().detail == f"{ratchet}; {mode}; {kept}"


def test_a_file_that_is_gone_leaves_the_last_good_settings(file):
    store = make_store(file)
    file.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        store.reload_if_changed()
    assert store.settings.ratchet is False


def test_what_has_to_be_prepared_is_prepared_before_settings_are_in_force(file):
    prepared = []
    store = make_store(file, lambda settings: prepared.append(settings.ratchet))
    file.write_text(HEAD + "ratchet: true\n")
    store.reload_if_changed()
    file.write_text("a: [")
    with pytest.raises(SettingsError):
        store.reload_if_changed()
    assert prepared == [False, True]


def test_without_a_file_nothing_is_reloaded():
    assert make_store(None).reload_if_changed() is False


def test_standard_input_is_read_once():
    assert reloadable_file(SettingsFlags(settings_file=Path("-"))) is None
    assert reloadable_file(SettingsFlags(settings_file=Path("s"))) == Path("s")
