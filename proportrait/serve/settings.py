"""What one can choose about the server."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from proportrait.score import PACKAGED


@dataclass(frozen=True)
class Settings:
    """Of one server.

    Attributes:
        host: the address that it listens at.
        token: what `Authorization: Bearer` has to hold; "" where nothing is asked for.
        model: the packaged one, or the file of a model.
        workers: processes that judge, at least 1.
        timeout: seconds that one picture may take.
        picture_bytes: of one picture at most.
        request_bytes: of one request at most.
        pictures: in one request at most.
    """

    host: str = "127.0.0.1"
    token: str = ""
    model: str | Path = PACKAGED
    workers: int = 1
    timeout: float = 30.0
    picture_bytes: int = 25_000_000
    request_bytes: int = 100_000_000
    pictures: int = 20

    def __post_init__(self) -> None:
        if not is_local(self.host) and not self.token:
            raise ValueError(f"{self.host} can be reached by others: a token is needed")


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens at an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
