"""The index of a release: a directory that is built once on a machine and opened by memory map in each process.

`records` holds a document for each record, `words` one for each term of theirs. What a search needs to know of a record
is stored with it, so a process holds what it looked at last, not the whole.
"""

import gc
import math
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from weakref import proxy

import tantivy
from pydantic import TypeAdapter
from sqlalchemy import Connection, select
from sqlmodel import col
from tantivy import Occur, Query

from app.api.records import ReleaseInfo, release_info
from app.database.engines import reading_engine
from app.database.models import Dataset
from app.schemas.vocabulary import Vocabulary
from app.search.analysis import WORD, Analyzer
from app.search.entries import ENTITIES, Entry, Name, read_entries
from app.search.spelling import Speller, is_english
from app.settings import Settings

WEAK = 0.2
"""Weight of a weak word, as part of what another word of the same frequency weighs."""
SAME_NAME = 20
"""Records that one name may lead to: a very common name tells them apart no more, and would make each query slow."""
REMEMBERED = 600
"""Records that a process keeps at hand, some 5 KB each."""
MOST_JOINED = 4
"""Words of a name inside another one: few have more, and each costs a look at every name."""
WRITER_BYTES = 1_000_000_000
"""At most, as needed: all documents stand in one segment, so each has its ordinal for number and the same score in each
build."""
LONGEST_START = 24
"""Letters of a beginning that are looked up; more are compared with the names found."""
NAMES, ALIASES, LATER = "begins", "alias", "later"
"""Fields of beginnings: of a record's name, of its aliases, and of later words of both."""

ENTRY = TypeAdapter(Entry)
Titles = dict[frozenset[str], tuple[str, list[str], bool]]


class SearchIndex:
    """The opened index. Records are known by their ordinals; `about` is what the dataset says of itself."""

    def __init__(self, folder: Path, vocabulary: Vocabulary, about: ReleaseInfo) -> None:
        self.about = about
        self.analyzer = Analyzer(vocabulary)
        self._records = _open(folder / "records")
        self.searcher = self._records.searcher()
        self.schema = self._records.schema
        self.size = self.searcher.num_docs
        self.speller = Speller(_open(folder / "words"), self.analyzer)
        # by a weak reference: a cycle would keep what is remembered of an old release until a rare collection
        own = proxy(self)
        self.entry = lru_cache(REMEMBERED)(partial(SearchIndex._entry, own))
        """The record of an ordinal."""
        self.weight = lru_cache(10 * REMEMBERED)(partial(SearchIndex._weight, own))
        """How much a term tells: the rarer, the more; weak words tell little."""

    def frequency(self, term: str) -> int:
        """Records that hold the term."""
        return self.searcher.doc_freq("text", term)

    def named(self, terms: Iterable[str]) -> list[int]:
        """Records that have exactly this name."""
        return self._holding("name", name_key(terms))

    def of_slug(self, slug: str) -> list[int]:
        return self._holding("slug", slug)

    def find(self, query: Query, limit: int) -> list[int]:
        return [address.doc for _, address in self.searcher.search(query, limit, count=False).hits]

    def _holding(self, field: str, term: str) -> list[int]:
        # most of what is looked up is not there, which the count tells at once
        if not self.searcher.doc_freq(field, term):
            return []
        return self.find(Query.const_score_query(Query.term_query(self.schema, field, term), 1), SAME_NAME)

    def _entry(self, ordinal: int) -> Entry:
        entry = ENTRY.validate_json(self.searcher.doc(tantivy.DocAddress(0, ordinal))["data"][0])
        entry.complete()
        return entry

    def _weight(self, term: str) -> float:
        return _told(term, self.frequency(term), self.size, self.analyzer)


def any_of(queries: list[Query], needed: int = 1) -> Query:
    """What fits so many of the queries."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries], minimum_number_should_match=needed)


def open_index(connection: Connection, folder: Path) -> SearchIndex:
    """The index in the folder, of the dataset that the connection sees."""
    return SearchIndex(folder, _vocabulary(connection), release_info(connection))


def build_index(connection: Connection, folder: Path) -> None:
    """Write the index of the dataset that the connection sees; `NotReady` where there is none."""
    release_info(connection)
    write_index(read_entries(connection), _vocabulary(connection), folder)


def write_index(entries: Sequence[Entry], vocabulary: Vocabulary, folder: Path) -> None:
    """Write the index of these records, which are completed: their names, terms and what they answer."""
    analyzer = Analyzer(vocabulary)
    texts, titles, frequency, used = [], [], Counter[str](), Counter[str]()
    # of a term, the words of the records that it stands for, as written
    surfaces: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        named = (entry.name, *entry.aliases)
        read, found, entry.keys = list[str](), list[list[str]](), []
        for text in (*named, *entry.passages):
            written = WORD.findall(text)
            folded = list(map(analyzer.fold, written))
            terms = []
            for term, start, end in analyzer.parts(folded):
                surfaces[term].add(written[start] if end == start + 1 else _stretch(text, start, end))
                terms.append(term)
            if len(found) < len(named):
                entry.keys.append(analyzer.key(folded))
            read += folded
            found.append(terms)
        entry.terms = [f" {' '.join(dict.fromkeys(terms))} " for terms in found[len(named) :]]
        titles.append(_titles(entry, found, analyzer))
        texts.append(" ".join(whole := list(chain.from_iterable(found))))
        frequency.update(set(whole))
        used.update(read)
    weights = {term: _told(term, known, len(entries), analyzer) for term, known in frequency.items()}
    _name(entries, titles, weights, analyzer)
    _write_records(folder / "records", entries, texts, analyzer)
    words: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for word, count in used.items():
        words[analyzer.stem(word)][word] = count
    Speller.write(folder / "words", words, surfaces)


def _stretch(text: str, start: int, end: int) -> str:
    """The text from one word to before another."""
    found = [match.span(1) for match in WORD.finditer(text)]
    return text[found[start][0] : found[end - 1][1]]


def name_key(terms: Iterable[str]) -> str:
    """By which a name is looked up, in whatever order its words stand."""
    return " ".join(sorted(terms))


def _told(term: str, known: int, size: int, analyzer: Analyzer) -> float:
    is_weak = term in analyzer.weak or term.isdigit() or (not known and is_english(term))
    # the root keeps rare words from drowning the names of what much is written about
    return math.sqrt(math.log(1 + (size + 1) / (known + 0.5))) * (WEAK if is_weak else 1)


def _vocabulary(connection: Connection) -> Vocabulary:
    return Vocabulary.model_validate_json(connection.scalar(select(col(Dataset.vocabulary))) or "{}")


def _open(folder: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(folder))
    # nothing is ever written to it again: no thread need watch it
    index.config_reader("manual")
    return index


def _titles(entry: Entry, found: Sequence[list[str]], analyzer: Analyzer) -> Titles:
    """The names of a record, each once by its telling terms: its text, those in order, and whether it is no alias. The
    terms of its name and aliases were found."""
    # "Vitamin B1 (thiamine)" is two names
    head, bracket, tail = entry.name.partition(" (")
    parts = (head, tail.rstrip(")")) if bracket else ()
    primary = [(entry.name, found[0]), *((part, analyzer.terms(part)) for part in parts)]
    titles: Titles = {}
    for place, (text, terms) in enumerate((*primary, *zip(entry.aliases, found[1:], strict=False))):
        if telling := analyzer.telling(terms):
            titles.setdefault(frozenset(telling), (text, telling, place < len(primary)))
    return titles


def _name(entries: Sequence[Entry], titles: Sequence[Titles], weights: Mapping[str, float], analyzer: Analyzer) -> None:
    """Give the entries their names, and what those that name nothing answer."""
    called: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    """The terms of an entity's name -> the slugs of those called so, behind a slash: no term is like them."""
    for entry, names in zip(entries, titles, strict=True):
        if entry.kind in ENTITIES:
            for key in names:
                called[key].append(f"/{entry.slug}")
        else:
            entry.answers = analyzer.intents(analyzer.words(entry.name))
    telling = frozenset[str]().union(*called)
    for entry, names in zip(entries, titles, strict=True):
        for text, terms, primary in names.values():
            weighed: dict[str, tuple[float, list[str]]] = {term: (weights[term], []) for term in terms}
            if not telling.isdisjoint(terms):
                _link(weighed, called)
            entry.names.append(Name(text, weighed, sum([weights[term] for term in terms]), primary))


def _link(weighed: Mapping[str, tuple[float, list[str]]], called: Mapping[frozenset[str], Sequence[str]]) -> None:
    """Tell the terms of a name what they name: neighbours together what one alone does not."""
    terms = list(weighed)
    for size in range(1, MOST_JOINED + 1):
        for i in range(len(terms) - size + 1):
            if slugs := called.get(frozenset(terms[i : i + size])):
                for term in terms[i : i + size]:
                    known = weighed[term][1]
                    known.extend(slug for slug in slugs[:SAME_NAME] if slug not in known)


def _write_records(folder: Path, entries: Sequence[Entry], texts: Sequence[str], analyzer: Analyzer) -> None:
    builder = tantivy.SchemaBuilder()
    for field in ("names", "heads", "text"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    for field in ("about", "topic"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    for field in ("kind", "slug", "name"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in (NAMES, ALIASES, LATER):
        builder.add_text_field(field, tokenizer_name="start", index_option="basic")
    builder.add_bytes_field("data", stored=True)
    folder.mkdir(parents=True)
    index = tantivy.Index(builder.build(), str(folder))
    starts = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(1, LONGEST_START, prefix_only=True)).build()
    index.register_tokenizer("start", starts)
    # one thread: the documents stand in the order in which they are added
    writer = index.writer(heap_size=WRITER_BYTES, num_threads=1)
    for entry, text in zip(entries, texts, strict=True):
        about = " ".join(sorted(entry.about))
        document = tantivy.Document()
        document.add_text("names", " ".join(term for name in entry.names for term in sorted(name.terms)))
        if entry.kind in ENTITIES:
            document.add_text("heads", " ".join(term for name in entry.names for term in name.terms))
        document.add_text("text", text)
        document.add_text("about", about)
        document.add_text("topic", "" if entry.kind in ENTITIES else about)
        document.add_text("kind", entry.kind)
        document.add_text("slug", entry.slug)
        document.add_bytes("data", ENTRY.dump_json(entry))
        for name in entry.names:
            document.add_text("name", name_key(name.terms))
        for field, start in sorted(set(_starts(entry.keys, analyzer.vocabulary.stop_words))):
            document.add_text(field, start)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _starts(keys: Sequence[str], stop_words: Container[str]) -> Iterator[tuple[str, str]]:
    for place, key in enumerate(keys):
        words = key.split()
        for i, word in enumerate(words):
            if i == 0 or word not in stop_words:
                yield LATER if i else ALIASES if place else NAMES, " ".join(words[i:])[:LONGEST_START]


def main() -> None:
    """Write the index of the database of DATABASE_URL into the folder that is named."""
    # all that is made stays until the end: a collector that looks through it finds nothing, in a quarter of the time
    gc.disable()
    # who presses Ctrl-C reads what the process that waits for this one says
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with reading_engine(Settings().database_url, 1).connect() as connection:
        build_index(connection, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
