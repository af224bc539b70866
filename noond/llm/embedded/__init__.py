"""The embedded extractor: rules, no model, no network.

`source_text` gives the text that is read and quoted, `extract` the records that it states. What
they read and can't see is told in docs/extraction.md.
"""

from __future__ import annotations

from noond.llm.embedded.source import source_text
from noond.models.document import Candidate, DeviceContext, Document, Table

__all__ = ["EMBEDDED_VERSION", "extract", "source_text"]

EMBEDDED_VERSION = "3"
"""Changes whenever the rules do: it is part of the extractor's fingerprint."""


def extract(
    document: Document, tables: frozenset[Table], context: DeviceContext | None = None
) -> list[Candidate]:
    """The records that the document states explicitly, in the order of the text.

    `document.text` is what `source_text` gives, NFC, lines ended by LF. Pure and deterministic,
    linear in the text's length, and never raises for any text.
    """
    # The grammars take a fifth of a second to load: where they are needed, not where the
    # daemon starts.
    from noond.llm.embedded.extractor import read_document  # noqa: PLC0415

    return read_document(document, tables, context)
