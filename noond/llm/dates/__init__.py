"""Dates in prose: an own grammar for English, German, French and Spanish.

`find_dates` tells which days a text names, so that an extractor can date a record and the gate
can refuse a date that the text does not hold.
"""

from noond.llm.dates.found import FoundDate, due_ms
from noond.llm.dates.grammar import DateGrammar, find_dates

__all__ = ["DateGrammar", "FoundDate", "due_ms", "find_dates"]
