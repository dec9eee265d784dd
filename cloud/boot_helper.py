"""A boot's own door to S3, for what happens before rlrobo is installed. Part of the user data; needs Python 3.7 alone.

Whatever runs user data brings a Python, but neither AWS's command line nor boto3 need be there, and a boot that cannot
reach a package index must be able to say so. Keys are those of the instance's role.

boot.py sign                    write the sign of life: the phase in the file `phase`
boot.py get KEY PATH [SHA256]   fetch an object
boot.py fail                    upload the boot's log and write down that the attempt has ended
boot.py ecr                     print the password of the container registry
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TRIES = 4
BUCKET, REGION = os.environ["RLROBO_BUCKET"], os.environ["RLROBO_REGION"]
NUMBER, STATE = int(os.environ["RLROBO_ATTEMPT"]), os.environ["RLROBO_STATE"]
PREFIX = "runs/" + os.environ["RLROBO_RUN"] + "/"
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "")
IMDS = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")


def ask(method, url, headers, body=None, *, call=urllib.request.urlopen):
    """Return an answer's body and headers; passing failures are tried again."""
    for left in reversed(range(TRIES)):
        try:
            request = urllib.request.Request(url, data=body, headers=headers, method=method)
            with call(request, timeout=20) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as err:
            if (err.code < 500 and err.code != 409) or not left:
                raise
        except OSError:
            if not left:
                raise
        time.sleep(2 ** (TRIES - left - 1) / 2)
    raise AssertionError("the loop returns or raises")


def imds(path):
    """Return what the metadata service says; no proxy may see it."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    wish = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    token = ask("PUT", IMDS + "/latest/api/token", wish, call=direct)[0].decode()
    return ask("GET", IMDS + "/latest/" + path, {"X-aws-ec2-metadata-token": token}, call=direct)[0].decode()


def signed(method, service, url, body=b"", headers=None):
    """Send a request with AWS's signature, version 4 (IAM user guide, "Create a signed AWS API request")."""
    role = "meta-data/iam/security-credentials/"
    keys = json.loads(imds(role + imds(role).split()[0]))
    parts = urllib.parse.urlsplit(url)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    sent = {
        "host": parts.netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": now,
        "x-amz-security-token": keys["Token"],
        "content-type": "application/octet-stream",
    }
    sent.update({name.lower(): value for name, value in (headers or {}).items()})
    names = ";".join(sorted(sent))
    lines = [
        method,
        parts.path or "/",
        parts.query,
        *[name + ":" + sent[name] for name in sorted(sent)],
        "",
        names,
        digest,
    ]
    scope = "/".join([now[:8], REGION, service, "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = keys["AccessKeyId"] + "/" + scope
    sent["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return ask(method, url, sent, body if method in ("PUT", "POST") else None)


def s3(method, key, body=b"", headers=None):
    """Get or put an object."""
    path = "/" + urllib.parse.quote(key)
    if ENDPOINT:
        return signed(method, "s3", ENDPOINT.rstrip("/") + "/" + BUCKET + path, body, headers)
    domain = imds("meta-data/services/domain")
    return signed(method, "s3", "https://" + BUCKET + ".s3." + REGION + "." + domain + path, body, headers)


def phase():
    with open(STATE + "/phase") as file:
        return file.read().strip()


def sign(detail=""):
    told = {"epoch": NUMBER, "phase": phase(), "time": time.time(), "detail": detail}
    told["instance_id"], told["instance_type"] = imds("meta-data/instance-id"), imds("meta-data/instance-type")
    told["zone"] = imds("meta-data/placement/availability-zone")
    s3("PUT", PREFIX + "phase.json", json.dumps(told).encode())


def get(key, path, sha256=""):
    content, _ = s3("GET", key)
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit(key + ": it has not the content " + sha256)
    with open(path, "wb") as file:
        file.write(content)


def fail():
    with open(STATE + "/boot.log", "rb") as file:
        log = file.read()[-200000:]
    s3("PUT", f"{PREFIX}log/{NUMBER:04d}/boot.log", log)
    detail = (
        "The boot failed while "
        + phase()
        + "; boot.log has: "
        + " | ".join(log.decode(errors="replace").split("\n")[-6:])
    )
    sign(detail[:1000])
    key = f"{PREFIX}attempts/{NUMBER:04d}.json"
    content, headers = s3("GET", key)
    record = json.loads(content)
    if record["state"] != "ended":
        record.update(
            state="ended", cause=record.get("cause") or "boot_failed", detail=detail[:1000], ended_at=time.time()
        )
        s3("PUT", key, json.dumps(record).encode(), {"If-Match": headers["ETag"]})


def ecr():
    domain = imds("meta-data/services/domain")
    target = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    }
    answer, _ = signed("POST", "ecr", ENDPOINT or "https://api.ecr." + REGION + "." + domain + "/", b"{}", target)
    token = base64.b64decode(json.loads(answer)["authorizationData"][0]["authorizationToken"]).decode()
    sys.stdout.write(token.partition(":")[2])


if __name__ == "__main__":
    {"sign": sign, "get": get, "fail": fail, "ecr": ecr}[sys.argv[1]](*sys.argv[2:])
