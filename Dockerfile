# syntax=docker/dockerfile:1
# Two images from one file:
#   docker build --target cpu --tag rlrobo:cpu .      torch without CUDA
#   docker build --target cuda --tag rlrobo:cuda .    torch with CUDA; run it with `--gpus all`
# Runs live in the volume /runs:
#   docker run --rm -it -v "$PWD/runs:/runs" --user "$(id -u):$(id -g)" rlrobo:cpu train cartpole_balance --algo ppo
# PyBullet needs nothing but libstdc++, which the base image has: its TinyRenderer draws without a display or OpenGL.

FROM python:3.11-slim AS base
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RLROBO_RUNS_DIR=/runs \
    HOME=/home/rlrobo
# HOME is open to every user id, so that `--user` works with the owner of a mounted folder.
RUN useradd --uid 1000 --create-home rlrobo \
    && chmod 0777 /home/rlrobo \
    && install --directory --owner rlrobo --mode 0777 /runs
WORKDIR /app
COPY constraints.txt pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    > dependencies.txt

# The dependencies are layers of their own: a change of the code does not install torch again.
FROM base AS cpu-dependencies
# The package index of PyTorch's CPU wheels, as PyTorch's installation page names it; without it, the wheel of the
# default index brings gigabytes of CUDA along: docker build --build-arg TORCH_INDEX=... --target cpu .
ARG TORCH_INDEX=
RUN pip install --constraint constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX" --no-deps} torch
RUN pip install --constraint constraints.txt --requirement dependencies.txt

FROM base AS cuda-dependencies
RUN pip install --constraint constraints.txt --requirement dependencies.txt

FROM cuda-dependencies AS cuda
COPY . .
RUN pip install --no-deps .
USER rlrobo
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["rlrobo"]
CMD ["--help"]

# Last, so that a build without --target makes the small one.
FROM cpu-dependencies AS cpu
COPY . .
RUN pip install --no-deps .
USER rlrobo
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["rlrobo"]
CMD ["--help"]
