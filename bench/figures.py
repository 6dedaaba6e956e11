"""One figure, and how figures are told: as a table for a person, as one object for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure. `value`: None if it was not measured, and `why`. `aim`: at most so much, or at least so much
    if `at_least`; None for none."""

    value: float | None
    unit: str
    aim: float | None = None
    why: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is no aim or no value."""
        if self.aim is None or self.value is None:
            return None
        return self.value >= self.aim if self.at_least else self.value <= self.aim


def told(found: Mapping[str, Figure]) -> dict[str, dict[str, object]]:
    """Name -> value, unit, aim, met, and why where there is no value."""
    return {
        name: {"value": f.value, "unit": f.unit, "aim": f.aim, "met": f.met}
        | ({"why": f.why} if f.why else {})
        for name, f in found.items()
    }


def table(found: Mapping[str, Figure]) -> str:
    """The figures for a person."""
    rows = [("figure", "value", "aim", "")]
    for name, figure in found.items():
        value = f"not measured: {figure.why}" if figure.value is None else f"{figure.value:.4g} {figure.unit}"
        sign = ">=" if figure.at_least else "<="
        aim = "" if figure.aim is None else f"{sign} {figure.aim:g} {figure.unit}"
        rows.append((name, value, aim, {None: "", True: "met", False: "NOT MET"}[figure.met]))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:{widths[2]}}  {row[3]}".rstrip() for row in rows
    )
