"""Spending limits that are nearly used up: found when the budget warns, over when they renew."""

from __future__ import annotations

from noond.clock import rfc3339
from noond.models.finding import FindingKind, Observation
from noond.models.usage import BudgetStanding


def nearly_used(user_id: str, standing: BudgetStanding) -> Observation:
    """What the budget's warning says to the user; that of all users together to administrators."""
    payer = standing.payer
    limited = payer.run_id or payer.agent_id
    return Observation(
        user_id=None if payer.user_id is None else user_id,
        kind=FindingKind.BUDGET_NEARLY_USED,
        subject=standing.setting if limited is None else f"{standing.setting}:{limited}",
        title="The money for models is nearly used up",
        detail=f"{standing.setting} = {standing.limit_usd:g} US dollars is used to 80 %; at the "
        f"limit runs wait until {rfc3339(standing.reset_at)}.",
        expires_at=standing.reset_at,
    )
