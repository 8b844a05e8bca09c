"""Which rules are there? One union over the files of this room; nothing registers itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from analysis.designs.rules.across import Across
from analysis.designs.rules.base import ConditionRule, Notch, NumberRule, Rule
from analysis.designs.rules.choosing import Choosing
from analysis.designs.rules.combining import Combining
from analysis.designs.rules.conditions import Conditions
from analysis.designs.rules.deriving import Deriving
from analysis.designs.rules.levels import Levels
from analysis.designs.rules.lists import Line, Lists, Named
from analysis.designs.rules.memory import Memory
from analysis.designs.rules.normalising import Normalising
from analysis.designs.rules.scoring import Scoring
from analysis.designs.rules.shrinking import Shrinking
from analysis.designs.rules.tables import Tables

Step = Annotated[
    Scoring
    | Levels
    | Normalising
    | Shrinking
    | Deriving
    | Combining
    | Choosing
    | Across
    | Conditions
    | Tables
    | Lists
    | Memory,
    Field(discriminator="rule"),
]
STEP: TypeAdapter[Rule] = TypeAdapter(Step)

__all__ = ["STEP", "ConditionRule", "Line", "Named", "Notch", "NumberRule", "Rule", "Step"]
