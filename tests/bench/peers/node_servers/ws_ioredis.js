// A relay of rooms on `ws`: what a client sends, all in its room get. Arguments: port, backlog.
import { createServer } from "node:http";

import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

const PREFIX = "room:";
const [port, backlog] = process.argv.slice(2);
const publisher = new Redis(process.env.PEER_REDIS_URL, { enableAutoPipelining: true });
const subscriber = publisher.duplicate({ enableAutoPipelining: false });
const socketsOf = new Map();

async function join(channel, socket) {
  const sockets = socketsOf.get(channel);
  if (sockets) {
    sockets.add(socket);
    await sockets.subscribed;
    return;
  }
  const first = new Set([socket]);
  socketsOf.set(channel, first);
  first.subscribed = subscriber.subscribe(channel);
  await first.subscribed;
}

function leave(channel, socket) {
  const sockets = socketsOf.get(channel);
  sockets.delete(socket);
  if (sockets.size === 0) {
    socketsOf.delete(channel);
    subscriber.unsubscribe(channel);
  }
}

subscriber.on("messageBuffer", (channel, message) => {
  for (const socket of socketsOf.get(channel.toString()) ?? []) {
    if (socket.readyState === socket.OPEN) socket.send(message, { binary: false });
  }
});

const httpServer = createServer();
const webSockets = new WebSocketServer({ server: httpServer });

webSockets.on("connection", async (socket, request) => {
  const channel = PREFIX + request.url.split("/").at(-1);
  socket.on("message", (message) => publisher.publish(channel, message));
  socket.on("close", () => leave(channel, socket));
  await join(channel, socket);
  socket.send('{"type":"welcome"}');
});

httpServer.listen({ port: Number(port), host: "127.0.0.1", backlog: Number(backlog) });
process.on("SIGTERM", () => process.exit(0));
