"""The reconciler: keeps the cluster equal to what is rendered from SeldonDeployments.

    watches ─▶ index ─▶ queue ─▶ worker: evaluate ─▶ render ─▶ plan ─▶ apply ─▶ status
                ▲                                                       │
                └─────────────── what the API server answered ──────────┘

Belongs here: when to reconcile, what to send, leader election. Does not belong here: what an
object looks like (`rendering.render`), what has to be done (`controller.state.plan`), the words of
the status (`controller.state.status`), how to speak to the API (`kube`). `docs/reconciler.md` is
for operators.
"""
