"""`graphgate diff`: what applying a SeldonDeployment would change in a cluster."""

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.cluster_options import ClusterFlags, cluster_options
from webhook.cli.examples import examples
from webhook.cli.image_options import image_options
from webhook.cli.inputs import load_facts, load_settings
from webhook.cli.manifests import report_nothing_found
from webhook.cli.options import SettingsFlags, facts_option, settings_options
from webhook.cli.standard_output import report_line, write_document, write_text
from webhook.errors import KubeApiUnavailableError
from webhook.graph.well_known import REVISION_ANNOTATION

if TYPE_CHECKING:
    from webhook.cli.image_options import ImageOptions
    from webhook.kube import Transport

_SERVER_METADATA_FIELDS = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


@click.command(
    "diff", epilog=examples("graphgate diff model.yaml", "graphgate diff --context staging models/")
)
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATH|-]...")
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    help="For objects without a namespace. [default: the context's]",
)
@image_options
@facts_option
@cluster_options
@settings_options
def diff_command(
    paths: tuple[str, ...],
    namespace: str | None,
    facts_file: File | None,
    cluster: ClusterFlags,
    images: "ImageOptions",
    flags: SettingsFlags,
) -> None:
    """Show what applying files would change in the cluster.

    Each rendered object, routes among them, is applied as a dry run and compared with the one that
    is there. Nothing is changed. Objects that would be removed are not shown. Exit 0: nothing would
    change, 1: something would, 2: something could not be compared, or would be denied.
    """
    from webhook.cli.output import render_files, report_generated_names
    from webhook.kube.facts import collect_facts
    from webhook.report import text as as_text

    settings = load_settings(flags)
    config = cluster.seldon_config_map
    client = cluster.open()
    try:
        facts = load_facts(facts_file) if facts_file else collect_facts(client, (), config).facts
        default_namespace = namespace or client.namespace
        rendered_files, rejected = render_files(
            paths, settings, facts, images, namespace=default_namespace
        )
        report_generated_names(rendered_files)
        code = 2 if rejected.results else 0
        for each in rendered_files:
            for rendered in each.objects:
                target_namespace = each.namespace or default_namespace
                code = max(code, _print_diff(client, rendered.object, target_namespace))
    finally:
        client.close()
    if rejected.results:
        write_text(as_text.write(rejected), err=True)
    elif not rendered_files:
        report_nothing_found(paths, rejected.skipped_documents)
    sys.exit(code)


def _print_diff(cluster: "Transport", rendered: dict[str, Any], namespace: str) -> int:
    """Print the difference of one object; return its exit code."""
    from webhook.controller.state.ownership import FIELD_MANAGER
    from webhook.kube import apply, get, object_path
    from webhook.yamldoc.emitter import YamlStyle, emit_block

    try:
        live = get(cluster, object_path(rendered, namespace))
        desired = _with_live_owners(rendered, live)
        applied = apply(cluster, desired, manager=FIELD_MANAGER, namespace=namespace, dry_run=True)
    except KubeApiUnavailableError as error:
        report_line(str(error))
        return 2
    old = [] if live is None else emit_block(strip_server_fields(live), YamlStyle())
    # For a new object only the author's fields are shown, not the server's defaults.
    new = emit_block(rendered if live is None else strip_server_fields(applied), YamlStyle())
    title = f"{rendered['kind']} {namespace}/{rendered['metadata']['name']}"
    shown = difflib.unified_diff(old, new, f"{title} (live)", f"{title} (new)", lineterm="")
    text = "".join(f"{line}\n" for line in shown)
    write_document(text)
    return 1 if text else 0


def _with_live_owners(rendered: dict[str, Any], live: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the object with the owners that it has: the reconciler sets them, not rendering."""
    owners = (live or {}).get("metadata", {}).get("ownerReferences")
    if not owners:
        return rendered
    return {**rendered, "metadata": {**rendered["metadata"], "ownerReferences": owners}}


def strip_server_fields(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object of the API server without what only the server writes."""
    from webhook.controller.state.observed import APPLIED_HASH_ANNOTATION

    metadata = {
        key: value for key, value in obj["metadata"].items() if key not in _SERVER_METADATA_FIELDS
    }
    annotations = {
        key: value
        for key, value in metadata.pop("annotations", {}).items()
        if key not in (REVISION_ANNOTATION, APPLIED_HASH_ANNOTATION)
    }
    if annotations:
        metadata["annotations"] = annotations
    return {
        key: metadata if key == "metadata" else value
        for key, value in obj.items()
        if key != "status"
    }
