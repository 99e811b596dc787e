"""Reference: panoramisk's fast_agi, one command, no list."""

import asyncio
import sys
import warnings

warnings.simplefilter("ignore")
from panoramisk import fast_agi  # noqa: E402


async def check(request):
    await request.send_command('SET VARIABLE ANSWER "ALLOW"')


async def main(port):
    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("outbound", check)
    server = await asyncio.start_server(application.handler, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
