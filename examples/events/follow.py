"""Follows what happens in noond: python follow.py URL KEY [TOPIC…]"""
# ruff: noqa: S311, T201

import asyncio
import json
import random
import sys

import aiohttp


async def follow(url, key, topics, heard, after=None):
    """Give every event to `heard`, once and in order.

    A frame `gap` says that some are lost: read over HTTP how things are now.
    """
    wait = 1
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as http:
        while True:
            try:
                async with http.ws_connect(
                    f"{url}/ws/events", protocols=["noond.events.v1"]
                ) as socket:
                    subscribe = {"type": "subscribe", "topics": topics, "after": after}
                    await socket.send_json(subscribe)
                    async for message in socket:
                        frame = message.json()
                        heard(frame)  # before `after` moves on: what fails here comes again
                        if frame["type"] == "error":
                            break
                        after, wait = frame.get("to", frame.get("seq")), 1
            except aiohttp.WSServerHandshakeError as refused:
                if refused.status in (401, 403):
                    return  # revoked: a new key is needed
            except aiohttp.ClientError:
                pass  # the daemon is away
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, 60)


if __name__ == "__main__":
    url, key, *topics = sys.argv[1:]
    wanted = topics or ["runs", "devices", "deliveries"]
    asyncio.run(follow(url, key, wanted, lambda frame: print(json.dumps(frame), flush=True)))
