"""Positions in a Party committee (cấp uỷ), by the codes that rosters and rolls carry."""

from sync_server.domain.records.kinds import Office

COMMITTEE = ("BI_THU", "PHO_BI_THU", "CAP_UY_VIEN")
"""Secretary, Deputy Secretary, member of the committee: in the order of rank."""

OFFICES: dict[str, Office] = {"BI_THU": "secretary", "PHO_BI_THU": "deputy"}
"""The positions that may preside at a point (checklist rows 24 and 25)."""
