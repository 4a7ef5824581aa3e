"""Columns of stores' tables, which are never null unless it is said."""

from sqlalchemy import BigInteger, Column, Text


def number(*, primary: bool = False, nullable: bool = False) -> Column[int]:
    """A number of 64 bits, which the database does not count up by itself."""
    return Column(BigInteger, primary_key=primary, nullable=nullable, autoincrement=False)


def string(*, primary: bool = False, nullable: bool = False) -> Column[str]:
    """Text of any length."""
    return Column(Text, primary_key=primary, nullable=nullable)
