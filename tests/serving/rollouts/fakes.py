"""A lineup without models: loads take as long as a test says, and fail where it says so."""

import asyncio
from dataclasses import dataclass, field

from serving.errors import NotFound, VariantUnavailable
from serving.variants.variant import Variant


@dataclass
class FakeVariant:
    """What is loaded."""

    variant: Variant
    niceness: int = 10

    async def prioritise(self, niceness: int) -> None:
        self.niceness = niceness


@dataclass
class FakeLineup:
    """See `serving.variants.lineup.Lineup`."""

    broken: set[str] = field(default_factory=set)
    load_s: float = 0.0
    loads: list[str] = field(default_factory=list)
    loaded: dict[str, FakeVariant] = field(
        default_factory=lambda: {"champion": FakeVariant(Variant(name="champion"), 0)}
    )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.loaded)

    def get(self, name: str) -> FakeVariant:
        if name not in self.loaded:
            raise NotFound(name)
        return self.loaded[name]

    async def load(self, variant: Variant) -> object:
        if variant.name not in self.loaded:
            self.loads.append(variant.name)
            await asyncio.sleep(self.load_s)
            if variant.name in self.broken:
                raise VariantUnavailable(f"{variant.name} needs 99 GB")
            self.loaded[variant.name] = FakeVariant(variant)
        return self.loaded[variant.name]

    async def unload(self, name: str, drain_s: float) -> None:
        del self.loaded[name]
