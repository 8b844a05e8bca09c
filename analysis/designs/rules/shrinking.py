"""How far is a value believed? The fewer students stand behind it, the closer to a named mean.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import xarray as xr

from analysis.designs.clause import Names, NumberField, RefField, WordsField
from analysis.designs.rules.base import NumberRule
from analysis.problems import did_you_mean, fail, listed
from analysis.values import ALL, Reason, Values, choose

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


@dataclass(frozen=True)
class _Prior:
    """What the pool says before a school's own value is seen; squared unit but for the means.

    `own` is the mean of the group itself, `target` the mean towards which its values are drawn,
    `lasting` the variance of true values about their own mean.
    """

    own: xr.DataArray
    target: xr.DataArray
    lasting: xr.DataArray

    @property
    def about_target(self) -> xr.DataArray:
        """How far true values lie from the target: the mean square."""
        return self.lasting + (self.own - self.target) ** 2


class Shrink(NumberRule):
    """Draw a value towards a mean, the more so the less is known of it (empirical Bayes).

    A value becomes `mean + w x (value - mean)`; w is the share of the variance that is true. Which
    mean it is, is a choice of policy, and a school with few students comes near to it, so it leaves
    the bottom of a list and the top alike. `towards: grand_mean` is the mean of the schools of the
    `pool`; `mean_of_kind` that of the pool's schools of the same kind, which the column `kind_of`
    tells apart. Schools count alike. Every group is drawn towards the mean of all students, unless
    `own_mean` names it: then towards the mean of that group. True values that lie far from the mean
    as a whole are drawn little: their distance counts as true.

    What is not true is sampling. Its size is the standard error that the panel gives; or, with
    `deviation` (the standard deviation among the students of a school), that number over the root
    of n; or, with `error: rate`, that of a percentage with this n. The percentage is then the
    pool's, so that a school with 0 of 25 is not taken to be sure. What is left of the variance
    among the schools of the pool is true; where nothing is left, every value becomes the mean.

    Means and variances are those of `base_year` and are then held, or of each year (`yearly`).
    Shrunken values are closer together than true ones: `form: constrained` spreads them about their
    mean until they differ as much as the true values of the pool's schools do.
    Sources: C. N. Morris (1983), Journal of the American Statistical Association 78; M. Ghosh
    (1992), the same, 87, for the constrained form.
    """

    looks_across: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = ("pool",)
    rule: Literal["shrink"]
    of: RefField
    pool: RefField
    base_year: int | Literal["yearly"]
    towards: Literal["grand_mean", "mean_of_kind"]
    kind_of: RefField | None = None
    own_mean: WordsField = ()
    error: Literal["rate"] | None = None
    deviation: NumberField | None = None
    form: Literal["plain", "constrained"] = "plain"

    def out(self, cells: Cells) -> Values:
        """Give the shrunken value, shaped like `of`, in its unit.

        Raises:
            ProblemsError: there is no standard error, or no n where it follows from n; or the panel
                lacks the base year.
        """
        values = cells[self.of]
        if self.base_year not in ("yearly", *cells.years):
            text = f"takes its means from {self.base_year}; the panel has {listed(cells.years)}"
            raise fail(cells.here, text)
        sized = self._per_student(values, cells)
        x = values.value.where(sized.notnull())
        kinds = self._kinds(cells)
        found = xr.full_like(x, np.nan)
        for kind in np.unique(kinds.values[kinds.notnull().values]):
            mine = kinds == kind
            inside = x.where(cells.pool(self.pool) & mine)
            found = found.where(~mine, self._shrunk(x, inside, sized))
        without = values.value.notnull() & sized.isnull()
        told = values.with_value(found, missing=Reason.OUTSIDE_POOL)
        reason = choose(without, np.int8(Reason.NO_STUDENTS), told.reason).astype(np.int8)
        return replace(told, reason=reason)

    def _per_student(self, values: Values, cells: Cells) -> xr.DataArray:
        """Give the squared standard error; of a rate, one over n."""
        if self.error is None and self.deviation is None:
            if values.se is None:
                text = f"needs the standard errors of {self.of}, which are not there; say "
                raise fail(cells.here, f"{text}deviation, or error: rate, where they follow from n")
            return values.se**2
        n = cells.n(self.of).where(lambda a: a > 0)
        return (1.0 if self.error == "rate" else cells.number(self.deviation) ** 2) / n

    def _kinds(self, cells: Cells) -> xr.DataArray:
        if self.kind_of is None:
            return xr.DataArray(np.zeros(len(cells.whole)), dims="school")
        return cells[self.kind_of].value

    def _shrunk(self, x: xr.DataArray, inside: xr.DataArray, sized: xr.DataArray) -> xr.DataArray:
        base = self._base(inside)
        prior = self._prior(base, self._base(sized))
        noise = sized
        if self.error == "rate":
            noise = sized * (_largest(prior.own) - prior.lasting)
        weight = (prior.about_target / (prior.about_target + noise)).where(noise > 0, 1.0)
        plain = prior.target + weight * (x - prior.target)
        if self.form == "plain":
            return plain
        there = base.notnull()
        return _spread(plain, self._base(plain).where(there), self._base(weight * noise))

    def _base(self, a: xr.DataArray) -> xr.DataArray:
        """Take the base year, or every year by itself."""
        if self.base_year == "yearly" or "year" not in a.dims:
            return a
        return a.sel(year=self.base_year, drop=True)

    def _prior(self, base: xr.DataArray, sized: xr.DataArray) -> _Prior:
        """Estimate by moments: the variance that is seen, less what is sampling."""
        several = base.count("school") > 1
        own = base.mean("school").where(several)
        seen = base.where(several).var("school", ddof=1)
        error = sized.where(base.notnull()).mean("school")
        if self.error == "rate":  # the sampling of a rate falls as true rates lie apart
            lasting = (seen - _largest(own) * error) / (1 - error).where(error < 1)
        else:
            lasting = seen - error
        target = own
        if "group" in own.dims:
            alone = own["group"].isin(list(self.own_mean))
            target = own.where(alone, own.sel(group=ALL, drop=True))
        return _Prior(own, target, lasting.clip(min=0))

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Words that belong together, and groups that there are."""
        if (self.towards == "mean_of_kind") != (self.kind_of is not None):
            yield "kind_of", "must be given with towards: mean_of_kind, and only then"
        if self.error is not None and "deviation" in self.model_fields_set:
            yield "deviation", "must not be given with error: rate, which needs none"
        for group in self.own_mean:
            if group not in names.groups:
                near = did_you_mean(group, names.groups)
                yield (
                    "own_mean",
                    f"there is no group {group}; there are {listed(names.groups)}.{near}",
                )


def _largest(mean: xr.DataArray) -> xr.DataArray:
    """Give the variance of single students (0 or 100) about a mean percentage."""
    return mean * (100.0 - mean)


def _spread(plain: xr.DataArray, base: xr.DataArray, left: xr.DataArray) -> xr.DataArray:
    """Spread shrunken values about their mean until they vary as true values do (Ghosh 1992).

    `base` holds the pool's shrunken values, `left` the variance about each that is not known.
    """
    count, middle = base.count("school"), base.mean("school")
    apart = ((base - middle) ** 2).sum("school")
    unknown = (1 - 1 / count) * left.where(base.notnull()).sum("school")
    stretch = (1 + (unknown / apart.where(apart > 0)).fillna(0.0)) ** 0.5
    return middle + stretch * (plain - middle)


Shrinking = Shrink
