#!/bin/bash
# rlrobo on an EC2 instance: limit its life, install rlrobo, let cloud.agent carry out one attempt, and power off, which
# terminates it. Made by cloud/bootstrap.py. Readable by everybody on the machine: it holds no secret.
set -Eeuo pipefail
umask 022
RLROBO_BOOTED_AT=$(date +%s)
export RLROBO_BOOTED_AT RLROBO_RUN=@RUN@ RLROBO_ATTEMPT=@ATTEMPT@ RLROBO_BUCKET=@BUCKET@ RLROBO_REGION=@REGION@
deadline=@DEADLINE@ image=@IMAGE@ wheel=@WHEEL@ wheel_sha256=@SHA256@ constraints=@CONSTRAINTS@
view_key=@VIEW_KEY@

# What the machine's image sets; the environment of this process wins.
while IFS='=' read -r name value; do
  case $name in RLROBO_[A-Z]* | AWS_[A-Z]*) [ -n "${!name:-}" ] || export "$name=${value//\"/}" ;; esac
done < <(cat /etc/environment 2>/dev/null; echo)

code=${RLROBO_ROOT:-}/opt/rlrobo state=${RLROBO_ROOT:-}/var/lib/rlrobo
mkdir -p "$code" "$state"
cd "$state"
export RLROBO_STATE=$state
log=$state/boot.log python=${RLROBO_PYTHON:-}
boot_python=$(command -v python3 || echo "$python")
exec > >(tee -a "$log") 2>&1
scaled() { awk -v s="$1" -v by="${RLROBO_CLOUD_TIMESCALE:-1}" 'BEGIN { print s * by }'; }
off() { while :; do shutdown -h now || true; sleep 30; done; }

# First of all two limits of its life, which hold whatever happens to all that follows. The first is the system's.
minutes=$(awk -v end="$deadline" -v now="$RLROBO_BOOTED_AT" -v by="${RLROBO_CLOUD_TIMESCALE:-1}" \
  'BEGIN { m = (end - now) / 60 / by; printf "%d", m < 1 ? 1 : m + 1 }')
shutdown -h "+$minutes" || echo "The system takes no date for its end; the watchdog stands alone."

# The second looks: at the deadline, at the agent's own (its money is spent), and whether the agent still works.
watchdog() {
  trap - ERR EXIT
  while sleep "$(scaled 15)"; do
    now=$(date +%s) end=$deadline sooner=
    read -r sooner 2>/dev/null <"$state/end_at" || true
    case $sooner in '' | *[!0-9]*) ;; *) [ "$sooner" -ge "$end" ] || end=$sooner ;; esac
    if [ "$now" -ge "$end" ]; then
      echo "Watchdog: time or money is over."
      break
    fi
    if [ ! -e "$state/alive" ]; then
      "$boot_python" "$code/boot.py" sign || true
    elif [ $((now - $(stat -c %Y "$state/alive"))) -gt "$(scaled 900 | cut -d. -f1)" ]; then
      echo "Watchdog: the agent has not moved for a quarter of an hour."
      break
    fi
  done
  off
}

cat >"$code/boot.py" <<'END_OF_BOOT_PY'
@BOOT_PY@
END_OF_BOOT_PY

cat >"$code/view.py" <<'END_OF_VIEW_PY'
@VIEW_PY@
END_OF_VIEW_PY

# Where the run has a key for it: an account that can do nothing but read the run's events with that key.
offer_view() {
  local user=rlrobo-view home=/home/rlrobo-view keys=/etc/ssh/ssh_host
  [ -n "$view_key" ] && [ -z "${RLROBO_ROOT:-}" ] || return 0
  id -u "$user" >/dev/null 2>&1 ||
    useradd --system --no-create-home --home-dir "$home" --shell /bin/sh --password '*' "$user" || return
  mkdir -p "$home/.ssh" && ln -sfn "$state/runs/$RLROBO_RUN" "$code/run" &&
    echo "restrict,command=\"$boot_python -I $code/view.py\" $view_key" >"$home/.ssh/authorized_keys" &&
    { cat ${keys}_ed25519_key.pub || cat ${keys}_*_key.pub; } >"$state/host_keys"
}

phase() {
  echo "$1" >"$state/phase"
  echo "$(date -u +%H:%M:%S) $1"
  "$boot_python" "$code/boot.py" sign || echo "S3 does not take the sign of life."
}
fail() {
  trap - ERR EXIT
  echo "$(date -u +%H:%M:%S) failed while $(cat "$state/phase"), line $1"
  sleep 1 # for the last lines to reach the log
  "$boot_python" "$code/boot.py" fail || echo "S3 does not take the reason."
  off
}
trap 'fail $LINENO' ERR
trap off EXIT

again() { # SECONDS COMMAND...: some tries, each with a time limit
  local limit=$1 n
  shift
  for n in $(seq "${tries:-3}"); do
    timeout "$limit" "$@" && return 0
    echo "Try $n failed: $*"
    sleep $((n * 5))
  done
  return 1
}
add() { # PACKAGE...: from the system's packages
  if command -v dnf >/dev/null; then again 300 dnf -y -q install "$@"; else
    again 300 apt-get -y -qq update && again 300 env DEBIAN_FRONTEND=noninteractive apt-get -y -qq install "$@"
  fi
}
find_python() {
  local candidate
  for candidate in python3.11 python3.10 python3; do
    case $("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) in
      3.10 | 3.11) command -v "$candidate" && return 0 ;;
    esac
  done
  return 1
}

install_wheel() {
  local base pip
  find_python >/dev/null || add python3.11
  base=$(find_python)
  "$base" -m venv "$code/venv" || { add "$(basename "$base")-venv" && "$base" -m venv "$code/venv"; }
  python=$code/venv/bin/python
  command -v cc >/dev/null || tries=1 add gcc || true # without it, training is the same and slower
  "$boot_python" "$code/boot.py" get "$wheel" "$code/$(basename "$wheel")" "$wheel_sha256"
  "$boot_python" "$code/boot.py" get "$constraints" "$code/constraints.txt"
  pip=("$python" -m pip install -q --disable-pip-version-check --constraint "$code/constraints.txt")
  # Without a GPU, PyTorch's own index has a wheel that is gigabytes smaller.
  command -v nvidia-smi >/dev/null ||
    again 600 "${pip[@]}" --index-url https://download.pytorch.org/whl/cpu --no-deps torch || true
  again 1200 "${pip[@]}" "$code/$(basename "$wheel")"
}

pull_image() {
  command -v docker >/dev/null || add docker
  systemctl start docker || true
  "$boot_python" "$code/boot.py" ecr | docker login --username AWS --password-stdin "${image%%/*}"
  again 1200 docker pull -q "$image"
  chown -R 1000:1000 "$state" # the user of the image
}

agent() {
  set -- -m cloud.agent --run "$RLROBO_RUN" --attempt "$RLROBO_ATTEMPT" --bucket "$RLROBO_BUCKET" --region "$RLROBO_REGION"
  if [ -n "$python" ]; then
    "$python" "$@" --folder "$state" >>"$state/agent.log" 2>&1
  else
    local gpus=()
    ! command -v nvidia-smi >/dev/null || gpus=(--gpus all)
    docker run --rm --init --network host --ipc host ${gpus[@]+"${gpus[@]}"} --volume "$state:/var/lib/rlrobo" \
      --env RLROBO_BOOTED_AT --entrypoint python "$image" "$@" >>"$state/agent.log" 2>&1
  fi
}

phase booting
watchdog &
offer_view || echo "No view of this run by SSH; S3 has its news."
phase installing
if [ -n "$python" ]; then
  echo "rlrobo is there: $python"
elif [ -n "$image" ]; then
  pull_image
else
  install_wheel
fi
phase restoring
for try in 1 2 3; do # an agent that is killed goes on where it was
  if agent; then
    off
  fi
  echo "The agent died, try $try."
  sleep "$(scaled 5)"
done
tail -n 20 "$state/agent.log"
false
