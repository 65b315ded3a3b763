"""Runbooks and architecture notes: what a document is about, what its sentences state, its steps and links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent.knowledge.statements import Named, Statement, statements_in
from agent.model import Entity, Json
from agent.redaction import redact
from integrations.repository.documents import NotYaml, documents
from integrations.repository.facts import Facts
from integrations.repository.manifests import environment_of
from integrations.repository.snapshot import Snapshot

SURE_OF_SUBJECT = 0.6
SURE_OF_STATEMENT = 0.55
_HEADINGS, _STEPS, _LINKS = 20, 25, 15
_SHORT = 160
_MOST_DOCUMENTS = 2_000
_RUNBOOK = re.compile(r"run-?books?|play-?books?|on-?call|troubleshoot", re.I)
_GENERIC = frozenset({"readme", "index", "runbook", "architecture", "overview", "notes", "docs"})
_PRONOUN = re.compile(r"(^|[.!;] )(?:It|This service|The service|This job|The job) ")
_SUBJECT_FIELDS = ("service", "services", "entity", "system", "component", "alert_service")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*\n", re.S)


class Paragraph(NamedTuple):
    """A run of prose with the line it begins on."""

    text: str
    line: int


class Note(NamedTuple):
    """A document as far as it is understood."""

    title: str
    front: Json
    headings: tuple[str, ...]
    steps: tuple[str, ...]
    links: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]


def read_note(text: str) -> Note:
    """A Markdown document's parts, in plain text. Code and HTML are left out."""
    front, body, skipped = _front_matter(text)
    tokens = _parser().parse(body)
    headings: list[tuple[str, str]] = []
    steps: list[str] = []
    paragraphs: list[Paragraph] = []
    within: list[str] = []
    for token, before in zip(tokens, [None, *tokens], strict=False):
        if token.type in ("ordered_list_open", "bullet_list_open"):
            within.append(token.type)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            within.pop()
        elif token.type == "inline" and before is not None:
            plain = _plain(token)
            if before.type == "heading_open":
                headings.append((before.tag, plain))
            else:
                line = (token.map[0] if token.map else 0) + 1 + skipped
                paragraphs.append(Paragraph(plain, line))
                if "ordered_list_open" in within:
                    steps.append(plain)
    title = str(front.get("title") or next((t for tag, t in headings if tag == "h1"), ""))
    return Note(
        title,
        front,
        tuple(t for _, t in headings),
        tuple(steps),
        tuple(_links(tokens)),
        tuple(paragraphs),
    )


class Notes:
    """The Markdown of a snapshot.

    Args:
        named: the entities that prose may speak of.
    """

    def __init__(self, snapshot: Snapshot, named: Named) -> None:
        self._snapshot = snapshot
        self._named = named

    def add_to(self, facts: Facts) -> None:
        """Add the documents that are about something known, and what they state."""
        found = list(self._snapshot.named(".md", ".markdown"))[:_MOST_DOCUMENTS]
        for path, text in found:
            note = read_note(text)
            subjects = self._add_document(facts, path, note)
            for paragraph in note.paragraphs:
                prose = _spelt_out(paragraph.text, subjects)
                for statement in statements_in(prose, self._named.known):
                    link = self._snapshot.link(path, paragraph.line)
                    relate(facts, self._named, statement, link, SURE_OF_STATEMENT)

    def _add_document(self, facts: Facts, path: str, note: Note) -> list[Entity]:
        subjects = list(self._subjects(path, note))
        is_runbook = bool(_RUNBOOK.search(f"{path} {note.title}"))
        if not subjects and not is_runbook:
            return []
        link = self._snapshot.link(path)
        name = PurePosixPath(path).with_suffix("").as_posix()
        key = facts.entity(
            name,
            "runbook" if is_runbook else "document",
            environment=environment_of(path),
            properties={
                "title": _short(note.title or PurePosixPath(path).stem),
                "link": self._snapshot.page(path),
                "path": path,
                "headings": [_short(h) for h in note.headings[:_HEADINGS]],
                "steps": [_short(s) for s in note.steps[:_STEPS]],
                "links": [_short(u) for u in note.links[:_LINKS]],
            },
        )
        for entity in subjects:
            facts.relate(key, entity.key, "documents", link, SURE_OF_SUBJECT)
        return subjects

    def _subjects(self, path: str, note: Note) -> Iterator[Entity]:
        """What it is about: what its front matter says, else what its title names, else its file's or folder's name."""
        said = [w for f in _SUBJECT_FIELDS for w in _words(note.front.get(f))]
        if found := [e for w in said if (e := self._entity(w)) is not None]:
            yield from _unique(found)
            return
        mentioned = [self._named.entity(m.name) for m in self._named.known.mentions(note.title)]
        if found := [e for e in mentioned if e is not None]:
            yield from _unique(found)
            return
        place = PurePosixPath(path)
        for word in (place.stem, place.parent.name):
            stem = word.lower().removesuffix("-runbook").removeprefix("runbook-")
            if stem not in _GENERIC and (entity := self._entity(stem)) is not None:
                yield entity
                return

    def _entity(self, word: str) -> Entity | None:
        name = self._named.known.called(word)
        return self._named.entity(name) if name is not None else None


def relate(
    facts: Facts, named: Named, statement: Statement, evidence: str, most_sure: float
) -> None:
    """Add a statement in prose as a relation, as sure as its hedges and its source allow."""
    source = named.entity(statement.subject, acting=statement.kind == "owns")
    target = named.entity(statement.object)
    if source is None or target is None or statement.kind in ("schedule", "same_as"):
        return
    sure = round(most_sure * statement.confidence / 0.6, 3)
    facts.relate(source.key, target.key, statement.kind, evidence, sure, holds=statement.holds)


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": 20, "html": True}).enable("table")


def _front_matter(text: str) -> tuple[Json, str, int]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text, 0
    try:
        found = documents("", match[1])
    except NotYaml:
        found = []
    front = found[0].data if found and isinstance(found[0].data, dict) else {}
    return front, text[match.end() :], match[0].count("\n")


def _plain(token: Token) -> str:
    parts = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return " ".join("".join(parts).split())


def _links(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        for child in token.children or []:
            href = str(child.attrs.get("href", "")) if child.type == "link_open" else ""
            if href.startswith(("https://", "http://")):
                yield href


def _spelt_out(text: str, subjects: Sequence[Entity]) -> str:
    """The text with the document's subject where a sentence begins with a pronoun."""
    if len(subjects) != 1:
        return text
    return _PRONOUN.sub(lambda m: f"{m[1]}{subjects[0].name} ", text)


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [w for w in re.split(r"[,\s]+", value) if w]
    return [str(v) for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _short(text: str) -> str:
    line = redact(" ".join(text.split()))
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"


def _unique(entities: Sequence[Entity]) -> Iterator[Entity]:
    yield from {e.key: e for e in entities}.values()
