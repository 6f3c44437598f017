"""Keys as people see them: never with a hash, and with the secret only when it was made just now."""

from serving.keys.key import Issued, Key


def key_json(key: Key, last_used_at: float | None = None) -> dict[str, object]:
    """The key in the types of JSON."""
    shown = key.model_dump(mode="json", exclude={"hash", "previous_hash", "key_id"})
    return {"id": key.key_id, **shown, "last_used_at": last_used_at}


def issued_json(made: Issued) -> dict[str, object]:
    """The same with the secret, as `key`."""
    return key_json(made.key) | {"key": str(made.token)}
