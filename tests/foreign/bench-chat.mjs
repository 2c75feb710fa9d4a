// Messages a second through Socket.IO from one sender to RECEIVERS listeners in the family chat, as one JSON line.
// node bench-chat.mjs [RECEIVERS=50] [MESSAGES=500] — not part of `make test`; set ZVONILKA_TEST_BINARY to a release build.
import fs from "node:fs/promises";
import { Server } from "../support/server.mjs";
import { Device } from "./client.mjs";

const [receivers = 50, messages = 500] = process.argv.slice(2).map(Number);
/** How many messages the sender lets be unconfirmed: enough to keep the server busy, less than a session's queue. */
const WINDOW = 32;

const server = await Server.start();
try {
  const people = [];
  for (let n = 0; n <= receivers; n++) people.push(await server.person(`person${n}`, "p".repeat(6) + n));
  const [family] = await server.ok("GET", "/chats", { token: people[0].token });
  const [sender, ...listeners] = await Promise.all(people.map((person) => Device.connect(server, person)));
  await Promise.all([sender, ...listeners].map((device) => device.settle()));

  let delivered = 0;
  const delays = [];
  const expected = messages * receivers;
  const all = new Promise((done) => {
    for (const { socket } of listeners) {
      socket.offAny();
      socket.on("messageReceived", ({ content }) => {
        delays.push(performance.now() - Number(content));
        if (++delivered === expected) done();
      });
    }
  });
  sender.socket.offAny();
  let sent = 0;
  const send = () => {
    if (sent++ < messages) sender.emit("sendMessage", { chatId: family.id, content: String(performance.now()) });
  };
  sender.socket.on("messageSent", send);

  const cpuBefore = await cpuSeconds(server.process.pid);
  const from = performance.now();
  for (let n = 0; n < WINDOW; n++) send();
  const late = new Promise((_, fail) => {
    setTimeout(() => fail(new Error(`${delivered} of ${expected} arrived`)), 120_000).unref();
  });
  await Promise.race([all, late]);
  const seconds = (performance.now() - from) / 1000;
  delays.sort((a, b) => a - b);
  const at = (share) => Math.round(delays[Math.floor((delays.length - 1) * share)]);
  console.log(JSON.stringify({
    receivers, messages, seconds: round(seconds), messagesPerSecond: Math.round(messages / seconds),
    deliveriesPerSecond: Math.round(expected / seconds), delayMs: { p50: at(0.5), p99: at(0.99) },
    serverCpuSeconds: round((await cpuSeconds(server.process.pid)) - cpuBefore),
    serverMemoryMiB: round((await memoryKib(server.process.pid)) / 1024),
  }));
  for (const device of [sender, ...listeners]) device.close();
} finally {
  await server.stop();
}

async function cpuSeconds(pid) {
  const fields = (await fs.readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function memoryKib(pid) {
  return Number((await fs.readFile(`/proc/${pid}/status`, "utf8")).match(/VmRSS:\s+(\d+)/)[1]);
}

function round(value) {
  return Math.round(value * 100) / 100;
}
