"""A local Codat: companies, connections, Link pages, first reads and signed webhooks over real HTTP.

It knows nothing of the portal and the portal reaches it by address only. What it does and why
follows Codat's public documentation; where that is silent, the choice is named in the code.
"""
