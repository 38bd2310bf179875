"""Ranking: from what a query asks for to hits, best first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple

from tantivy import Occur, Query

from app.search.entries import SEARCHED, Entry
from app.search.index import Name, SearchIndex
from app.search.query import Understood, understand

Matched = Literal["name", "alias", "text", "typo"]

POOL = 32
"""How many of tantivy's best are ranked anew; the rest follow in tantivy's order."""
NAMED = 30
"""How many of the entries that a query names are looked at."""
MOST_FOODS = 200
"""How many foods of a nutrient are ranked by how rich they are."""
COVER = 0.6
"""What share of the telling terms a record must hold."""

PRIOR = {kind: traits.weight for kind, traits in SEARCHED.items()}
"""Kinds that people ask for come before kinds that back them up."""
NAME_WEIGHT = 1.6
QUESTION = 0.35
MEANT = 0.3
CAUSE = 0.7
FOOD = 10.0
FIT = 0.05
"""How well a name must fit to be the reason of a hit."""
ALIKE = 0.75
"""How like a name a query must be, to name it where there is no hit."""


class Hit(NamedTuple):
    """A record that answers a query, and the name by which it does."""

    ordinal: int
    score: float
    matched: Matched
    name: Name | None


@dataclass(frozen=True, slots=True)
class Result:
    """A page of hits, how many there are in all, a better query where there is one, and the words to mark."""

    hits: tuple[Hit, ...]
    total: int
    did_you_mean: str | None
    words: frozenset[str] = frozenset()


def search(index: SearchIndex, text: str, kinds: tuple[str, ...] = (), limit: int = 20, offset: int = 0) -> Result:
    """The hits for a query, best first; the same for the same dataset, whatever the database."""
    asked = understand(index, text)
    if _is_noise(asked):
        return Result((), 0, _nearest_name(index, text))
    foods = _foods(index, asked)
    query = _query(index, asked, kinds, foods)
    scores, total = _retrieve(index, query, POOL)
    for ordinal in (*list(asked.recognised)[:NAMED], *foods):
        entry = index.entries[ordinal]
        if entry.slug not in asked.excluded and (not kinds or entry.kind in kinds):
            scores.setdefault(ordinal, 0.0)
    ranked = sorted(
        (_hit(index, asked, ordinal, score, foods) for ordinal, score in scores.items()),
        key=lambda hit: (-hit.score, hit.ordinal),
    )
    hits = ranked[offset : offset + limit]
    if len(hits) < limit and total > len(ranked):
        skip = max(offset, len(ranked)) - len(ranked)
        hits += _tail(index, query, scores, limit - len(hits), skip)
    words = frozenset(word for term in asked.marked for word in index.surfaces.get(term, ()))
    return Result(tuple(hits), total, asked.corrected if total else _nearest_name(index, text), words)


def _retrieve(index: SearchIndex, query: Query, limit: int) -> tuple[dict[int, float], int]:
    """Tantivy's best entries with their scores, best first, and how many there are."""
    found = index.searcher.search(query, limit, count=True)
    ordinals = index.searcher.fast_field_values("ordinal", [address for _, address in found.hits])
    scores = {int(ordinal or 0): score for ordinal, (score, _) in zip(ordinals, found.hits, strict=True)}
    # the library's type stubs leave `count` out
    return scores, int(found.count or 0)  # type: ignore[attr-defined]


def _is_noise(asked: Understood) -> bool:
    """Nothing telling is left, or most of it stands in no record."""
    if asked.recognised or (asked.food and asked.excluded):
        return False
    known = sum(weight for term, weight in asked.weights.items() if term not in asked.unknown)
    return known * 2 <= sum(asked.weights.values())


def _foods(index: SearchIndex, asked: Understood) -> dict[int, float]:
    """Foods that are asked for, with their scores; empty where no food is asked for.

    Those that the query names come first, then what belongs to those, then the others; in each part the richest first,
    unless the rest of the query fits another's name better.
    """
    if not asked.food:
        return {}
    named = [index.entries[ordinal] for ordinal in asked.recognised]
    wanted = _richest(index, asked, named)
    within = {index.ordinals[slug] for entry in named for slug in index.members.get(entry.slug, ())}
    beyond = _beyond(index, asked)
    whole = sum(beyond.values())
    scores = {}
    for place, ordinal in enumerate(wanted):
        times = 2.0 if ordinal in asked.recognised else 1.5 if ordinal in within else 1.0
        fit = _best_name(index, beyond, ordinal, whole)[0] if beyond else 0.0
        scores[ordinal] = FOOD * times + NAME_WEIGHT * fit + 1 - place / len(wanted)
    return scores


def _richest(index: SearchIndex, asked: Understood, named: Sequence[Entry]) -> list[int]:
    """What provides the nutrients that are named, or the one tied most to a symptom that is, richest first."""
    nutrients = [entry.slug for entry in named if entry.kind == "nutrient"]
    nutrients = nutrients or [index.remedies[entry.slug] for entry in named if entry.slug in index.remedies]
    found = [ordinal for nutrient in nutrients[:1] for ordinal in index.foods.get(nutrient, ())]
    for nutrient in nutrients[1:]:
        others = set(index.foods.get(nutrient, ()))
        found = [ordinal for ordinal in found if ordinal in others] or found
    return [ordinal for ordinal in found if index.entries[ordinal].slug not in asked.excluded][:MOST_FOODS]


def _beyond(index: SearchIndex, asked: Understood) -> dict[str, float]:
    """The telling terms that name nothing by themselves: a food whose alias names the nutrient is no richer in it."""
    left_out = asked.unknown | index.analyzer.weak
    return {term: weight for term, weight in asked.weights.items() if term not in left_out and not asked.named[term]}


def _query(index: SearchIndex, asked: Understood, kinds: tuple[str, ...], foods: dict[int, float]) -> Query:
    schema = index.schema
    named = [index.entries[ordinal].slug for ordinal in (*list(asked.recognised)[:NAMED], *foods)]
    parts = [Query.const_score_query(Query.term_query(schema, "slug", slug), 0.0) for slug in dict.fromkeys(named)]
    telling = [t for t in asked.weights if t not in asked.unknown and t not in index.analyzer.weak]
    telling = telling or [t for t in asked.weights if t not in asked.unknown]
    clauses = [_clause(index, asked, term) for term in telling]
    if clauses:
        needed = len(clauses) if len(clauses) <= 2 else math.ceil(COVER * len(clauses))
        parts.append(
            clauses[0]
            if len(clauses) == 1
            else Query.boolean_query([(Occur.Should, c) for c in clauses], minimum_number_should_match=needed)
        )
    wanted = parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Should, part) for part in parts])
    bounds = [(Occur.MustNot, Query.term_query(schema, "slug", slug)) for slug in sorted(asked.excluded)]
    bounds += [(Occur.MustNot, Query.term_query(schema, "topic", slug)) for slug in sorted(asked.excluded)]
    if kinds:
        of_kind = Query.boolean_query([(Occur.Should, Query.term_query(schema, "kind", kind)) for kind in kinds])
        bounds.append((Occur.Must, Query.const_score_query(of_kind, 0.0)))
    return Query.boolean_query([(Occur.Must, wanted), *bounds]) if bounds else wanted


def _clause(index: SearchIndex, asked: Understood, term: str) -> Query:
    """A record holds the term, or is about what the term names."""
    schema = index.schema
    options = [
        Query.term_query(schema, "text", term, "freq"),
        Query.boost_query(Query.term_query(schema, "names", term, "freq"), 2.0),
    ]
    options += [Query.term_query(schema, "about", slug) for slug in sorted(asked.named[term])[:3]]
    return Query.boolean_query([(Occur.Should, option) for option in options])


def _hit(index: SearchIndex, asked: Understood, ordinal: int, bm25: float, foods: dict[int, float]) -> Hit:
    entry = index.entries[ordinal]
    best, name = _best_name(index, asked.weights, ordinal, asked.whole)
    cover = _cover(index, asked, ordinal)
    # a record that answers little of the query gains little by its kind
    score = (cover + NAME_WEIGHT * best + PRIOR[entry.kind]) * (0.5 + 0.5 * cover)
    score += 0.3 * bm25 / (bm25 + 20)
    if asked.question and entry.kind == "faq_entry":
        score += QUESTION * (1 + best)
    if ordinal in asked.meant:
        score += MEANT
        if _is_cause(index, asked, ordinal):
            score += CAUSE
    if ordinal in foods:
        score = foods[ordinal]
    elif asked.food and entry.kind == "food_source":
        score += 1 + (ordinal in asked.recognised)
    return Hit(ordinal, score, _matched(asked, name, best), name)


def _best_name(
    index: SearchIndex, weights: Mapping[str, float], ordinal: int, whole: float
) -> tuple[float, Name | None]:
    """How well the query fits the best of the record's names: 1 where they are the same, 0 where they share nothing."""
    own = index.own[ordinal]
    common: dict[int, float] = {}
    for term, weight in weights.items():
        for place in own.get(term, ()):
            common[place] = common.get(place, 0.0) + weight
    best, found = 0.0, None
    names = index.names[ordinal]
    for place in sorted(common) if len(common) > 1 else common:
        name, shared = names[place], common[place]
        precision, recall = shared / name.weight, shared / whole
        fit = recall * precision**2
        # by its own name rather than by another, where both fit
        fit += 0.02 * fit if name.primary else 0.0
        if fit > best:
            best, found = fit, name
    return best, found


def _cover(index: SearchIndex, asked: Understood, ordinal: int) -> float:
    """What share of the query the record answers: by its names, by what it is about, by its text."""
    entry, text, own = index.entries[ordinal], index.terms[ordinal], index.own[ordinal]
    covered, recognised = 0.0, asked.recognised.get(ordinal, ())
    for term, padded, weight, named in asked.known:
        if term in recognised:
            covered += weight
        elif term in own:
            covered += 0.8 * weight
        elif named and not named.isdisjoint(entry.about):
            covered += 0.7 * weight
        elif padded in text:
            covered += 0.5 * weight
    return covered / asked.whole


def _is_cause(index: SearchIndex, asked: Understood, ordinal: int) -> bool:
    """The query names this and, by other words, a symptom: what bears on the symptom comes first."""
    terms = asked.recognised[ordinal]
    entry = index.entries[ordinal]
    condition = entry.kind == "symptom" and entry.detail == "condition"
    if not (condition or entry.kind in ("nutrient", "lifestyle_factor")):
        return False
    return any(
        index.entries[other].kind == "symptom"
        and not (condition and index.entries[other].detail == "condition")
        and not terms & others
        for other, others in asked.recognised.items()
    )


def _matched(asked: Understood, name: Name | None, best: float) -> Matched:
    if name is None or best < FIT:
        return "text"
    if name.terms & asked.mended:
        return "typo"
    return "name" if name.primary else "alias"


def _tail(index: SearchIndex, query: Query, ranked: Mapping[int, float], limit: int, skip: int) -> list[Hit]:
    """Hits beyond the pool, in tantivy's order."""
    scores, _ = _retrieve(index, query, len(ranked) + skip + limit)
    rest = [(ordinal, score) for ordinal, score in scores.items() if ordinal not in ranked]
    # below every score of the pool
    return [Hit(ordinal, -1 / (1 + score), "text", None) for ordinal, score in rest[skip : skip + limit]]


def _nearest_name(index: SearchIndex, text: str) -> str | None:
    """For an empty answer: the name that the query is most like, if any is."""
    if any(term.startswith("vit") and term[3:4] and len(term) < 7 for term in index.analyzer.terms(text)):
        return None  # another vitamin is not what was meant
    return index.suggestions.nearest(
        text[:60], lambda word, words: next(iter(get_close_matches(word, words, 1, ALIKE)), None)
    )
