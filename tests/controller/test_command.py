"""The command: what it reads again while it runs, and what it says when it cannot start."""

import pytest
from click.testing import CliRunner

from webhook.cli import graphgate
from webhook.cli.commands.reconcile import SettingsStore
from webhook.cli.options import SettingsFlags
from webhook.errors import KubeApiUnavailableError, SettingsError
from webhook.rendering.options import DEFAULT_OPTIONS

HEAD = "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"


def settings_provider(file):
    return SettingsStore(SettingsFlags(file, None, False, None, None), DEFAULT_OPTIONS)


def test_a_changed_settings_file_is_in_force_after_the_next_look(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text(HEAD)
    found = settings_provider(file)
    assert (found.reload_if_changed(), found.controller_settings.settings.ratchet) == (False, True)
    file.write_text(HEAD + "ratchet: false\n")
    assert (found.reload_if_changed(), found.controller_settings.settings.ratchet) == (True, False)


def test_a_file_that_cannot_be_used_leaves_the_last_good_settings_and_is_refused_each_time(
    tmp_path,
):
    file = tmp_path / "settings.yaml"
    file.write_text(HEAD + "ratchet: false\n")
    found = settings_provider(file)
    file.write_text(HEAD + "ratchet: perhaps\n")
    for _ in range(2):
        with pytest.raises(SettingsError):
            found.reload_if_changed()
    assert found.controller_settings.settings.ratchet is False


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--kubeconfig", "/nonexistent/config"], KubeApiUnavailableError),
        (["--settings", "/nonexistent/settings"], SettingsError),
    ],
)
def test_what_it_cannot_start_without_is_one_sentence(arguments, error):
    result = CliRunner().invoke(graphgate, ["reconcile", *arguments])
    assert isinstance(result.exception, error)
    assert "/nonexistent/" in str(result.exception)
