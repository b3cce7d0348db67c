"""Condition values: numbers, dates, addresses, ARNs, Booleans, binary, from their text.

Each parser returns None for text that is no such value (C9): whoever compares
then knows that nothing matches.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

__all__ = ["Arn", "parse_arn", "parse_binary", "parse_bool", "parse_date", "parse_network", "parse_number"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(
    r"(\d{4})"
    r"(?:-(\d{2})(?:-(\d{2})"
    r"(?:[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?([Zz]|[+-]\d{2}:?\d{2})?)?)?)?"
)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z")


def parse_number(text: str) -> Decimal | None:
    """Return a number (integer, decimal or with exponent), exact."""
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) and text.isascii() else None


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Decimal | None:
    """Return a moment as seconds since 1970-01-01T00:00:00Z, exact.

    Parameters
    ----------
    text : str
        A W3C profile of ISO 8601 (``2026``, ``2026-03``, ``2026-03-31``,
        ``2026-03-31T23:59Z``, ``2026-03-31T23:59:59.5+02:00``; without zone it is
        UTC), the compact ``20260331T235959Z``, or seconds since the epoch.  Four
        digits are a year.
    """
    text = text.strip()
    if not text.isascii():
        return None
    match = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if match is None:
        return parse_number(text)
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    fraction, zone = match.groups()[6:8] if match.re is _DATE else (None, None)
    try:
        moment = datetime(
            year or 0, month or 1, day or 1, hour or 0, minute or 0, min(second or 0, 59), tzinfo=_zone(zone)
        )
    except ValueError:
        return None
    if (second or 0) > 60:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole = Decimal(since.days * 86400 + since.seconds) + (1 if second == 60 else 0)
    return whole + (Decimal(f"0.{fraction}") if fraction else 0)


def _zone(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def parse_bool(text: str) -> bool | None:
    """Return a Boolean from ``true`` or ``false`` in any case."""
    return {"true": True, "false": False}.get(text.strip().lower())


@lru_cache(maxsize=4096)
def parse_network(text: str) -> IPv4Network | IPv6Network | None:
    """Return an address or a CIDR range as a network; host bits are ignored."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def parse_binary(text: str) -> bytes | None:
    """Return the bytes that Base64 text stands for."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Arn:
    """The six fields of an Amazon Resource Name.

    Parameters
    ----------
    partition, service, region, account, resource : str
        Fields two to six; ``resource`` has all remaining colons.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def fields(self) -> tuple[str, str, str, str, str, str]:
        """All six, ``"arn"`` first."""
        return ("arn", self.partition, self.service, self.region, self.account, self.resource)


def parse_arn(text: str) -> Arn | None:
    """Return the fields of an ARN, or None where the text is none.

    Notes
    -----
    Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return None
    return Arn(*parts[1:])
