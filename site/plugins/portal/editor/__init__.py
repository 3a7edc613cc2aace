"""Implement the editors' commands, such as build and publish, and bundle the browsers' code."""
