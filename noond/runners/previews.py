"""Dry runs applied, runs undone, runs compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from noond.clock import Clock
from noond.errors import Conflict
from noond.models.preview import Found, Proposal, RunDiff, RunMode
from noond.models.run import Run
from noond.runners.outbox import Outbox
from noond.runners.progress import Progress
from noond.store import devices, journal, ledger, proposals, retractions, runs
from noond.store.database import Database
from noond.store.ledger import KnownFile
from noond.store.retractions import RetractionCounts
from noond.store.rows import Connection, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverting:
    """What undoing a run begins: `deleting` records, `kept` those a person approved or edited."""

    deleting: int
    kept: int


class Previews:
    """Looks at what runs would do or have done, and applies or undoes it."""

    def __init__(
        self, database: Database, clock: Clock, outbox: Outbox, progress: Progress
    ) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._progress = progress

    async def proposals(
        self, user_id: str, run_id: str, *, limit: int, after: str | None = None
    ) -> Sequence[Proposal]:
        """The dry run's proposals, oldest first, ids above `after`. Raises NotFound."""

        def load(connection: Connection) -> Sequence[Proposal]:
            runs.get(connection, user_id, run_id)
            return proposals.list_of_run(connection, user_id, run_id, limit=limit, after=after)

        return await self._database.read(load)

    async def apply(self, user_id: str, run_id: str) -> int:
        """Journal a finished dry run's proposals, without a second call to the model.

        The files it read are done then, unless they were read again since. Returns how many
        records are new. Raises NotFound, or Conflict when this is no finished dry run, or was
        applied before.
        """

        def work(tx: Transaction) -> tuple[Run, int]:
            run = runs.get(tx, user_id, run_id)
            if run.mode is not RunMode.DRY_RUN:
                raise Conflict("only a dry run can be applied")
            if not run.status.final:
                raise Conflict("the dry run has not ended yet; wait for it")
            if devices.find(tx, user_id, run.device_id) is None:
                raise Conflict("the run's device was removed")
            if not runs.set_applied(tx, user_id, run_id, now=self._clock.now()):
                raise Conflict("this dry run was applied before")
            return run, self._journal(tx, run)

        run, count = await self._database.write(work)
        if count:
            self._outbox.journaled(user_id, run.device_id)
        self._progress.touch(user_id, run_id)
        return count

    def _journal(self, tx: Transaction, run: Run) -> int:
        now = self._clock.now()
        found = proposals.list_of_run(tx, run.user_id, run.id)
        prints = [each.fingerprint for each in found]
        files = proposals.list_files(tx, run.user_id, run.id)
        extractor = files[0].extractor if files else ""
        known = journal.novelty(tx, run.user_id, run.agent_id, prints, extractor=extractor)
        fresh = [each for each in found if each.fingerprint not in known]
        for each in fresh:
            journal.insert_record(
                tx,
                run,
                each.record,
                fingerprint=each.fingerprint,
                path=each.path,
                sha256=each.sha256,
                extractor=each.extractor,
                now=now,
            )
        later = ledger.find(tx, run.user_id, run.agent_id, [file.path for file in files])
        for file in files:
            entry = later.get(file.path)
            if entry is None or entry.run_id < run.id:  # UUIDv7: the later run has the greater id
                done = KnownFile(
                    sha256=file.sha256,
                    extractor=file.extractor,
                    origin_path=file.origin_path,
                    run_id=run.id,
                )
                ledger.put(tx, run.user_id, run.agent_id, file.path, done, now=now)
        return len(fresh)

    async def revert(self, user_id: str, run_id: str) -> Reverting:
        """Delete the run's records from its device, except those a person approved or edited.

        What is undone stays away until the extractor changes. Raises NotFound, or Conflict when
        the run has not ended or its device cannot delete.
        """

        def work(tx: Transaction) -> tuple[Run, Reverting]:
            run = runs.get(tx, user_id, run_id)
            if not run.status.final:
                raise Conflict("the run has not ended yet; cancel it or wait for it")
            device = devices.find(tx, user_id, run.device_id)
            if device is None or "delete" not in device.capabilities:
                raise Conflict("the run's device cannot delete records (capability `delete`)")
            runs.set_reverted(tx, user_id, run_id, now=self._clock.now())
            deleting = retractions.insert_for_run(tx, user_id, run_id, now=self._clock.now())
            return run, Reverting(
                deleting=deleting, kept=retractions.count_kept(tx, user_id, run_id)
            )

        run, reverting = await self._database.write(work)
        self._outbox.journaled(user_id, run.device_id)
        self._progress.touch(user_id, run_id)
        return reverting

    async def reverted(self, user_id: str, run_id: str) -> RetractionCounts:
        """What has become of undoing the run. Raises NotFound."""

        def load(connection: Connection) -> RetractionCounts:
            runs.get(connection, user_id, run_id)
            return retractions.counts_of_run(connection, user_id, run_id)

        return await self._database.read(load)

    async def diff(self, user_id: str, before_id: str, after_id: str) -> RunDiff:
        """What the second run adds, changes and drops against the first, of the same agent.

        A record counts as dropped only when the second run read its file. Raises NotFound, or
        Conflict for runs of two agents.
        """

        def work(connection: Connection) -> RunDiff:
            before = runs.get(connection, user_id, before_id)
            after = runs.get(connection, user_id, after_id)
            if before.agent_id != after.agent_id:
                raise Conflict("only runs of the same agent can be compared")
            earlier = {each.fingerprint: each for each in _found(connection, before)}
            later = {each.fingerprint: each for each in _found(connection, after)}
            read = {file.path for file in proposals.list_files(connection, user_id, after_id)}
            read |= {each.path for each in later.values()}
            return RunDiff(
                added=tuple(later[key] for key in later if key not in earlier),
                changed=tuple(
                    (earlier[key], later[key])
                    for key in later
                    if key in earlier and earlier[key].record.data != later[key].record.data
                ),
                dropped=tuple(
                    each for key, each in earlier.items() if key not in later and each.path in read
                ),
            )

        return await self._database.read(work)


def _found(connection: Connection, run: Run) -> list[Found]:
    if run.mode is not RunMode.DRY_RUN:
        return journal.found_in_run(connection, run.user_id, run.id)
    return [
        Found(fingerprint=each.fingerprint, path=each.path, record=each.record)
        for each in proposals.list_of_run(connection, run.user_id, run.id)
    ]
