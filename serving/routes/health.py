"""`/healthz`, `/readyz` and `/metrics`: for whoever watches the server, without a word about its users."""

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from serving.routes.service import json_response, service_of

router = APIRouter()


@router.get("/healthz")
@router.head("/healthz", include_in_schema=False)
@router.api_route("/livez", methods=["GET", "HEAD"], include_in_schema=False)
@router.api_route("/health", methods=["GET", "HEAD"], include_in_schema=False)
async def health(request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz")
@router.head("/readyz", include_in_schema=False)
async def ready(request: Request) -> Response:
    """The process takes requests: not while it drains. A store that is away is told, for events wait in the journal."""
    service = service_of(request)
    if not service.ready:
        return json_response({"status": "draining"}, 503)
    return json_response(
        {
            "status": "ready",
            "model": service.champion.model_id,
            "event_store": service.events.problem or "ok",
        }
    )


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus' text format, or OpenMetrics where the client accepts it."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(service_of(request).telemetry.registry), media_type=content_type)
