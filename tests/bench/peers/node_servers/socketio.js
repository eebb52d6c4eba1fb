// A chat of rooms on Socket.IO. Arguments: port, backlog, and the adapter (`redis` or `streams`).
import { createServer } from "node:http";

import { createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const [port, backlog, kind] = process.argv.slice(2);
const redis = new Redis(process.env.PEER_REDIS_URL);

// Recovery of missed messages is what the streams adapter exists for; the other one cannot do it.
const options =
  kind === "streams"
    ? { adapter: createStreamsAdapter(redis), connectionStateRecovery: {} }
    : { adapter: createShardedAdapter(redis, redis.duplicate()) };

const httpServer = createServer();
const io = new Server(httpServer, { ...options, transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  socket.conn.request = null; // as its page on memory usage has it: nobody needs it any more
  socket.join(room);
  socket.on("message", (event, acknowledge) => {
    io.to(room).emit("message", event);
    acknowledge(true);
  });
});

httpServer.listen({ port: Number(port), host: "127.0.0.1", backlog: Number(backlog) });
process.on("SIGTERM", () => process.exit(0));
