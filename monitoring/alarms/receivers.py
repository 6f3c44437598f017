"""Who is told: receivers as they stand in a policy file. Knows no payload."""

import os
from typing import Annotated, Literal

from pydantic import Field

from monitoring.alarms.thresholds import Positive, Table

Timeout = Annotated[float, Field(gt=0, le=60)]

Url = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+")]


class Webhook(Table):
    """Gets a POST with JSON for each notification."""

    kind: Literal["webhook"]
    url: Url
    """Where it is sent."""
    secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = None
    """Variable of the environment with the key of the HMAC signature; unset: an error at the start."""
    timeout_s: Timeout = 10.0
    """Time for the whole of one request."""

    def secret(self) -> bytes | None:
        """The key; None where none is asked for. Raises ValueError where the variable is absent or empty."""
        if self.secret_env is None:
            return None
        if not (key := os.environ.get(self.secret_env)):
            raise ValueError(f"the variable {self.secret_env} of a webhook's secret is not set")
        return key.encode()


class Alertmanager(Table):
    """A Prometheus Alertmanager; gets open alarms again and again, as it expects."""

    kind: Literal["alertmanager"]
    url: Url
    """Up to and without `/api/v2/alerts`."""
    valid_s: Positive = 900.0
    """An alarm that is not sent again for so long is over for Alertmanager; four checks at least."""
    timeout_s: Timeout = 10.0
    """Time for the whole of one request."""


Receiver = Annotated[Webhook | Alertmanager, Field(discriminator="kind")]
