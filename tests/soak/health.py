"""Whether `/health` tells the truth while something is broken: the broken part is red, and green again afterwards."""

from dataclasses import dataclass, field

from tests.soak.ground import Ground
from tests.support.bus import until

SEEN_S = 10.0
WELL_S = 60.0


@dataclass
class HealthWatch:
    """Asks the health of the test's own application, which pings the same servers."""

    ground: Ground
    wrongs: list[str] = field(default_factory=list)

    def expect_red(self, part: str) -> None:
        """While it is broken."""
        if not until(lambda: part in self._red(), SEEN_S, every_s=0.2):
            self.wrongs.append(f"health: {part} was not red while it was broken")

    def expect_green(self, part: str) -> None:
        """After it came back."""
        if not until(lambda: part not in self._red(), WELL_S, every_s=0.2):
            self.wrongs.append(f"health: {part} stayed red")

    def _red(self) -> set[str]:
        return {part.name for part in self.ground.deployment.app.health.check().parts if not part.ok}
