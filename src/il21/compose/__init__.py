"""Declarations become one model: evidence is read, modules are checked, wired and joined."""

from il21.compose.join import join
from il21.compose.model import Model
from il21.compose.table import EvidenceTable, read_evidence

__all__ = ["EvidenceTable", "Model", "join", "read_evidence"]
