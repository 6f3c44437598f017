"""What is wrong with a variant's settings, before anything is loaded: names of nothing, addresses that are none.

Whether there is room for it, only the load tells. Opens no model and asks nobody.
"""

from collections.abc import Callable

import httpx

from asr import convention
from asr.errors import UnknownConvention, UnknownModel
from asr.registry import Registry
from serving.catalog import CatalogError, check_file
from serving.errors import BadField, VariantUnavailable
from serving.variants.external import authorization
from serving.variants.variant import Variant


def check_fit(variant: Variant, registry: Registry) -> None:
    """Raises BadField for the first setting with which the variant could never be loaded here."""
    checks: dict[str, Callable[[], object]] = {"convention": lambda: convention.get(variant.convention)}
    if (catalog := variant.catalog) is not None:
        checks["catalog"] = lambda: check_file(catalog)
    if (url := variant.url) is not None:
        checks["url"] = lambda: _check_url(url)
        checks["key_variable"] = lambda: authorization(variant.key_variable)
    elif (model := variant.model) is not None:
        checks["model"] = lambda: registry.find(model)
    for name, check in checks.items():
        try:
            check()
        except (UnknownConvention, UnknownModel, CatalogError, VariantUnavailable, httpx.InvalidURL) as error:
            raise BadField(f"variant.{name}: {error}", f"variant.{name}") from None


def _check_url(url: str) -> None:
    """Raises InvalidURL, whose message does not repeat the address: a password may stand in it."""
    try:
        parsed = httpx.URL(url)
        is_whole = bool(parsed.host) and (parsed.port is None or 0 < parsed.port < 2**16)
    except (httpx.InvalidURL, ValueError):
        is_whole = False
    if not is_whole:
        raise httpx.InvalidURL("this is no URL")
