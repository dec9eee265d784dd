"""Which machine image an instance starts from: Amazon Linux 2023, with NVIDIA's driver where there is such a GPU.

AWS names the newest image of a kind in a public SSM parameter; an attempt keeps the id that it got, and the next
attempts of its run start from the same image.
"""

from __future__ import annotations

import os

from cloud.door import Door

VARIABLE = "RLROBO_CLOUD_AMI"
"""An image id (ami-…) or an SSM parameter (/aws/service/…) to use instead."""
CPU_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
GPU_PARAMETER = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id"


def resolve_image(door: Door, *, has_cuda: bool) -> str:
    """Return the id of the image to start from. Raises CloudError."""
    name = os.environ.get(VARIABLE) or (GPU_PARAMETER if has_cuda else CPU_PARAMETER)
    if name.startswith("ami-"):
        return name
    return door.call("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
