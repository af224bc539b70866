"""The embedded extractor: rules, no model, no network."""

from noond.llm.embedded.extractor import EMBEDDED_VERSION, extract
from noond.llm.embedded.source import source_text

__all__ = ["EMBEDDED_VERSION", "extract", "source_text"]
