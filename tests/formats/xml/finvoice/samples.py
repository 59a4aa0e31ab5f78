"""The project's own example of Finvoice."""

from __future__ import annotations

import re
from pathlib import Path

EXAMPLE = Path(__file__).parents[4] / "examples" / "finvoice" / "invoices.xml"
DELIVERY = EXAMPLE.read_bytes().decode("iso-8859-15")
ENVELOPE, INVOICE, _, CREDIT_NOTE = re.split(r"(?=<\?xml)|(?<=</Finvoice>)\n(?=<SOAP)", DELIVERY.strip())
