"""Ranking: from what a query names and asks to hits, best first.

A hit's score is the sum of its features, each times its weight in `weights.json`. The weights are learned from
questions and the records that answer them (`python -m tests.search_eval --learn`), never edited by hand.
"""

import json
import math
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from tantivy import Occur, Query

from app.schemas.vocabulary import Intent
from app.search.entries import ENTITIES, SEARCHED, Entry, Name
from app.search.index import SearchIndex, any_of
from app.search.query import Understood
from app.search.suggestions import nearest

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
WEIGHTS: dict[str, float] = json.loads(WEIGHTS_FILE.read_bytes())

Matched = Literal["name", "alias", "text", "typo"]

POOL = 32
"""How many of tantivy's best are ranked anew; the rest follow in tantivy's order."""
PASSAGES = 40
"""How many passages of a record are looked at: few have more."""
CERTAIN, STEP = 14.0, 2.5
"""The sum at which a hit is as likely right as wrong, and by how much the sum grows where that is e times as likely: as
seen in the tuning questions. They change no order."""
NAMED = 30
"""How many of the entries that a query names are looked at."""
COVER = 0.6
"""What share of the telling terms a record must hold, unless it joins what the query names; half of it where none
does."""
SAME = 0.9
"""How well a name must fit to ask or name the same: all but a weak word."""
FIT = 0.05
"""How well a name must fit to be the reason of a hit."""


class Hit(NamedTuple):
    """A record that answers a query, and the name by which it does."""

    ordinal: int
    score: float
    matched: Matched
    name: Name | None


class Result(NamedTuple):
    """A page of hits, how many there are in all, a better query where there is one, the words to mark and those that
    nothing explains, and where the amounts are that are asked for."""

    hits: tuple[Hit, ...]
    total: int
    did_you_mean: str | None
    words: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    intakes: str | None = None


def search(index: SearchIndex, text: str, kinds: tuple[str, ...] = (), limit: int = 20, offset: int = 0) -> Result:
    """The hits for a query, best first; the same for the same dataset, whatever the database."""
    asked = Understood(index, text)
    unknown = tuple(asked.unknown)
    if _is_noise(asked):
        return Result((), 0, _nearest_name(index, text), unknown=unknown)
    found = find(asked, kinds, offset + limit)
    # foods that are asked for stand before all but what has the query for a name, the richest foremost; whatever else
    # they say, they need no ranking
    foods = sorted((ordinal for ordinal in found.pool if ordinal in found.foods), key=found.foods.__getitem__)
    ranked = [_hit(asked, ordinal, bm25) for ordinal, bm25 in found.pool.items() if ordinal not in found.foods]
    ranked.sort(key=lambda hit: (-hit.score, hit.ordinal))
    itself, others = list[Hit](), list[Hit]()
    for hit in ranked:
        (itself if _is_itself(asked, hit) else others).append(hit)
    # a name tells more than an alias, which is another record's name at times
    itself.sort(key=lambda hit: asked.entry(hit.ordinal).keys[0] != asked.title)
    least = others[-1].score if others else 0.0
    # below every score of the pool
    others += [Hit(ordinal, least * bm25 / (1 + bm25), "text", None) for ordinal, bm25 in found.rest.items()]
    top = others[0].score if others else 0.0
    hits = [hit._replace(score=asked.known) for hit in itself[offset : offset + limit]]
    start, end = max(0, offset - len(itself)), max(0, offset + limit - len(itself))
    shown = [_hit(asked, ordinal, found.pool[ordinal]) for ordinal in foods[start:end]]
    hits += [hit._replace(score=max(hit.score, top)) for hit in shown]
    hits += others[max(0, start - len(foods)) : max(0, end - len(foods))]
    better = asked.corrected if found.total else _nearest_name(index, text)
    words = index.speller.surfaces(asked.marked)
    return Result(tuple(hits), found.total, better, words, unknown, asked.intakes)


class Found(NamedTuple):
    """What is ranked and what follows, with their BM25; how many fit in all; the places of the foods asked for."""

    pool: dict[int, float]
    rest: dict[int, float]
    total: int
    foods: dict[int, int]


def find(asked: Understood, kinds: tuple[str, ...] = (), most: int = 0) -> Found:
    """What may answer: tantivy's best and what the query names."""
    foods = _foods(asked)
    looked_at = (*islice(asked.recognised, NAMED), *foods)
    # room for so many hits is set aside at once, however few there are: no more than there are records
    room = max(POOL, min(most, asked.index.size))
    for cover in (COVER, COVER / 2):
        found = asked.index.searcher.search(_query(asked, kinds, looked_at, cover), room, count=True)
        if found.hits:
            break
    scores = {address.doc: score for score, address in found.hits}
    pool = dict(islice(scores.items(), POOL))
    for ordinal in looked_at:
        entry = asked.entry(ordinal)
        if entry.slug not in asked.excluded and (not kinds or entry.kind in kinds):
            pool.setdefault(ordinal, 0.0)
    rest = {ordinal: bm25 for ordinal, bm25 in scores.items() if ordinal not in pool}
    # the library's type stubs leave `count` out
    return Found(pool, rest, int(found.count or 0), foods)  # type: ignore[attr-defined]


class Fit(NamedTuple):
    """A name, what share of the query it answers, what share of it the query names, and what share of what it
    names the query does not."""

    name: Name
    recall: float
    precision: float
    other: float

    @property
    def whole(self) -> float:
        """1 where they are the same, 0 where they share nothing."""
        return self.recall * self.precision


def features(asked: Understood, ordinal: int, bm25: float) -> tuple[dict[str, float], Fit | None]:
    """What tells how well a record answers, each between 0 and 1 or near; and its name that the query fits best."""
    entry = asked.entry(ordinal)
    fit, own = _fit(entry, asked)
    # entities, and what joins them, are found by their names in different ways
    group = "entity" if entry.kind in ENTITIES else "join" if SEARCHED[entry.kind].joins else entry.kind
    # the divisors bring them near to the range of the others; they change no order by themselves
    told = {entry.kind: 1.0, "bm25": bm25 / (bm25 + 20), "degree": math.log1p(entry.degree) / 5}
    if fit:
        told |= {
            "fit": fit.whole,
            "precision": fit.precision,
            f"{group} same": float(fit.whole > SAME),
            f"{group} recall": fit.recall,
            "primary": float(fit.name.primary),
            f"{group} other": fit.other,
        }
        if Intent.definition in asked.intents:
            told[f"{group} defined"] = fit.whole
        if ordinal in asked.meant:
            told[f"{entry.kind} {'alone' if len(asked.mentions) == 1 else 'beside others'}"] = fit.recall
            if asked.is_of_food_and_factor:
                # of a banana and a medicine, the medicine is asked about
                told[f"{entry.kind} of food and factor"] = 1.0
            if len(asked.mentions) > 1 and entry.slug in asked.rarest:
                told["rarest"] = fit.precision
                told[f"{entry.kind} rarest"] = 1.0
    if asked.is_of_child and (persons := asked.index.analyzer.persons & entry.places.keys()):
        # "how much iron do adults need", where a child's need is asked for
        told[f"{group} of others"] = float(persons.isdisjoint(asked.index.analyzer.young))
    told |= _cover(asked, entry, own) | _links(asked, entry, group, fit) | _asks(asked, entry, group)
    return told, fit


def _links(asked: Understood, entry: Entry, group: str, fit: Fit | None) -> dict[str, float]:
    """What share of what the query names the record is about, and of what it joins the query names."""
    if not asked.mentions:
        return {}
    hit = [slugs for slugs in asked.mentions if entry.slug in slugs or not slugs.isdisjoint(entry.about)]
    told = {f"{group} mentions": len(hit) / len(asked.mentions)}
    if not hit and fit and fit.other:
        told[f"{group} instead"] = 1.0
    if len(hit) > 1 and entry.kind not in ENTITIES:
        told[f"{group} joins"] = len(hit) / len(asked.mentions)
    if len(asked.mentions) > 1 and entry.kind not in ENTITIES:
        told[f"{group} rarest"] = float(asked.rarest in hit)
    if entry.joins:
        told[f"{entry.kind} joined"] = len(entry.joins & asked.mentioned) / len(entry.joins)
        told["pair"] = float(len(hit) > 1 and not any(map(entry.joins.isdisjoint, asked.mentions)))
    return told


def _asks(asked: Understood, entry: Entry, group: str) -> dict[str, float]:
    """Whether a record of its kind answers what the query asks."""
    told = {f"{entry.kind} {ask}": 1.0 for ask in asked.asks}
    if entry.answers:
        told[f"{group} answers"] = len(asked.intents & entry.answers) / len(entry.answers)
    if asked.intents and entry.kind not in ENTITIES:
        told[f"{group} asked"] = len(asked.intents & entry.answers) / len(asked.intents)
    return told


def _is_itself(asked: Understood, hit: Hit) -> bool:
    """The query is a name of the record; or, where it names a diet and no food or several things, all the words of one
    of a record that joins them; or an entry of the FAQ tells what to eat for the same complaint. A claim is one
    finding: an entry of the FAQ with other words may answer better."""
    entry = asked.entry(hit.ordinal)
    if asked.title in entry.keys:
        return True
    if asked.food and entry.kind == "faq_entry" and hit.name and _is_of_complaint(asked, entry):
        return Intent.food in asked.index.analyzer.intents(asked.index.analyzer.words(hit.name.text))
    is_of_diet = bool(asked.diets) and Intent.food not in asked.intents
    is_joint = len(asked.mentions) > 1 and entry.kind not in (*ENTITIES, "claim")
    return (is_of_diet or is_joint) and hit.name is not None and hit.name.terms.keys() == asked.weights.keys()


def _is_of_complaint(asked: Understood, entry: Entry) -> bool:
    """It is about all that is named, and no nutrient is: the foods of one would be a guess at what helps."""
    is_of_nutrient = any(asked.entry(ordinal).kind == "nutrient" for ordinal in asked.recognised)
    return bool(asked.mentions) and not is_of_nutrient and not any(map(entry.about.isdisjoint, asked.mentions))


def _is_noise(asked: Understood) -> bool:
    """Nothing telling is left, or most of it stands in no record."""
    if asked.recognised or (asked.food and asked.excluded):
        return False
    return 2 * len(asked.strange) >= len(asked.weights)


def _foods(asked: Understood) -> dict[int, int]:
    """The places of the foods that are asked for; empty where no food is asked for.

    Those that the query names come first, then what belongs to those, then the others; in each part the richest first.
    """
    if not asked.food:
        return {}
    within = {slug for named in asked.recognised for slug in asked.entry(named).members}
    # "spinach salad": a part of a name, of which nothing else is named
    rest = {term for term, named in asked.named.items() if not named} - asked.index.analyzer.weak

    def order(ordinal: int) -> tuple[bool, bool, bool]:
        entry = asked.entry(ordinal)
        is_like = any(term in rest for name in entry.names for term in name.terms)
        return ordinal not in asked.recognised, entry.slug not in within, not is_like

    # equal ones stay in their order: the richest first
    return {ordinal: place for place, ordinal in enumerate(sorted(_richest(asked), key=order))}


def _richest(asked: Understood) -> list[int]:
    """What provides the nutrients that are named, richest first; or, where only symptoms are, the nutrient tied most to
    one of them."""
    index, named = asked.index, [asked.entry(ordinal) for ordinal in asked.recognised]
    nutrients = [entry for entry in named if entry.kind == "nutrient"]
    if not nutrients and not any(entry.kind == "lifestyle_factor" for entry in named):
        nutrients = [index.entry(o) for entry in named if entry.remedy for o in index.of_slug(entry.remedy)]
    found = nutrients[0].foods if nutrients else []
    for nutrient in nutrients[1:]:
        found = [ordinal for ordinal in found if ordinal in set(nutrient.foods)] or found
    return [ordinal for ordinal in found if asked.entry(ordinal).slug not in asked.excluded]


def _query(asked: Understood, kinds: tuple[str, ...], looked_at: tuple[int, ...], cover: float) -> Query:
    schema = asked.index.schema
    looked_up = dict.fromkeys(asked.entry(ordinal).slug for ordinal in looked_at)
    parts = [Query.const_score_query(Query.term_query(schema, "slug", slug), 0.0) for slug in looked_up]
    known = [term for term in asked.weights if asked.index.frequency(term)]
    telling = [
        t for t in known if t not in asked.index.analyzer.weak | asked.diets and not (t.isdigit() and len(t) < 3)
    ]
    # a record need not hold a diet's word, but one that does is found by it
    parts += [_clause(asked, term) for term in known if term in asked.diets]
    telling = telling or [term for term in known if term not in asked.diets]
    clauses = [_clause(asked, term) for term in telling]
    if clauses:
        parts.append(any_of(clauses, max(min(2, len(clauses)), math.ceil(cover * len(clauses)))))
        parts += [Query.term_query(schema, "heads", term, "freq") for term in telling]
    if len(asked.mentions) > 1:
        about = [any_of([Query.term_query(schema, "about", s) for s in sorted(slugs)]) for slugs in asked.mentions]
        parts.append(any_of(about, 2))
    bounds = [
        (Occur.MustNot, Query.term_query(schema, field, slug))
        for field, slugs in (("slug", asked.excluded), ("topic", asked.negated))
        for slug in sorted(slugs)
    ]
    if kinds:
        of_kind = any_of([Query.term_query(schema, "kind", kind) for kind in kinds])
        bounds.append((Occur.Must, Query.const_score_query(of_kind, 0.0)))
    return Query.boolean_query([(Occur.Must, any_of(parts)), *bounds])


def _clause(asked: Understood, term: str) -> Query:
    """A record holds the term, or is about what the term names."""
    schema = asked.index.schema
    text = Query.term_query(schema, "text", term, "freq")
    names = Query.boost_query(Query.term_query(schema, "names", term, "freq"), 2.0)
    return any_of([text, names, *(Query.term_query(schema, "about", slug) for slug in sorted(asked.named[term])[:3])])


def _hit(asked: Understood, ordinal: int, bm25: float) -> Hit:
    told, fit = features(asked, ordinal, bm25)
    matched: Matched = "text"
    name = fit.name if fit and fit.whole >= FIT else None
    if name:
        matched = "typo" if name.terms.keys() & asked.corrections else "name" if name.primary else "alias"
    # between 0 and 1: what nothing explains takes from it what it weighs
    return Hit(ordinal, asked.known / (1 + math.exp((CERTAIN - score(told)) / STEP)), matched, name)


def score(told: dict[str, float]) -> float:
    return sum([WEIGHTS.get(feature, 0.0) * value for feature, value in told.items()])


def _fit(entry: Entry, asked: Understood) -> tuple[Fit | None, int]:
    """The name that the query fits best, by its words or what they name; and the terms that any name answers, as bits
    in the order of the query."""
    said: defaultdict[int, dict[str, float]] = defaultdict(dict)
    answered: defaultdict[int, int] = defaultdict(int)
    own = 0
    for place, terms in asked.places.items():
        for i, term, weight in entry.places.get(place, ()):
            # no `max` and `get`: this runs thousands of times in a query
            name = said[i]
            if term not in name or name[term] < weight:
                name[term] = weight
            answered[i] |= terms
            own |= terms
    best: tuple[float, int, float, float] = (-1.0, 0, 0.0, 0.0)
    for i in sorted(said):
        recall = asked.share(answered[i])
        # no name answers more than it says: most need no look at how much of it is said
        if recall > best[0]:
            precision = sum(said[i].values()) / entry.names[i].weight
            if recall * precision > best[0]:
                best = recall * precision, i, recall, precision
    if not said:
        return None, own
    _, i, recall, precision = best
    naming = [term not in said[i] for term, (_, slugs) in entry.names[i].terms.items() if slugs]
    return Fit(entry.names[i], recall, precision, sum(naming) / max(1, len(naming))), own


def _cover(asked: Understood, entry: Entry, own: int) -> dict[str, float]:
    """What share of the query the record answers by its names, by what it is about, by its text alone; what share the
    heaviest term has that neither names nor links answer; and the share of the one passage that holds most of it."""
    by_name = asked.share(own)
    by_link = by_text = missed = 0.0
    held = []
    for bit, (term, share) in enumerate(asked.shares.items()):
        if own >> bit & 1:
            continue
        padded = f" {term} "
        if is_held := padded in entry.text:
            held.append((padded, share))
        if not asked.named[term].isdisjoint(entry.about):
            by_link += share
        else:
            missed = max(missed, share)
            by_text += share * is_held
    # what its names say, no passage need repeat
    passage = held[0][1] if held else 0.0
    if len(held) > 1:
        passage = max(sum([share for term, share in held if term in terms]) for terms in entry.terms[:PASSAGES])
    return {
        "own": by_name,
        "about": by_link,
        "text": by_text,
        "covered": by_name + by_link + by_text,
        "missed": missed,
        "passage": by_name + passage,
    }


def _nearest_name(index: SearchIndex, text: str) -> str | None:
    """For an empty answer: the name that the query is most like, if any is."""
    if any(term.startswith("vit") and term[3:4] and len(term) < 7 for term in index.analyzer.terms(text)):
        return None  # another vitamin is not what was meant
    return nearest(index, text[:60])
