"""What an API key is: an immutable record, and pure steps from one to the next. Knows no store and no request."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.errors import BadField
from serving.keys.secret import Token, is_same

KeyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00](?:[^\x00\r\n]*[^\s\x00])?$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00\r\n]+$")]
Rate = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Burst = Annotated[int, Field(ge=1, le=100_000)]


class Scope(StrEnum):
    """What a key is for. An operator may do everything; the others only their own part."""

    CLIENT = "client"
    REVIEWER = "reviewer"
    OPERATOR = "operator"

    def allows(self, needed: "Scope | None") -> bool:
        """May it do what needs that scope? None is what any key may do."""
        return needed in {None, self} or self is Scope.OPERATOR


class KeyRequest(BaseModel):
    """What somebody asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: KeyName
    """Who or what uses it: the `by` of what is done with it. No two keys in force have the same."""
    scope: Scope = Scope.CLIENT
    tenant: Name | None = None
    """Its requests count for this tenant, whatever they say."""
    variant: Name | None = None
    """Its requests are answered by this variant: for testers."""
    requests_per_s: Rate | None = None
    """None: `limits.key_requests_per_s`."""
    burst: Burst | None = None
    """None: `limits.key_burst`."""
    ends_at: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Seconds since 1970 UTC; None: not by itself."""


class Key(KeyRequest):
    """A key as it is kept."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key_id: str
    hash: str
    """SHA-256 of the secret."""
    created_at: float
    created_by: str
    previous_hash: str | None = None
    """Of the secret before the last rotation."""
    previous_until: float = 0.0
    """So long that one is taken too."""
    ended_by: str | None = None
    """Who revoked it."""

    def is_in_force(self, now: float) -> bool:
        """Has it not ended?"""
        return self.ends_at is None or now < self.ends_at

    def is_opened_by(self, token: Token, now: float) -> bool:
        """Is that its secret, or the one before while that is valid?"""
        sent = token.hash
        current = is_same(sent, self.hash)
        previous = is_same(sent, self.previous_hash or self.hash) and now < self.previous_until
        return self.is_in_force(now) and (current or previous)


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with its secret, which is shown once and kept nowhere."""

    key: Key
    token: Token


def check_variant(request: KeyRequest, known: Collection[str]) -> None:
    """Raises BadField where the key would be for a variant that nobody knows, and so open nothing."""
    if request.variant is not None and request.variant not in known:
        there_are = ", ".join(sorted(known))
        raise BadField(
            f"there is no variant {request.variant!r} in the configuration or the database; there are: {there_are}",
            "variant",
        )


def issued(request: KeyRequest, token: Token, *, by: str, now: float) -> Key:
    """The new key."""
    asked = request.model_dump(include=set(KeyRequest.model_fields))
    return Key(**asked, key_id=token.key_id, hash=token.hash, created_at=now, created_by=by)


def rotated(key: Key, token: Token, *, now: float, grace_s: float) -> Key:
    """With a new secret; the present one is taken for `grace_s` more."""
    return key.model_copy(
        update={"hash": token.hash, "previous_hash": key.hash, "previous_until": now + grace_s},
    )


def revoked(key: Key, *, by: str, now: float) -> Key:
    """Not valid from now on; one that has ended stays as it is."""
    return key.model_copy(update={"ends_at": now, "ended_by": by}) if key.is_in_force(now) else key
