"""A comparison as a page that needs nothing beside it."""

from __future__ import annotations

from confirma_async.cli.output.printer import html
from confirma_async.comparison import Comparison


def as_page(found: Comparison) -> str:
    """The page: each finding in a row, differences first."""
    rows = "".join(
        f"<tr class='{each.standing.value.split()[0]}'><td>{html(each.standing.value)}</td>"
        f"<td>{html(each.what)}</td><td>{html(each.about)}</td><td>{html(each.told)}</td>"
        f"<td>{each.count}</td></tr>"
        for each in found.findings
    )
    counts = ", ".join(f"{count} {html(standing)}" for standing, count in found.counts.items())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Contract</title><style>"
        "body{font:15px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left;vertical-align:top}"
        ".differs,.unknown{background:#fdecc8}</style></head><body>"
        f"<h1>Compared with {html(found.source)}</h1><p>{counts}</p><table><thead><tr><th>Standing</th>"
        "<th>What</th><th>About</th><th>Found</th><th>Count</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>\n"
    )
