"""What the service does, as rules and plain functions: no clock, no storage.

``invoices`` leads an invoice up to its delivery, ``cases`` an unpaid one from there on, in the ``stages`` of
``Terms``. ``money`` says what becomes of what is paid, ``actions`` what the seven actions do, ``accounting``
how records reach the books. Every rule names the sentence of the wire contract that it is based on, or says
that it is this project's own; what no rule says is in ``assumptions``.
"""
