"""What is asked of a design, and what is varied? An experiment, read from one file.

Levers are what a policymaker may choose, uncertainties what nobody chooses. Both name words of a
design and the values that they take. To add a form of them: a field of `Factor`, and its reading in
grid.py. To add an experiment: a YAML file under `experiments/`. No Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from analysis.designs.source import Source, parse_yaml, read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from simulations.outcomes import check_outcome

HOME: Final = Path(__file__).parent / "experiments"
NONE: Final = "none"
"""The word for no adaptation."""

INNER: Final = ("changes", "values")
"""Words of the models that no file says."""

NOT_ASKED: Final = ("title", "about", "workers", "name")
"""Words that change no number."""


class Words(BaseModel):
    """Anything that an experiment says."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _options(said: object) -> object:
    if isinstance(said, list | tuple):
        told = [json.dumps(x, sort_keys=True, default=str) for x in said]
        if not told or len({*told}) < len(told):
            msg = "must hold at least one value, and none twice"
            raise ValueError(msg)
        return {"values": said}
    if isinstance(said, dict) and {*said} & {"from", "to"}:
        return said
    msg = "must be a list of values, or {from: 0.05, to: 0.1}"
    raise ValueError(msg)


class Options(Words):
    """The values that a word takes: some of them, or all between two numbers (then sampled)."""

    values: tuple[Any, ...] = ()
    low: float | None = Field(None, alias="from")
    high: float | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.low is None) != (self.high is None):
            msg = "must say both from and to"
            raise ValueError(msg)
        if self.low is not None and self.high is not None and not self.low < self.high:
            msg = "must go from the smaller number to the larger"
            raise ValueError(msg)
        return self


class Bounded(Words):
    """The least and the most that some steps carry together, as shares of all weight (0-1)."""

    of: tuple[str, ...]
    at_least: float = Field(0.0, ge=0, le=1)
    at_most: float = Field(1.0, ge=0, le=1)


class Weights(Words):
    """Sets of weights of a mean: some by name, the corners of what is admissible, and draws of it.

    `of` names the mean; the one on which the list rests, where there is only one.
    """

    of: str | None = None
    sets: Mapping[str, Mapping[str, float]] = Field(default_factory=dict)
    bounds: tuple[Bounded, ...] = ()
    corners: bool = False
    draws: int = Field(0, ge=0)


class Factor(Words):
    """One thing that varies, in one of five forms.

    `share` gives shares to the line behind the list, `weights` weights to the mean behind it,
    `adaptations` names change files (`none`: as filed), `presets` decisions that a design leaves
    open (or `all` on which the list's steps rest): each becomes a factor of its own. Any other word
    is an address of the design with its values; several addresses move together.
    """

    share: Annotated[Options | None, BeforeValidator(_options)] = None
    weights: Weights | None = None
    adaptations: tuple[str, ...] = ()
    presets: Literal["all"] | tuple[str, ...] = ()
    changes: Mapping[str, Annotated[Options, BeforeValidator(_options)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, said: Any) -> Any:  # noqa: ANN401 (a file may say anything)
        """Put words with a full stop, which are addresses, under `changes`."""
        if not isinstance(said, dict):
            msg = "must be a mapping such as {share: [0.05, 0.1]}"
            raise ValueError(msg)  # noqa: TRY004 (pydantic turns ValueError into a message)
        plain = {word: x for word, x in said.items() if "." not in str(word)}
        return {**plain, "changes": {str(w): x for w, x in said.items() if "." in str(w)}}

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (self.share, self.weights, self.adaptations, self.presets, self.changes)
        if sum(bool(form) for form in forms) != 1:
            msg = "must have one form: share, weights, adaptations, presets, or addresses"
            raise ValueError(msg)
        if len({len(options.values) for options in self.changes.values()}) > 1:
            msg = "must give every address as many values, since they move together"
            raise ValueError(msg)
        return self


class Sample(Words):
    """How many cells are drawn from a grid too large to enumerate, and how."""

    cells: int = Field(ge=2)
    method: Literal["latin", "random"] = "latin"


class Draw(Words):
    """How figures are drawn anew, and of which measures (all on which the list rests)."""

    kind: Literal["none", "truth", "replication", "perturbation"] = "none"
    measures: tuple[str, ...] = ()


class Measured(Words):
    """Whose figures: a panel by name or folder, or a made-up world, by years, seed and draw."""

    name: str | None = None
    world: str | None = None
    years: tuple[int, ...] = ()
    seed: int = 1
    draw: int = 0

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.world is None):
            msg = "must be the name of a panel, or {world: core-small, years: [2015]}"
            raise ValueError(msg)
        return self


class Experiment(Words):
    """Everything that an experiment says; `name` is that of its file."""

    name: str = "experiment"
    title: str
    about: str = ""
    design: str
    adaptations: tuple[str, ...] = ()
    panel: Annotated[
        Measured, BeforeValidator(lambda said: {"name": said} if isinstance(said, str) else said)
    ]
    list: str | None = None
    year: int | None = None
    estimand: str
    pool: str
    for_whom: Literal["these students", "this school's persistent quality"] | None = None
    draw: Annotated[
        Draw, BeforeValidator(lambda said: {"kind": said} if isinstance(said, str) else said)
    ] = Draw()
    draws: int = Field(0, ge=0)
    levers: Mapping[str, Factor] = Field(default_factory=dict)
    uncertainties: Mapping[str, Factor] = Field(default_factory=dict)
    outcomes: tuple[Annotated[str, AfterValidator(check_outcome)], ...]
    sample: Sample | None = None
    seed: int = 1
    workers: int = Field(1, ge=1)
    _source: Source = PrivateAttr(default_factory=lambda: Source("experiment", {}))

    def __hash__(self) -> int:
        """Hash what is asked (mappings inside have no hash of their own)."""
        return hash(json.dumps(self.asked, sort_keys=True, default=str))

    @property
    def asked(self) -> Mapping[str, Any]:
        """Everything that decides a number, as plain values."""
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {word: x for word, x in told.items() if word not in NOT_ASKED}

    @property
    def fingerprint(self) -> str:
        """A short code for what is asked; title and number of processes do not change it."""
        text = json.dumps(self.asked, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def whom(self) -> Literal["these students", "this school's persistent quality"]:
        """For whom the figures speak: draws of the truth and replications for lasting quality."""
        lasting = self.draw.kind in ("truth", "replication")
        return self.for_whom or (
            "this school's persistent quality" if lasting else "these students"
        )

    def problem(self, path: Sequence[str], text: str) -> Problem:
        """Make a problem at a place of the file: `file:line: place: text`."""
        return Problem(self._source.place(tuple(path)), f"{'.'.join(path)}: {text}")


def experiment_names() -> tuple[str, ...]:
    """List the built-in experiments."""
    return tuple(sorted(path.stem for path in HOME.glob("*.yaml")))


def load_experiment(experiment: str | Path) -> Experiment:
    """Load an experiment by its built-in name, or from a .yaml file.

    Raises:
        ProblemsError: there is none, or everything in the file that cannot be right.

    >>> load_experiment("franklin-choices").design
    'franklin/index'
    """
    path = Path(experiment)
    if path.suffix not in (".yaml", ".yml"):
        known = experiment_names()
        if str(experiment) not in known:
            near = did_you_mean(experiment, known)
            text = f"there is no such experiment; built in are {listed(known)}.{near}"
            raise fail(str(experiment), text)
        path = HOME / f"{experiment}.yaml"
    return _checked(read_yaml(path), name=path.stem)


def parse_experiment(text: str, *, name: str = "experiment") -> Experiment:
    """Read an experiment from YAML text.

    Raises:
        ProblemsError: everything in it that cannot be right.
    """
    return _checked(parse_yaml(text, file=name), name=name)


def _checked(source: Source, *, name: str) -> Experiment:
    said = {} if source.said is None else source.said
    if not isinstance(said, dict):
        raise fail(source.file, "must be an experiment: title, design, panel, levers and so on.")
    problems = list(source.problems)
    try:
        found = Experiment.model_validate(said)
    except ValidationError as error:
        for one in error.errors():
            at, text = explain(one, said, _beside(one["loc"]))
            place = tuple(word for word in at if word not in INNER)
            problems.append(Problem(source.place(place), f"{'.'.join(place)}: {text}"))
        raise ProblemsError(problems) from error
    if problems:
        raise ProblemsError(problems)
    named = found.model_copy(update={"name": name})
    named._source = source  # noqa: SLF001 (where the file says it, for later messages)
    return named


def _beside(loc: Sequence[Any]) -> tuple[str, ...]:
    """List the words that may stand beside the last one of a place in the file."""
    model: type[BaseModel] = Experiment
    for word in loc[:-1]:
        held = model.model_fields.get(str(word))
        inner = getattr(held, "annotation", None)
        for one in (inner, *getattr(inner, "__args__", ())):
            if isinstance(one, type) and issubclass(one, BaseModel):
                model = one
    words = tuple(word for word in fields_of(model) if word not in (*INNER, "name"))
    return (*words, "an address such as step.word") if model is Factor else words
