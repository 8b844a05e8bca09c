"""What does each word of a file mean? One sentence for each, as editors and the guide show it.

A rule explains its words in its docstring; here stand the words that rules share, and those of
headings, layouts and the other files. To explain a new word: one sentence here, or in the
docstring of its class, with the word in backquotes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "clause.Clause": {
        "cite": "Where it is said: a law, a guide, a letter. It covers all that stands below.",
        "evidence": "How it is known: read in a `law`, in an `official` guide, seen in `data`, "
        "`derived` by reckoning, told by others (`secondary`), or only `recalled`.",
        "note": "Anything a reader should know. It decides nothing.",
    },
    "base.Rule": {
        "rule": "The kind of clause.",
        "of": "What the clause reads: a measure, a school column or another step.",
        "pool": "The condition or list whose schools are ranked; `all_schools` for all of them.",
        "for": "Write the clause once for each member of a set or list. In its name and its words "
        "`each` then stands for the member.",
    },
    "base.NumberRule": {"round": "How the result is rounded: decimal places, halves up."},
    "checking.Header": {
        "schema": "The version of this form of file; always 1.",
        "title": "The design's name for readers.",
        "about": "What the design does, in a few sentences.",
        "entity": "What is judged: schools, or districts.",
        "exceptions": "Other sources for single places: an address such as `each_counted.n`, with "
        "its own `cite` and `evidence`.",
        "sets": "Lists with a name. The name may then stand wherever the list may.",
        "groups": "The student groups that the design reads, each with its name for readers. The "
        "group `all` is always there.",
        "students": "Whose students count, and in which groups, where measures are counted from "
        "students.",
        "points": "Steps. The headings of steps differ for the reader only.",
        "index": "Steps, as under `points`.",
        "conditions": "Steps, as under `points`.",
        "lists": "Steps, as under `points`.",
        "measures": "What is measured. The tables of a panel use these names.",
        "schools": "The columns of the schools table that the design reads.",
        "headline": "Which steps are the index and the rating that people look at first.",
    },
    "checking.Headline": {
        "index": "The step that is the index.",
        "rating": "The step that is the rating.",
    },
    "checking.Measure": {
        "label": "Its name for readers.",
        "unit": "Its unit, such as `percent`, `points` or `students`. `condition` means 1 for met "
        "and 0 for not met.",
        "better": "Whether high or low values are good.",
        "range": "The smallest and the largest value that can be right; others are refused.",
        "levels": "The names of its levels, lowest first, where the tables hold levels as numbers "
        "from 1.",
        "indicator": "For which indicator of the Every Student Succeeds Act it stands.",
    },
    "definitions.Definition": {"definition": "How students become a value of the measure."},
    "checking.SchoolColumn": {
        "holds": "What stands in the column: `yes_no`, a `number`, `text`, or the code of another "
        "`school`.",
        "label": "Its name for readers.",
        "one_of": "The words that may stand in a column of text. Numbers can differ by them.",
    },
    "layout.Layout": {
        "schema": "The version of this form of file; always 1.",
        "title": "What the files are, for readers.",
        "about": "What a reader should know of the files.",
        "origin": "Who published the files.",
        "licence": "Under which licence.",
        "entity": "What the codes stand for: schools, or districts.",
        "measures": "What is known of each measure; `given_as` is needed where a percentage may be "
        "written as 0-1.",
        "groups": "The student groups, each with its name for readers.",
        "every": "Words that hold for every entry of `files` which does not say them itself.",
        "files": "Named entries, one for each kind of file (or each way to read it).",
    },
    "layout.File": {
        "file": "The file's name in small letters; `*` stands for any letters.",
        "sheet": "The sheet of an Excel workbook; the first one if left out.",
        "separator": "What stands between the columns of a text file.",
        "encoding": "How the text is written; `latin-1` for files of an older Excel.",
        "skip": "How many rows stand above the row with the names of the columns.",
        "across": "Read the entry once for each code of a `group`, `year` or `measure`; `{}` in "
        "the name of a column stands for the code.",
        "keep": "Take only rows that have one of these words in a column.",
        "leave_out": "Take no row that has one of these words in a column.",
        "school": "Where the school's code stands.",
        "part": "Where the part of a school that spans levels stands.",
        "year": "Where the year stands (the spring of a school year).",
        "group": "Where the student group stands; every row is of `all` if left out.",
        "measure": "Where the measure's name stands, in a long table.",
        "numbers": "The columns of the measure that `measure` (or `across`) names.",
        "measures": "The columns of each measure, in a wide table.",
        "schools": "The school columns that the file gives: name, level, title1 and so on.",
        "published": "The agency's own results, to be held beside ours: met, not met, a level or a "
        "number.",
        "marks": "What words in place of a number mean: `suppressed`, `not applicable`, "
        "`no students` or `not measured`.",
    },
    "layout.Taken": {
        "column": "The column, or several columns whose words are joined.",
        "is": "The same word for every row, in place of a column.",
        "digits": "Pad codes with zeros on the left to so many digits; one number for each column.",
        "codes": "The file's words, each with ours.",
        "others": "What happens to words that `codes` lacks: `refuse` the file, `keep` them, or "
        "`leave_out` their rows.",
        "ends": "Read a school year such as 2023-24 as the year in which it ends, 2024.",
        "whole": "Read a code that a program wrote as a number (10101.0) as a whole number.",
    },
    "layout.Numbers": {
        "value": "The column of the value.",
        "n": "The column of the number of students behind it.",
        "numerator": "The column of the number of students who meet it.",
        "se": "The column of the standard error.",
        "codes": "The file's words, each with the number of its level.",
    },
    "about.MeasureNote": {
        "label": "The measure's name for readers.",
        "unit": "Its unit, such as `percent`.",
        "range": "The smallest and the largest value that can be right.",
        "given_as": "Whether the files write percentages as 0-1 or as 0-100.",
    },
    "adaptation.Adaptation": {
        "schema": "The version of this form of file; always 1.",
        "name": "The name of the file; it need not be said.",
        "title": "What would be decided otherwise.",
        "reference": "Who would do this, and where it is said.",
        "base": "The design that is changed.",
        "changes": "New words at addresses such as `lowest_line.share`.",
        "add": "New steps.",
        "remove": "Steps that go.",
        "expected": "What it does on an example panel, worked out without the program.",
    },
    "adaptation.Carried": {"says": "The sentence of the reference that this carries out."},
    "adaptation.Change": {"to": "The new word."},
    "adaptation.Addition": {"clause": "The new step, as a design would say it."},
    "adaptation.Expected": {
        "panel": "The example panel.",
        "year": "The year that is read.",
        "list": "The list that changes.",
        "enter": "The schools that come onto it.",
        "leave": "The schools that leave it.",
    },
    "verify.Entry": {
        "design": "The design, as place/name.",
        "panel": "A built-in panel, or the folder of the agency's files.",
        "layout": "The layout that reads those files, as place/name.",
        "year": "The year that is compared.",
        "results": "The published results, by name, each with what it is held to.",
        "otherwise": "Other readings of the design, and how many rows would then match.",
    },
    "verify.Held": {
        "step": "The step that gives the result.",
        "steps": "Several results at once, each with its step.",
        "matched": "How many rows must match.",
        "testable": "How many rows can be compared.",
        "published": "The name of the published result, where it is not that of the row.",
        "where": "Compare only rows in which these steps have these answers.",
        "places": "Round ours to so many places, as the agency prints it.",
        "differences": "Classes of rows that differ, each with its name.",
    },
    "verify.Difference": {
        "why": "What makes these rows differ.",
        "ours": "What stands on our side.",
        "published": "What the agency says.",
        "where": "Which steps have which answers in such rows.",
    },
    "verify.Otherwise": {
        "says": "The other reading, in words.",
        "changes": "New words at addresses of the design.",
        "result": "The result that is compared.",
        "matched": "How many of its rows then match.",
    },
}
"""Meanings by module and class, then by word."""


def explained(model: type) -> Mapping[str, str]:
    """Give the words of a class that are explained here; those that it inherits are not among them.

    >>> sorted(explained(BaseModel))
    []
    """
    return MEANINGS.get(f"{model.__module__.rpartition('.')[2]}.{model.__name__}", {})


def meaning(model: type[BaseModel], word: str) -> str:
    """Say in a sentence or two what a word means; empty where nobody has explained it.

    >>> from analysis.designs.rules.scoring import Map
    >>> meaning(Map, "to")
    'Give each ordered level its number of points: `to` says how many, level by level.'
    """
    for one in model.__mro__:
        told = explained(one).get(word)
        own = [text for text in sentences(one) if re.search(rf"`{word}[`:]", text)]
        if told is not None or own:
            return told or " ".join(own)
    return ""


def sentences(model: type) -> tuple[str, ...]:
    """Split what a class says of itself into sentences.

    >>> from analysis.designs.rules.scoring import OrShare
    >>> len(sentences(OrShare))
    1
    """
    ours = issubclass(model, BaseModel) and model is not BaseModel
    text = " ".join(inspect.cleandoc(model.__doc__ or "").split()) if ours else ""
    return tuple(re.split(r"(?<=[.?)]) (?=[A-Z`])", text))
