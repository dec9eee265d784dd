"""What the rest of the cloud part needs of AWS: calls by name, dictionaries back, errors that explain themselves.

`cloud/aws.py` has the real one; tests give fakes. No boto3 object passes through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Door(Protocol):
    """AWS in one region, as one caller."""

    @property
    def region(self) -> str:
        """The region that calls go to."""
        ...

    def in_region(self, region: str) -> Door:
        """Return the same caller's door to another region."""
        ...

    def call(self, service: str, operation: str, *, is_launch: bool = False, **params: Any) -> dict[str, Any]:
        """Return what AWS answers to one operation, named as boto3 names it (`create_fleet`). Raises CloudError.

        A launch is sent once; everything else is sent again where the failure is temporary.
        """
        ...

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield the items below `key` of all pages of an answer. Raises CloudError."""
        ...
