"""PDF to text by pypdf: page after page, in the order in which the page draws its text.

Files with only an owner's password open for everybody and are read. Text that is drawn invisibly
is kept: the layer of recognised text under a scan is drawn so.
"""

from __future__ import annotations

import io

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from noond.llm.documents.refusal import ENCRYPTED, NO_TEXT, TOO_LARGE, RefusedError

# Letters that a font draws as one shape and that nobody types.
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)


def pdf_text(raw: bytes) -> str:
    """The text of all pages, an empty line between them.

    Raises RefusedError: encrypted, without text (a scan), or larger than the parser's limits.
    """
    try:
        reader = PdfReader(io.BytesIO(raw), strict=False)
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise RefusedError(ENCRYPTED)
        pages = [page.extract_text().strip() for page in reader.pages]
    except (DependencyError, FileNotDecryptedError):
        raise RefusedError(ENCRYPTED) from None
    except LimitReachedError:
        raise RefusedError(TOO_LARGE) from None
    text = "\n\n".join(page for page in pages if page)
    if not text:
        raise RefusedError(NO_TEXT)
    return text.translate(_LIGATURES)
