"""Column types that the tables of the bus share, the same on SQLite and PostgreSQL."""

from sqlalchemy import BigInteger, Integer

SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only a plain INTEGER primary key
