"""Who makes a request: what a principal ARN (or service or provider name) says of the caller.

Source: IAM User Guide, "IAM identifiers" and "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from wmiam.errors import RequestError
from wmiam.policy.values import parse_arn

__all__ = ["Caller", "CallerKind", "parse_caller"]


class CallerKind(StrEnum):
    """What sort of credentials make a request."""

    USER = "user"
    ROLE = "role"
    ROLE_SESSION = "assumed-role"
    FEDERATED_USER = "federated-user"
    ROOT = "root"
    SERVICE = "service"
    IDENTITY_PROVIDER = "identity provider"


#: Web identity providers that a trust policy names without an ARN.
WEB_IDENTITY_PROVIDERS = frozenset(
    {"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request, taken apart.

    Parameters
    ----------
    arn : str
        As the request names it: an ARN, a service principal or a provider name.
    kind : CallerKind
        What it is.
    account : str or None
        12-digit account id; None for services and providers.
    partition : str
        ``aws``, ``aws-cn``, ``aws-us-gov``, …
    name : str
        Friendly name of a user or role; the whole text of a service or provider.
    session : str
        Session name of a role session or federated user; else ``""``.
    path : str
        Path of a user or role; ``/`` for session ARNs, which carry none.
    """

    arn: str
    kind: CallerKind
    account: str | None
    partition: str = "aws"
    name: str = ""
    session: str = ""
    path: str = "/"

    @property
    def is_role(self) -> bool:
        """Whether the credentials are those of a role."""
        return self.kind in (CallerKind.ROLE, CallerKind.ROLE_SESSION)

    @property
    def role_arn(self) -> str | None:
        """ARN of the role (``aws:PrincipalArn``); a session ARN tells no path, so ``/`` is taken."""
        if not self.is_role:
            return None
        return f"arn:{self.partition}:iam::{self.account}:role{self.path}{self.name}"

    @property
    def principal_arn(self) -> str | None:
        """The value of ``aws:PrincipalArn``; None for services and providers."""
        if self.account is None:
            return None
        return self.role_arn or self.arn

    @property
    def is_service_linked_role(self) -> bool:
        """Whether the path is ``/aws-service-role/…``: such roles escape SCPs and RCPs (D5)."""
        return self.is_role and self.path.startswith("/aws-service-role/")


@lru_cache(maxsize=4096)
def parse_caller(principal: str) -> Caller:
    """Return what a principal's name says of it.

    Parameters
    ----------
    principal : str
        ARN of a user, role, role session, federated user or root user; an account's
        12 digits (its root user); a service principal such as
        ``export.workmail.amazonaws.com``; the ARN or name of an identity provider.

    Raises
    ------
    RequestError
        If it is none of these.
    """
    if len(principal) == 12 and principal.isdigit():
        return Caller(f"arn:aws:iam::{principal}:root", CallerKind.ROOT, principal, name="root")
    arn = parse_arn(principal)
    if arn is None:
        if principal in WEB_IDENTITY_PROVIDERS:
            return Caller(principal, CallerKind.IDENTITY_PROVIDER, None, name=principal)
        if principal.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazon.com")):
            return Caller(principal, CallerKind.SERVICE, None, name=principal)
        raise RequestError(
            f"{principal!r} is no principal: give the ARN of a user, role, session or root user, "
            "a service principal, or an identity provider",
            pointer="/request/principal",
        )
    kind, _, rest = arn.resource.partition("/")
    if arn.service == "iam":
        if arn.resource == "root":
            return Caller(principal, CallerKind.ROOT, arn.account, arn.partition, "root")
        if kind in ("user", "role") and rest:
            path, _, name = f"/{rest}".rpartition("/")
            caller_kind = CallerKind.USER if kind == "user" else CallerKind.ROLE
            return Caller(principal, caller_kind, arn.account, arn.partition, name, "", f"{path}/")
        if kind in ("saml-provider", "oidc-provider") and rest:
            return Caller(principal, CallerKind.IDENTITY_PROVIDER, None, arn.partition, principal)
    if arn.service == "sts":
        if kind == "assumed-role" and rest:
            name, _, session = rest.partition("/")
            return Caller(principal, CallerKind.ROLE_SESSION, arn.account, arn.partition, name, session)
        if kind == "federated-user" and rest:
            return Caller(principal, CallerKind.FEDERATED_USER, arn.account, arn.partition, rest, rest)
    raise RequestError(
        f"{principal!r} is no ARN of a user, role, role session, federated user or root user",
        pointer="/request/principal",
    )
