"""`/v1/models`: the models that answer here, in OpenAI's shape."""

from fastapi import APIRouter, Request, Response

from serving.errors import NotFound
from serving.routes.service import Service, json_response, service_of

router = APIRouter()


@router.get("/v1/models")
async def list_models(request: Request) -> Response:
    """All loaded models."""
    service = service_of(request)
    return json_response({"object": "list", "data": [_model(service, service.champion.model_id)]})


@router.get("/v1/models/{model_id:path}")
async def show_model(request: Request, model_id: str) -> Response:
    """One loaded model, by its id or by one of its other names."""
    service = service_of(request)
    check_model(service, model_id)
    return json_response(_model(service, model_id))


def check_model(service: Service, name: str) -> None:
    """Raise NotFound for a model that does not answer here."""
    names = (service.champion.model_id, *service.settings.model.aliases)
    if name not in names:
        raise NotFound(f"the model {name!r} is not served here; there are: {', '.join(names)}", "model")


def languages_of(service: Service) -> tuple[str, ...]:
    """What the champion understands; empty where that is not known, as of an older system."""
    model = service.registry.models.get(service.champion.model_id)
    return model.languages if model else ()


def _model(service: Service, name: str) -> dict[str, object]:
    model = service.registry.models.get(service.champion.model_id)
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "voicesearch",
        "license": model.license if model else None,
        "languages": list(languages_of(service)),
    }
