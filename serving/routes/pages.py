"""The pages: files of the package, sent with a strict Content-Security-Policy, and what they must know of settings."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from serving.errors import NotFound
from serving.routes.service import json_response, service_of

router = APIRouter()

PAGES: Final = Path(__file__).parent.parent / "pages"
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
async def voice_search_page() -> Response:
    """The voice search page."""
    return _file("index.html")


@router.get("/pages/privacy.json", include_in_schema=False)
async def privacy(request: Request) -> Response:
    """What of a query can be kept here, so that a page asks for no consent that has no effect."""
    answer = json_response({"keeps_audio": service_of(request).settings.privacy.keep_audio})
    answer.headers.update(HEADERS)
    return answer


@router.get("/pages/{name}", include_in_schema=False)
async def page_file(name: str) -> Response:
    """A page's style, script or picture."""
    return _file(name)


def _file(name: str) -> Response:
    path = PAGES / name
    if path.parent != PAGES or path.suffix not in _TYPES or not path.is_file():
        raise NotFound(f"there is no page file {name!r}")
    return FileResponse(path, headers=HEADERS, media_type=_TYPES[path.suffix])
