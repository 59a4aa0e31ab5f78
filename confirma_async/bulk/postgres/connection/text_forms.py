"""Values in the text forms that the server reads them in: rows of a COPY, and arrays.

The driver makes an array of one value after another, which for many rows costs more than the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(rows: Iterable[Sequence[object]]) -> str:
    r"""Return rows in the text format of COPY; a value that is None stands as ``\N``."""
    lines = [
        "\t".join(
            ["\\N" if value is None else str(value) if type(value) is int else _field(value) for value in row]
        )
        for row in rows
    ]
    return "".join([f"{line}\n" for line in lines])


def _field(value: object) -> str:
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value).translate(_ESCAPES)


def array_text(numbers: Iterable[int]) -> str:
    """Return whole numbers as the text of an array."""
    return f"{{{','.join(map(str, numbers))}}}"


def data_array(values: Iterable[bytes]) -> str:
    """Return data as the text of an array."""
    quoted = [f'"\\\\x{value.hex()}"' for value in values]
    return f"{{{','.join(quoted)}}}"
