"""Ranking: from what a query asks for to hits, best first."""

import math
from collections.abc import Mapping
from itertools import islice
from typing import Literal, NamedTuple

from tantivy import Occur, Query

from app.search.entries import SEARCHED
from app.search.index import Name, SearchIndex
from app.search.query import Understood

Matched = Literal["name", "alias", "text", "typo"]

POOL = 32
"""How many of tantivy's best are ranked anew; the rest follow in tantivy's order."""
NAMED = 30
"""How many of the entries that a query names are looked at."""
MOST_FOODS = 200
"""How many foods of a nutrient are ranked by how rich they are."""
COVER = 0.6
"""What share of the telling terms a record must hold."""
NAME_WEIGHT = 1.6
QUESTION = 0.35
MEANT = 0.3
CAUSE = 0.7
FOOD = 10.0
FIT = 0.05
"""How well a name must fit to be the reason of a hit."""


class Hit(NamedTuple):
    """A record that answers a query, and the name by which it does."""

    ordinal: int
    score: float
    matched: Matched
    name: Name | None


class Result(NamedTuple):
    """A page of hits, how many there are in all, a better query where there is one, and the words to mark."""

    hits: tuple[Hit, ...]
    total: int
    did_you_mean: str | None
    words: frozenset[str] = frozenset()


def search(index: SearchIndex, text: str, kinds: tuple[str, ...] = (), limit: int = 20, offset: int = 0) -> Result:
    """The hits for a query, best first; the same for the same dataset, whatever the database."""
    asked = Understood(index, text)
    if _is_noise(asked):
        return Result((), 0, _nearest_name(index, text))
    foods = _foods(asked)
    looked_at = (*islice(asked.recognised, NAMED), *foods)
    # room for so many hits is set aside at once, however few there are: no more than there are records
    most = max(POOL, min(offset + limit, len(index.entries)))
    found = index.searcher.search(_query(asked, kinds, looked_at), most, count=True)
    ordinals = index.searcher.fast_field_values("ordinal", [address for _, address in found.hits])
    scores = {int(ordinal or 0): score for ordinal, (score, _) in zip(ordinals, found.hits, strict=True)}
    pool = dict(islice(scores.items(), POOL))
    for ordinal in looked_at:
        entry = index.entries[ordinal]
        if entry.slug not in asked.excluded and (not kinds or entry.kind in kinds):
            pool.setdefault(ordinal, 0.0)
    ranked = [_hit(asked, ordinal, score, foods) for ordinal, score in pool.items()]
    ranked.sort(key=lambda hit: (-hit.score, hit.ordinal))
    # below every score of the pool
    ranked += [Hit(o, -1 / (1 + score), "text", None) for o, score in scores.items() if o not in pool]
    # the library's type stubs leave `count` out
    total = int(found.count or 0)  # type: ignore[attr-defined]
    words = frozenset(word for term in asked.marked for word in index.surfaces.get(term, ()))
    better = asked.corrected if total else _nearest_name(index, text)
    return Result(tuple(ranked[offset : offset + limit]), total, better, words)


def _is_noise(asked: Understood) -> bool:
    """Nothing telling is left, or most of it stands in no record."""
    if asked.recognised or (asked.food and asked.excluded):
        return False
    known = sum(weight for term, weight in asked.weights.items() if term not in asked.unknown)
    return known * 2 <= sum(asked.weights.values())


def _foods(asked: Understood) -> dict[int, float]:
    """Foods that are asked for, with their scores; empty where no food is asked for.

    Those that the query names come first, then what belongs to those, then the others; in each part the richest first,
    unless the rest of the query fits another's name better.
    """
    if not asked.food:
        return {}
    index, wanted = asked.index, _richest(asked)
    within = {o for named in asked.recognised for o in index.members.get(asked.entry(named).slug, ())}
    # a food whose alias names the nutrient is no richer in it
    left_out = asked.unknown | index.analyzer.weak
    beyond = {term: asked.weights[term] for term, named in asked.named.items() if not named and term not in left_out}
    whole = sum(beyond.values())
    scores = {}
    for place, ordinal in enumerate(wanted):
        times = 2.0 if ordinal in asked.recognised else 1.5 if asked.entry(ordinal).slug in within else 1.0
        fit = _best_name(index, beyond, ordinal, whole)[0] if beyond else 0.0
        scores[ordinal] = FOOD * times + NAME_WEIGHT * fit + 1 - place / len(wanted)
    return scores


def _richest(asked: Understood) -> list[int]:
    """What provides the nutrients that are named, or the one tied most to a symptom that is, richest first."""
    index, named = asked.index, [asked.entry(ordinal) for ordinal in asked.recognised]
    nutrients = [entry.slug for entry in named if entry.kind == "nutrient"]
    nutrients = nutrients or [index.remedies[entry.slug] for entry in named if entry.slug in index.remedies]
    found = [ordinal for nutrient in nutrients[:1] for ordinal in index.foods.get(nutrient, ())]
    for nutrient in nutrients[1:]:
        others = set(index.foods.get(nutrient, ()))
        found = [ordinal for ordinal in found if ordinal in others] or found
    return [ordinal for ordinal in found if asked.entry(ordinal).slug not in asked.excluded][:MOST_FOODS]


def _query(asked: Understood, kinds: tuple[str, ...], looked_at: tuple[int, ...]) -> Query:
    schema = asked.index.schema
    slugs = dict.fromkeys(asked.entry(ordinal).slug for ordinal in looked_at)
    parts = [Query.const_score_query(Query.term_query(schema, "slug", slug), 0.0) for slug in slugs]
    known = [term for term in asked.weights if term not in asked.unknown]
    telling = [term for term in known if term not in asked.index.analyzer.weak] or known
    clauses = [_clause(asked, term) for term in telling]
    if clauses:
        needed = len(clauses) if len(clauses) <= 2 else math.ceil(COVER * len(clauses))
        parts.append(_any_of(clauses, needed))
    bounds = [
        (Occur.MustNot, Query.term_query(schema, field, slug))
        for field in ("slug", "topic")
        for slug in sorted(asked.excluded)
    ]
    if kinds:
        of_kind = _any_of([Query.term_query(schema, "kind", kind) for kind in kinds])
        bounds.append((Occur.Must, Query.const_score_query(of_kind, 0.0)))
    return Query.boolean_query([(Occur.Must, _any_of(parts)), *bounds])


def _any_of(queries: list[Query], needed: int = 1) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries], minimum_number_should_match=needed)


def _clause(asked: Understood, term: str) -> Query:
    """A record holds the term, or is about what the term names."""
    schema = asked.index.schema
    text = Query.term_query(schema, "text", term, "freq")
    names = Query.boost_query(Query.term_query(schema, "names", term, "freq"), 2.0)
    return _any_of([text, names, *(Query.term_query(schema, "about", slug) for slug in sorted(asked.named[term])[:3])])


def _hit(asked: Understood, ordinal: int, bm25: float, foods: dict[int, float]) -> Hit:
    entry = asked.entry(ordinal)
    best, name = _best_name(asked.index, asked.weights, ordinal, asked.whole)
    cover = _cover(asked, ordinal)
    traits = SEARCHED[entry.kind]
    # a record that answers little of the query gains little by its kind
    score = (cover + NAME_WEIGHT * best + traits.weight) * (0.5 + 0.5 * cover)
    score += 0.3 * bm25 / (bm25 + 20)
    if asked.question and entry.kind == "faq_entry":
        score += QUESTION * (1 + best)
    if ordinal in asked.meant:
        score += MEANT + (CAUSE if _is_cause(asked, ordinal) else 0.0)
    if ordinal in foods:
        score = foods[ordinal]
    elif asked.food and entry.kind == "food_source":
        score += 1 + (ordinal in asked.recognised)
    matched: Matched = "text"
    if name and best >= FIT:
        matched = "typo" if name.terms & asked.corrections else "name" if name.primary else "alias"
    return Hit(ordinal, score, matched, name)


def _best_name(
    index: SearchIndex, weights: Mapping[str, float], ordinal: int, whole: float
) -> tuple[float, Name | None]:
    """How well the query fits the best of the record's names: 1 where they are the same, 0 where they share nothing."""
    best, found = 0.0, None
    # in one order, so that equal sums are equal in each process
    common = [term for term in weights if term in index.own[ordinal]]
    for name in index.names[ordinal] if common else ():
        if shared := sum([weights[term] for term in common if term in name.terms]):
            precision, recall = shared / name.weight, shared / whole
            # by its own name rather than by another, where both fit
            fit = recall * precision**2 * (1.02 if name.primary else 1.0)
            if fit > best:
                best, found = fit, name
    return best, found


def _cover(asked: Understood, ordinal: int) -> float:
    """What share of the query the record answers: by its names, by what it is about, by its text."""
    index, about = asked.index, asked.entry(ordinal).about
    own, text = index.own[ordinal], index.terms[ordinal]
    covered, recognised = 0.0, asked.recognised.get(ordinal, ())
    for term, weight in asked.weights.items():
        if term in recognised:
            covered += weight
        elif term in own:
            covered += 0.8 * weight
        elif not asked.named[term].isdisjoint(about):
            covered += 0.7 * weight
        elif f" {term} " in text:
            covered += 0.5 * weight
    return covered / asked.whole


def _is_cause(asked: Understood, ordinal: int) -> bool:
    """The query names this and, by other words, a symptom: what affects the symptom comes first."""
    entry, terms = asked.entry(ordinal), asked.recognised[ordinal]
    others = [asked.entry(other) for other, names in asked.recognised.items() if names.isdisjoint(terms)]
    symptoms = {other.detail for other in others if other.kind == "symptom"}
    if entry.kind == "symptom" and entry.detail == "condition":
        return bool(symptoms - {"condition"})
    return entry.kind in ("nutrient", "lifestyle_factor") and bool(symptoms)


def _nearest_name(index: SearchIndex, text: str) -> str | None:
    """For an empty answer: the name that the query is most like, if any is."""
    if any(term.startswith("vit") and term[3:4] and len(term) < 7 for term in index.analyzer.terms(text)):
        return None  # another vitamin is not what was meant
    return index.suggestions.nearest(text[:60])
