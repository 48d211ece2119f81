# The image of graphgate: CPython of Debian 13, what graphgate needs at run time, and nothing else: no
# shell, no package manager, no pip.
#
#   docker build -t registry.example/graphgate:0.1.0 .         (or: buildah build --layers -t … .)
#
# Both bases are pinned to a Python and a Debian by tag, so that they get their security fixes when
# the image is built anew. A release pins them by digest, and says which:
#
#   docker build --build-arg BUILD_IMAGE=docker.io/library/python:3.13-slim-trixie@sha256:… \
#                --build-arg RUN_IMAGE=gcr.io/distroless/python3-debian13:nonroot@sha256:… …
#
# They have to be of one Python minor and one Debian: wheels are chosen and bytecode is made in the
# first, both are run in the second. Behind a proxy of PyPI: --build-arg PIP_INDEX_URL=…
ARG BUILD_IMAGE=docker.io/library/python:3.13-slim-trixie
ARG RUN_IMAGE=gcr.io/distroless/python3-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# Dependencies first: this layer changes with the lock only.
COPY manifests/image/ manifests/image/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes \
        --only-binary=:all: --target=/build -r manifests/image/build-requirements.txt \
 && python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes \
        --only-binary=:all: --target=/opt/graphgate -r manifests/image/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY webhook/ webhook/
# The client's asynchronous half (68 MB) is used by nobody here. Bytecode is never compared with its
# source again: neither can change in a read-only file system.
RUN PYTHONPATH=/build python3 -m pip install --no-cache-dir --no-compile --no-deps \
        --no-build-isolation --no-index --target=/opt/graphgate . \
 && rm -rf /opt/graphgate/bin /opt/graphgate/kubernetes/aio \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/graphgate

FROM ${RUN_IMAGE}
COPY --from=build /opt/graphgate /opt/graphgate
# Nothing is imported from the working directory, which may be a repository that is checked.
ENV PYTHONPATH=/opt/graphgate \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, because runAsNonRoot cannot tell who a name is. Any other user will do as well, as on
# OpenShift: nothing is written but what lies in TMPDIR.
USER 65532:65532
EXPOSE 8443 8081
ENTRYPOINT ["/usr/bin/python3", "-m", "webhook"]
CMD ["--help"]
