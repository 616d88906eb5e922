"""Graph traversals, each with a name, a meaning and one definition: only these walks follow edges on and on.

| walk | finds | over |
| --- | --- | --- |
| `made` | everything that made an asset | influence, against the arrows |
| `reaches` | everything that depends on it | influence, with them |
| `around` | the nearest of both, for a picture | the same |
| `same_weights` | what a model was packaged or registered from, unchanged | one set of weights under several ids |
| `runs` | what answers at a place | deployment alone: training from a version does not make it run |
| `runs_at` | the places that may run a version, to be asked by `runs` | the same, the other way |
| `copied` | the tree of copies that a model version is in | `copied_to` |
| `line` | a model group with all copies of its versions | `has_version`, `copied_to` |
"""

from studbook.queries.walks.certainty import sure_of
from studbook.queries.walks.copies import Family, copied, copies_of, groups_of, line, lines
from studbook.queries.walks.deployment import (
    ANSWERING,
    NO_WEIGHTS,
    SERVING,
    Deployed,
    Manner,
    Variant,
    is_unasked,
    out_of_service,
    runs,
    runs_at,
    same_weights,
    shared_with,
    unknown_at,
)
from studbook.queries.walks.evaluations import NO_DATA_ROLES, Evaluation, evaluation, is_data, reads_data, scores_of
from studbook.queries.walks.walk import Hop, Walk, around, made, reaches

__all__ = [
    "ANSWERING",
    "NO_DATA_ROLES",
    "NO_WEIGHTS",
    "SERVING",
    "Deployed",
    "Evaluation",
    "Family",
    "Hop",
    "Manner",
    "Variant",
    "Walk",
    "around",
    "copied",
    "copies_of",
    "evaluation",
    "groups_of",
    "is_data",
    "is_unasked",
    "line",
    "lines",
    "made",
    "out_of_service",
    "reaches",
    "reads_data",
    "runs",
    "runs_at",
    "same_weights",
    "scores_of",
    "shared_with",
    "sure_of",
    "unknown_at",
]
