"""Where everything of one thread stands in memory: offsets in vectors from one base address.

A thread owns one block; a kernel takes its address and knows every offset when it is written.
"""

from dataclasses import dataclass, field

from il21.engine.rodas import STAGES
from il21.engine.system import System

# Fields of the control loop, one vector each.
LANE_FIELDS = (
    "T", "H", "STOP", "T1", "TRY", "THETA", "TAU", "NEED", "ACCEPT", "ERROR", "AT_STOP", "AGAIN",
    "LOW", "HIGH", "RISING", "HIT", "LATE", "PAUSE", "FROM", "PIVOT",
    "LIVE", "BEST", "BEST_AT", "LEFT", "RIGHT", "LEFT_VALUE", "RIGHT_VALUE",
)  # fmt: skip
# Integers of each lane, one row of ``width`` each.
LANE_INTEGERS = (
    "PATIENT", "EVENT", "LAST_EVENT", "OUTPUT", "STEPS", "FLAG", "ACTIVE", "BROKEN",
)  # fmt: skip
# What a call is given: a table of addresses and whole numbers.
CONTEXT = (
    "WORK", "QUEUE", "COUNT", "STOP_SIGN", "LIST", "PARAMETERS", "START", "EVENT_TIME", "EVENT_KIND",
    "EVENT_INDEX", "EVENT_VALUE", "FIRST_EVENT", "LAST_EVENT", "TIMES", "N_TIMES", "OUTPUTS", "FINAL",
    "STATUS", "LAST_TIME", "STEPS", "CULPRIT", "MOST_STEPS", "SETTINGS", "DONE", "FIRST_OUTPUT",
    "PAUSE", "BEGIN", "RESUME", "PAUSED", "REDUCED",
)  # fmt: skip
LOOKS = 5  # at a watched value in a step
SETTINGS = ("END", "RTOL", "GUESS")  # doubles; the absolute tolerances follow


def packed(species: int, switches: int, triggers: int) -> tuple[tuple[str, int], ...]:
    """Return the arrays (name, length) that make up the row of a paused patient, in order."""
    return (
        ("Y", species), ("T", 1), ("H", 1), ("NEED", 1), ("LATE", 1), ("SWITCH", switches),
        ("INFLOW", species), ("ARMED", triggers),
    )  # fmt: skip


@dataclass
class Layout:
    """Offsets (in vectors) of the arrays of a thread, by name, and the total size."""

    width: int
    offsets: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def place(self, name: str, length: int) -> None:
        """Reserve an array."""
        self.offsets[name] = self.size
        self.size += length

    def __getitem__(self, name: str) -> int:
        return self.offsets[name]


def lay_out(system: System, slots: int, width: int) -> Layout:
    """Return the layout of a system whose patient-only values take ``slots`` vectors."""
    n = len(system.rates)
    model = system.model
    layout = Layout(width)
    watched, reads = len(system.watched), n if system.watched else 0
    sizes = {
        "Y": n, "U": n, "F": n, "CS": n, "K": STAGES * n, "Y1": n, "P": slots,
        "J": max(1, len(system.jacobian)), "LU": len(system.elimination.places),
        "BY_TIME": max(1, len(system.by_time)), "E": 3 * n, "DENSE": n, "ATOL": n,
        "SWITCH": max(1, len(model.switches)), "INFLOW": n,
        "G": max(1, len(system.guards)), "ARMED": max(1, len(system.guards)),
        "OUT": max(1, len(system.outputs)), "RAW": max(1, len(model.parameters)),
        "RE": 3 * reads, "RY": reads, "VALUE": watched, "LOOK": LOOKS * watched, "THETAS": LOOKS,
        "RED": system.plan.slots, "LEVEL": len(system.plan.levels),
        **dict.fromkeys(LANE_FIELDS, 1), **dict.fromkeys(LANE_INTEGERS, 1),
    }  # fmt: skip
    for name, length in sizes.items():
        layout.place(name, length)
    return layout
