"""CEL beside Kubernetes' own: an oracle, a table of recorded answers, a generator, a comparison.

    python -m tools.cel_oracle.building              build the oracle, once (needs Go)
    python -m tools.cel_oracle record                ask it all that tests/cel/expressions has
    python -m tools.cel_oracle table                 compare graphgate with the recorded answers
    python -m tools.cel_oracle generated -n 20000    compare both on generated expressions

The oracle (program/, Go) is made of kube-apiserver's own packages: it compiles an expression as
the API server does when a policy is written, and evaluates it as its admission plugins do. What
the project itself is asked goes through `project`, the only module that imports from it.
"""
