"""One HTTP request to AWS, read: which service, which action, with which parameters, from whom."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

Environ = dict[str, Any]
"""A WSGI environment."""
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a client asked."""

    service: str
    """Signing name: ec2, s3, ssm, servicequotas, pricing, sts, cloudformation…"""
    action: str
    """As AWS names it: CreateFleet, PutObject, GetServiceQuota."""
    region: str
    access_key: str
    """Empty where nothing was signed."""
    params: dict[str, Any] = field(default_factory=dict)
    """Form or JSON, nested; of S3, the query."""
    bucket: str = ""
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes = b""

    @property
    def is_conditional(self) -> bool:
        """Whether S3 shall write only where a condition holds."""
        return "if-match" in self.headers or "if-none-match" in self.headers

    def without_body(self) -> Call:
        """Return the call for a log: bodies may be large."""
        return replace(self, body=b"")


def read_call(environ: Environ) -> Call:
    """Return what `environ` asks; its body may be read again by whoever comes next."""
    body = _read_body(environ)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    credential = _CREDENTIAL.search(headers.get("authorization", "")) or _CREDENTIAL.search(
        f"Credential={query.get('X-Amz-Credential', '')}"
    )
    access_key, region, service = credential.groups() if credential else ("", "us-east-1", "s3")
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    common = {"service": service, "region": region, "access_key": access_key, "headers": headers, "body": body}
    if service == "s3":
        bucket, _, key = path.lstrip("/").partition("/")
        action = _s3_action(method, query, headers, has_key=bool(key))
        return Call(action=action, params=query, bucket=bucket, key=unquote(key), **common)
    if "x-amz-target" in headers:
        params = json.loads(body or b"{}")
        return Call(action=headers["x-amz-target"].rpartition(".")[2], params=params, **common)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        params = nest(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return Call(action=str(params.get("Action", "")), params=params, **common)
    return Call(action=f"{method} {path}", params=query, **common)


def nest(flat: dict[str, str]) -> dict[str, Any]:
    """Return `{"A.1.B": "x"}` as `{"A": [{"B": "x"}]}`."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, last = name.split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return {name: _lists(node) for name, node in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if all(name.isdecimal() for name in node):
        return [_lists(node[name]) for name in sorted(node, key=int)]
    return {name: _lists(child) for name, child in node.items()}


def _read_body(environ: Environ) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        body = environ["wsgi.input"].read()
        environ["CONTENT_LENGTH"] = str(len(body))
        del environ["HTTP_TRANSFER_ENCODING"]
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3_action(method: str, query: dict[str, str], headers: dict[str, str], *, has_key: bool) -> str:
    if not has_key:
        return _bucket_action(method, query)
    if "uploadId" in query or "uploads" in query:
        actions = {"PUT": "UploadPart", "DELETE": "AbortMultipartUpload", "GET": "ListParts"}
        finish = "CompleteMultipartUpload" if "uploadId" in query else "CreateMultipartUpload"
        return actions.get(method, finish)
    words = {"PUT": "Put", "GET": "Get", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}
    if "tagging" in query:
        return f"{words[method]}ObjectTagging"
    if method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject"
    return f"{words[method]}Object"


def _bucket_action(method: str, query: dict[str, str]) -> str:
    if method == "POST" and "delete" in query:
        return "DeleteObjects"
    known = {
        "versioning": "BucketVersioning",
        "lifecycle": "BucketLifecycleConfiguration",
        "encryption": "BucketEncryption",
        "publicAccessBlock": "PublicAccessBlock",
        "ownershipControls": "BucketOwnershipControls",
        "policy": "BucketPolicy",
        "tagging": "BucketTagging",
    }
    words = {"PUT": "Put", "GET": "Get", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}
    for name, noun in known.items():
        if name in query:
            return f"{words[method]}{noun}"
    if method == "GET":
        return (
            "ListMultipartUploads"
            if "uploads" in query
            else "ListObjectVersions"
            if "versions" in query
            else "ListObjectsV2"
        )
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}.get(method, f"{method} bucket")
