"""Who acts, for whom: what the key says goes before what the request says. Without keys the request is believed."""

import ipaddress
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from starlette.requests import Request

from serving.errors import BadField
from serving.keys.authentication import key_of

if TYPE_CHECKING:
    from serving.settings import ServerSettings

ActorName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
"""Who says that it does something: 1 to 200 characters, not all of them white space."""


def actor(request: Request, said: str | None = None, *, field: str = "by") -> str:
    """Who does this: the key's name, else what that field says. Raises BadField without either."""
    key = key_of(request)
    by = key.name if key else said
    if not by:
        raise BadField(f"{field}: Field required: who does this?", field)
    request.state.actor = by
    return by


def tenant_of(request: Request, claimed: str | None) -> str | None:
    """Whom the request counts for: a key with a tenant speaks for no other."""
    key = key_of(request)
    return key.tenant if key and key.tenant else claimed


def variant_of(request: Request) -> str | None:
    """The variant that the key asks for; None: as traffic is divided."""
    key = key_of(request)
    return key.variant if key else None


def keys_are_wanted(server: "ServerSettings") -> bool:
    """`server.keys`, and with `auto`: can other machines reach the server?"""
    return server.keys == "on" or (server.keys == "auto" and not is_loopback(server.host))


def is_loopback(host: str) -> bool:
    """Is that an address of this machine alone?

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("example.com")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
