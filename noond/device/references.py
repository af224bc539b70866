"""What a run's records may refer to: the device's projects and open tasks."""

from __future__ import annotations

from noond.device.store import DeviceStore
from noond.hub.frames import AgentContext, ContextProject, ContextTask

_LONGEST_TITLE = 1000
_MOST_PROJECTS = 500
_MOST_TASKS = 1000


async def read_context(store: DeviceStore, run_id: str, *, limit: int) -> AgentContext:
    """The projects and open tasks, the newest first, as many as `limit` bytes of frame hold."""
    projects = await store.read(
        "SELECT id, name FROM projects ORDER BY createdAt DESC, id LIMIT ?", (_MOST_PROJECTS,)
    )
    tasks = await store.read(
        "SELECT id, title, projectId FROM tasks WHERE status <> 'done'"
        " ORDER BY createdAt DESC, id DESC LIMIT ?",
        (_MOST_TASKS,),
    )
    context = AgentContext(
        run_id=run_id,
        projects=[
            ContextProject(id=row["id"], name=row["name"][:_LONGEST_TITLE]) for row in projects
        ],
        tasks=[
            ContextTask(
                id=row["id"], title=row["title"][:_LONGEST_TITLE], projectId=row["projectId"]
            )
            for row in tasks
        ],
    )
    while len(context.encode().encode()) > limit and (context.tasks or context.projects):
        shorter = "tasks" if context.tasks else "projects"
        kept = getattr(context, shorter)
        context = context.model_copy(update={shorter: kept[: len(kept) // 2]})
    return context
