"""Short hashes of names, for tables of a million rows. Knows no meaning of what it hashes."""

from hashlib import blake2b


def hash64(text: str) -> int:
    """64 bits, the same everywhere and never 0."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big") or 1
