# Two images from one file:
#   docker build --target cpu --tag rlrobo:cpu .      torch without CUDA
#   docker build --target cuda --tag rlrobo:cuda .    torch with CUDA; run it with `--gpus all`
# Runs live in the volume /runs:
#   docker run --rm -it --init -v "$PWD/runs:/runs" --user "$(id -u):$(id -g)" rlrobo:cpu train cartpole_balance
# On an instance the same image is the agent: docker run --entrypoint python IMAGE -m cloud.agent …
#
# x86-64 only: PyBullet 3.2.7 has no wheel for Linux on ARM, and an image without a compiler cannot make one. PyBullet
# needs nothing but libstdc++, which the base image has: its TinyRenderer draws without a display or OpenGL.

ARG PYTHON_IMAGE=docker.io/library/python:3.11.14-slim-bookworm

# What packages are installed with stays here; what they install is copied.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ONLY_BINARY=:all:
RUN python3 -m venv --without-pip /opt/rlrobo \
    && python3 -m venv /opt/pip
ENV PATH=/opt/pip/bin:$PATH \
    PIP_PYTHON=/opt/rlrobo/bin/python
WORKDIR /build
COPY constraints.txt pyproject.toml ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    > dependencies.txt

# The dependencies are layers of their own: a change of the code does not install torch again.
FROM packages AS cpu-packages
# The index of PyTorch's CPU wheels. The wheel of the default index brings gigabytes of CUDA along; empty takes it.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --constraint constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX" --no-deps} torch \
    && pip install --constraint constraints.txt --requirement dependencies.txt
COPY . .
RUN pip install --no-deps .

FROM packages AS cuda-packages
RUN pip install --constraint constraints.txt --requirement dependencies.txt
COPY . .
RUN pip install --no-deps .

FROM ${PYTHON_IMAGE} AS runtime
LABEL org.opencontainers.image.title="rlrobo" \
      org.opencontainers.image.description="Train robots from the terminal" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/rlrobo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RLROBO_RUNS_DIR=/runs \
    HOME=/home/rlrobo
# HOME is open to every user id, so that `--user` works with the owner of a mounted folder. /var/lib/rlrobo is where an
# instance mounts its own.
RUN useradd --uid 1000 --create-home rlrobo \
    && chmod 0777 /home/rlrobo \
    && install --directory --owner rlrobo --mode 0777 /runs /var/lib/rlrobo

FROM runtime AS cuda
# For container runtimes that hand over a GPU without being asked for one.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=cuda-packages /opt/rlrobo /opt/rlrobo
USER 1000
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["rlrobo"]
CMD ["--help"]

# Last, so that a build without --target makes the small one.
FROM runtime AS cpu
COPY --from=cpu-packages /opt/rlrobo /opt/rlrobo
USER 1000
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["rlrobo"]
CMD ["--help"]
