"""Replies of applications, as a connection would take them."""

import asyncio

from lockgate.webhook.app.http_application import Later, Reply
from lockgate.webhook.serving.answer import HttpAnswer


async def answer_of(reply: Reply) -> HttpAnswer:
    """The answer, once it is there."""
    if isinstance(reply, HttpAnswer):
        return reply
    if isinstance(reply, Later):
        answered: asyncio.Future[HttpAnswer] = asyncio.get_running_loop().create_future()
        reply.then(answered.set_result)
        return await answered
    return await reply
