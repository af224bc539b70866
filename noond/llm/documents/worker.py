"""The program that converts one document and ends: raw bytes on stdin, an answer on stdout.

The answer is a code of `refusal` on a line by itself and, after `ok`, the text in UTF-8. The
process imports its parser first and gives up its rights before it reads the first byte. It imports
no more of noond than this package: it has to start quickly and to hold no secrets.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from noond.llm.documents.confinement import confine, die_with_parent
from noond.llm.documents.refusal import (
    CONVERTER_MISSING,
    DAMAGED,
    OK,
    TOO_LARGE,
    RefusedError,
)

# A module is imported only for its own documents: none needs the others' parsers.
_CONVERTERS = {
    ".pdf": "pdf_text",
    ".docx": "docx_text",
    ".html": "html_text",
    ".htm": "html_text",
}
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls but tab and newline, soft hyphens, byte order marks, halves of surrogate pairs.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\ufeff\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")
# Parsers descend by recursion; depth beyond this is damage or an attack.
_RECURSION = 4000
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib")


def main(arguments: Sequence[str]) -> None:
    """Convert stdin; `arguments` are parent's pid, extension, seconds, memory and output bytes."""
    parent, extension = int(arguments[0]), arguments[1]
    seconds, memory_bytes, output_bytes = map(int, arguments[2:])
    die_with_parent(parent)
    try:
        convert = converter(extension)
    except ImportError:
        _answer(CONVERTER_MISSING)
    confine(seconds=seconds, memory_bytes=memory_bytes, readable=_import_directories())
    sys.setrecursionlimit(_RECURSION)
    try:
        text = tidy(convert(sys.stdin.buffer.read())).encode("utf-8")
        code = OK if len(text) <= output_bytes else TOO_LARGE
    except RefusedError as refusal:
        code = refusal.code
    except Exception as error:  # noqa: BLE001 - parsers raise anything on a hostile document
        code = TOO_LARGE if _lacked_memory(error) else DAMAGED
    _answer(code, text if code == OK else b"")


def converter(extension: str) -> Callable[[bytes], str]:
    """The function for documents of this extension; raises ImportError if its parser is missing."""
    name = _CONVERTERS[extension]
    module = importlib.import_module(f"noond.llm.documents.{name}")
    function: Callable[[bytes], str] = getattr(module, name)
    return function


def tidy(text: str) -> str:
    """The text in NFC with LF line ends, without control characters and runs of empty lines."""
    lines = _DROPPED.sub("", _LINE_ENDS.sub("\n", text)).split("\n")
    text = "\n".join(line.rstrip(" \t\xa0") for line in lines)
    return unicodedata.normalize("NFC", _BLANK_LINES.sub("\n\n", text)).strip("\n")


def _lacked_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _import_directories() -> list[str]:
    # The last entry of sys.path is the folder of the noond package, appended by the parent. It may
    # be a checkout in somebody's home: of it only the package itself is to be read.
    package = str(Path(__file__).parents[2])
    found = (package, *sys.path[:-1], *_SYSTEM_LIBRARIES)
    return [directory for directory in found if Path(directory).is_dir()]


def _answer(code: str, text: bytes = b"") -> None:
    """Write the answer and end at once: taking a large tree apart would cost time."""
    rest = memoryview(code.encode("ascii") + b"\n" + text)
    while rest:
        rest = rest[os.write(1, rest) :]
    os._exit(0)
