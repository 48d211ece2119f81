"""The command: the settings that the reconciler follows, and errors at its start."""

import pytest
from click.testing import CliRunner

from webhook.cli import graphgate
from webhook.cli.commands.reconcile import ReconcilerSettings
from webhook.cli.image_options import ImageOptions
from webhook.cli.inputs import load_settings
from webhook.cli.options import SettingsFlags
from webhook.controller.desired_state import ControllerSettings
from webhook.errors import KubeApiUnavailableError, SettingsError
from webhook.rendering.options import RenderOptions
from webhook.server.settings_store import SettingsStore


def test_the_reconciler_has_the_settings_in_force_and_its_own_options(tmp_path):
    file = tmp_path / "settings.yaml"
    head = "apiVersion: graphgate.io/v1alpha1\nkind: Settings\n"
    file.write_text(head)
    flags = SettingsFlags(settings_file=file)
    store = SettingsStore(lambda: load_settings(flags), file)
    provider = ReconcilerSettings(store, ImageOptions(storage_initializer_image="i:1"))
    assert provider.controller_settings.settings.ratchet is True
    file.write_text(head + "ratchet: false\n")
    store.reload_if_changed()
    assert provider.controller_settings == ControllerSettings(
        store.settings, RenderOptions(initializer_image="i:1")
    )
    assert provider.controller_settings.settings.ratchet is False


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
