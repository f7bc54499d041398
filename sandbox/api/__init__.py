"""Codat's public API, a module for each group of operations."""

from sandbox.api import companies, connections, consumers, data, expenses, integrations, payables, profile

__all__ = ["companies", "connections", "consumers", "data", "expenses", "integrations", "payables", "profile"]
