"""The tables conversations and conversation_messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.conversation import Conversation, ConversationMessage
from noond.store.rows import Connection, Row, Transaction, time_or_none

_HOUR_MS = 3_600_000

_FORGET_TEXTS = (
    "UPDATE agent_observability SET user_message = NULL, agent_response = NULL, agent_state = NULL,"
    " tool_result = NULL WHERE user_id = ? AND agent_run_id = ?"
)
_FORGET_TASK = (
    "DELETE FROM jobs WHERE user_id = ? AND id = ?"
    " AND status IN ('completed', 'failed', 'cancelled')"
)


def _conversation(row: Row) -> Conversation:
    return Conversation(
        id=row["id"],
        user_id=row["user_id"],
        agent_id=row["agent_id"],
        title=row["title"],
        keep_hours=row["keep_hours"],
        message_count=row["message_count"],
        tokens_used=row["tokens_used"],
        cost_usd=row["cost_usd"],
        summary=row["summary"],
        summarised_to=row["summarised_to"],
        created_at=from_ms(row["created_at"]),
        last_message_at=time_or_none(row["last_message_at"]),
        expires_at=from_ms(row["expires_at"]),
    )


def _message(row: Row) -> ConversationMessage:
    return ConversationMessage(
        id=row["id"],
        conversation_id=row["conversation_id"],
        role=row["role"],
        content=row["content"],
        task_id=row["task_id"],
        tainted=bool(row["tainted"]),
        created_at=from_ms(row["created_at"]),
    )


def insert(tx: Transaction, user_id: str, conversation: Conversation) -> None:
    """Begin a conversation that nothing was said in."""
    tx.execute(
        "INSERT INTO conversations (id, user_id, agent_id, title, keep_hours, created_at,"
        " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            conversation.id, user_id, conversation.agent_id, conversation.title,
            conversation.keep_hours, to_ms(conversation.created_at),
            to_ms(conversation.expires_at),
        ),
    )  # fmt: skip


def get(
    connection: Connection, user_id: str, conversation_id: str, *, now: datetime
) -> Conversation:
    """The user's conversation; raises NotFound, also for one that is over its time."""
    row = connection.execute(
        "SELECT * FROM conversations WHERE user_id = ? AND id = ? AND expires_at > ?",
        (user_id, conversation_id, to_ms(now)),
    ).fetchone()
    if row is None:
        raise NotFound("there is no such conversation")
    return _conversation(row)


def list_page(
    connection: Connection, user_id: str, *, now: datetime, limit: int, before: str | None
) -> list[Conversation]:
    """The user's conversations, newest first, ids below `before`."""
    rows = connection.execute(
        "SELECT * FROM conversations WHERE user_id = :user AND (:before IS NULL OR id < :before)"
        " AND expires_at > :now ORDER BY id DESC LIMIT :limit",
        {"user": user_id, "before": before, "now": to_ms(now), "limit": limit},
    )
    return [_conversation(row) for row in rows]


def update(tx: Transaction, user_id: str, conversation: Conversation) -> None:
    """Store what can be changed of a conversation: title and time."""
    tx.execute(
        "UPDATE conversations SET title = ?, keep_hours = ?, expires_at = ?"
        " WHERE user_id = ? AND id = ?",
        (
            conversation.title, conversation.keep_hours, to_ms(conversation.expires_at),
            user_id, conversation.id,
        ),
    )  # fmt: skip


def delete(tx: Transaction, user_id: str, conversation_id: str) -> bool:
    """Forget a conversation: its messages, the tasks that have ended, their interactions, and the
    texts of their calls to models. False when there was none.
    """
    tasks = [
        (user_id, row[0])
        for row in tx.execute(
            "SELECT DISTINCT task_id FROM conversation_messages JOIN conversations"
            " ON conversations.id = conversation_id WHERE user_id = ? AND conversation_id = ?",
            (user_id, conversation_id),
        )
    ]
    tx.executemany(_FORGET_TEXTS, tasks)
    tx.executemany(_FORGET_TASK, tasks)
    # Ids grow with time: no interaction of it is older than it.
    tx.execute(
        "DELETE FROM interactions WHERE user_id = ? AND id > ? AND metadata ->> 'session_id' = ?",
        (user_id, conversation_id, conversation_id),
    )
    cursor = tx.execute(
        "DELETE FROM conversations WHERE user_id = ? AND id = ?", (user_id, conversation_id)
    )
    return cursor.rowcount == 1


def delete_expired_all_users(tx: Transaction, *, now: datetime, limit: int) -> int:
    """Forget conversations whose time is over; returns how many."""
    over = tx.execute(
        "SELECT user_id, id FROM conversations WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
        (to_ms(now), limit),
    ).fetchall()
    return sum(delete(tx, row["user_id"], row["id"]) for row in over)


def say(tx: Transaction, user_id: str, message: ConversationMessage) -> None:
    """Add a message and move the conversation's end. Raises NotFound."""
    now = to_ms(message.created_at)
    moved = tx.execute(
        "UPDATE conversations SET message_count = message_count + 1, last_message_at = ?,"
        f" expires_at = max(expires_at, ? + keep_hours * {_HOUR_MS}) WHERE user_id = ? AND id = ?",
        (now, now, user_id, message.conversation_id),
    )
    if moved.rowcount == 0:
        raise NotFound("there is no such conversation")
    tx.execute(
        "INSERT INTO conversation_messages (id, conversation_id, role, content, task_id, tainted,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            message.id, message.conversation_id, message.role, message.content, message.task_id,
            message.tainted, now,
        ),
    )  # fmt: skip


def entitle(tx: Transaction, user_id: str, conversation_id: str, title: str) -> None:
    """Give a conversation a title if it has none."""
    tx.execute(
        "UPDATE conversations SET title = ? WHERE user_id = ? AND id = ? AND title IS NULL",
        (title, user_id, conversation_id),
    )


def add_up(
    tx: Transaction, user_id: str, conversation_id: str, *, tokens: int, cost_usd: float
) -> None:
    """Count what calls to a model came to."""
    tx.execute(
        "UPDATE conversations SET tokens_used = tokens_used + ?, cost_usd = cost_usd + ?"
        " WHERE user_id = ? AND id = ?",
        (tokens, cost_usd, user_id, conversation_id),
    )


def put_summary(
    tx: Transaction, user_id: str, conversation_id: str, summary: str, *, summarised_to: str
) -> None:
    """From now on the summary stands for the messages up to that one."""
    tx.execute(
        "UPDATE conversations SET summary = ?, summarised_to = ? WHERE user_id = ? AND id = ?",
        (summary, summarised_to, user_id, conversation_id),
    )


def list_messages(
    connection: Connection,
    user_id: str,
    conversation_id: str,
    *,
    limit: int,
    before: str | None = None,
    after: str | None = None,
) -> list[ConversationMessage]:
    """Messages of the user's conversation, newest first, ids below `before` and above `after`."""
    rows = connection.execute(
        "SELECT message.* FROM conversations JOIN conversation_messages AS message"
        "   ON message.conversation_id = conversations.id"
        " WHERE conversations.user_id = :user AND conversations.id = :id"
        "   AND (:before IS NULL OR message.id < :before)"
        "   AND (:after IS NULL OR message.id > :after)"
        " ORDER BY message.id DESC LIMIT :limit",
        {
            "user": user_id,
            "id": conversation_id,
            "before": before,
            "after": after,
            "limit": limit,
        },
    )
    return [_message(row) for row in rows]


def end_of(moment: datetime, keep_hours: int) -> datetime:
    """When a conversation is over that is kept so long after this moment."""
    return moment + timedelta(hours=keep_hours)
