"""Certificates of the webhook server: issued, inspected, renewed and kept as files.

    rotation.plan when to renew, and in which order: pure decisions of a State and a time
    pair         a certificate with its key, as PEM
    issue        a CA and server certificates (imports cryptography)
    parse        certificates and keys out of PEM text (imports cryptography)
    verify       what a pair is, and whether it can serve (imports cryptography)
    files        read and write PEM files, never half a pair
    init         `graphgate certs init`: the four files of a first installation

No Kubernetes here: the owner of a Secret or a caBundle calls
`certificates.rotation.plan.next_step` and takes that step. No clock either: the time is an
argument. `cryptography` costs 46 ms at import, so a command imports what it needs when it runs;
this file imports nothing.
"""
