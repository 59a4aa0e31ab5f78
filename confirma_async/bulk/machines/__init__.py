"""Jobs that one process plans, and workers on any number of machines send (extra ``postgres``)."""
