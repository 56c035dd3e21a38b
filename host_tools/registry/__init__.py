"""The registry of an issuing office: enterprises, holders, cards, certificates, and everything done to them.

Read `states.py`, then `models.py`, then `work.py`: what may be done in one transaction. `log.py` is the log that
shows tampering, `database.py` the way to SQLite or PostgreSQL.
"""
