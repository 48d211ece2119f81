"""clusterTrustBundle and podCertificate, on a cluster that reads them and on others.

That an API server says the same is tested in tests/apiserver/test_certificate_sources.py.
"""

import pytest

from tests.rules.certificate_sources import (
    INVALID,
    READ_SINCE_MINOR,
    RULE,
    VALID,
    denials,
    evaluate_sources,
    issued,
    warnings,
)


@pytest.mark.parametrize("case", [*VALID, *INVALID])
def test_what_is_refused_from_1_37_on_is_denied_there(case):
    sources = VALID.get(case) or INVALID[case]
    assert (RULE in denials(sources, READ_SINCE_MINOR)) is (case in INVALID)
    assert denials(sources, READ_SINCE_MINOR - 1) == denials(sources, None) == set()


@pytest.mark.parametrize("minor", [READ_SINCE_MINOR - 1, None])
def test_where_they_may_be_dropped_a_fault_is_a_warning(minor):
    assert warnings(INVALID["name and signer"], minor) == {RULE}
    assert warnings(VALID["certificate"], minor) == set()


def test_the_finding_names_the_place_and_the_nearest_right_word():
    (finding,) = evaluate_sources([issued(keyType="ECDSA256")], READ_SINCE_MINOR).denials
    assert str(finding.path).endswith("volumes[0].projected.sources[0].podCertificate.keyType")
    assert 'unknown key type "ECDSA256"' in finding.message
    assert finding.fix[0]["value"] == "ECDSAP256"


@pytest.mark.parametrize("minor", [READ_SINCE_MINOR - 1, READ_SINCE_MINOR, None])
def test_a_field_that_is_missing_in_them_is_denied_where_they_are_read(minor):
    """Source: kube-apiserver 1.36 stores such a Deployment, with `sources: [{}]`."""
    decision = evaluate_sources([issued(signerName=None)], minor)
    denied = {finding.rule_id for finding in decision.denials}
    assert ("missing-field" in denied) is (minor == READ_SINCE_MINOR)
    assert "missing-field" in denied | {finding.rule_id for finding in decision.warnings}
