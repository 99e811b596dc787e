"""Reference: the least that an asyncio FastAGI server can do. Reads the environment, sets one variable, closes."""

import asyncio
import sys


class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.asked = transport, b"", False

    def data_received(self, data):
        self.buffer += data
        if not self.asked and b"\n\n" in self.buffer:
            self.asked, self.buffer = True, b""
            self.transport.write(b'SET VARIABLE ANSWER "ALLOW"\n')
        elif self.asked and b"\n" in self.buffer:
            self.transport.close()


async def main(port):
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
